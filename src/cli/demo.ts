import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, loadConfig } from '../config.ts'
import { type Clock, systemClock } from '../domain/clock.ts'
import { TerminalError } from '../domain/errors.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { machineAt } from '../machine.ts'
import { newRunId } from '../run-id.ts'
import { runJob } from '../run-job.ts'
import { loadScenario } from '../simulator/simulator.ts'
import { SimulatorThread } from '../simulator/thread.ts'
import type { RunSummary } from '../summary.ts'
import { loadDuckdb } from '../warehouse/load-duckdb.ts'
import { openWarehouse } from '../warehouse/open-warehouse.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { colour, formatCount, paragraph } from './output.ts'
import { showProgress } from './run-progress.ts'
import { onStopSignal } from './stop-signal.ts'
import { formatSummary } from './summary-text.ts'

const SAMPLE = fileURLToPath(new URL('../../examples/sample/', import.meta.url))
const FOLDER = '.demo'
const SEED = 1
/** A little more than `in_doubt_hold_hours`, so that what was in doubt yesterday is decided today. */
const DAY_AGO_MS = 25 * 3_600_000
const yesterday: Clock = { ...systemClock, now: () => systemClock.now() - DAY_AGO_MS }

/**
 * The main job on a sample: builds a warehouse, starts a simulated Adjust, and delivers, once as of yesterday and once as of now, for some
 * outcomes need a past. Run again, it finds everything settled.
 */
export const runCommand: RunCommand<'demo'> = async (_flags, context) => {
  const say = (text: string) => {
    if (context.flags.quiet || context.flags.json) return
    context.stdout.write(`${paragraph(text, { columns: context.stdout.columns })}\n`)
  }
  // Before anything is made: an image may be without it.
  await importDuckdb()
  const { world, faults } = await loadScenario(join(SAMPLE, 'scenario.yaml'))
  const simulator = await SimulatorThread.start({ port: 0, seed: SEED, world, faults })
  const { signal, release } = onStopSignal((text) => context.stderr.write(`${text}\n`))
  try {
    const isNew = !existsSync(join(FOLDER, 'warehouse.duckdb'))
    if (isNew) await buildSample()
    const config = await configFor(simulator)
    say(
      colour(
        'bold',
        `A shop's purchases are in ${FOLDER}/warehouse.duckdb; ${simulator.url} plays Adjust`,
        context.stdout,
      ),
    )
    if (isNew) {
      await createTables(config)
      say(`\nYesterday's run: ${oneLine(await deliver(config, context, yesterday, signal))}`)
      if (signal.aborted) return ExitCode.tryAgain
      await aSecond()
      await execute('today.sql')
      say("Since then 209 rows reached the warehouse, two of them late. Today's run:\n")
      await simulator.setFaults(faults)
    } else say(`The sample is there already, so there is little left to send. rm -r ${FOLDER} starts over.\n`)
    const summary = await deliver(config, context, systemClock, signal)
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify(summary)}\n`
        : formatSummary(summary, {
            ...context,
            flags: { ...context.flags, config: `${FOLDER}/adjust-s2s.yaml` },
          }),
    )
    await showTruth(simulator, say)
    return summary.exit_code
  } finally {
    await simulator.close().finally(release)
  }
}

/** The runs are a day apart by their own clocks, and by Adjust's a moment: it would see the last of one and the first of the other in one second. */
const aSecond = () => new Promise<void>((resolve) => systemClock.after(1_100, resolve))

async function buildSample(): Promise<void> {
  await mkdir(FOLDER, { recursive: true }).catch((cause: Error) => {
    throw new TerminalError(`The folder ${FOLDER} for the sample cannot be made here: ${cause.message}`, {
      cause,
      hint: 'Go to a folder that you may write, and start it there.',
    })
  })
  // A journal without its warehouse tells of requests of an older sample.
  await rm(join(FOLDER, 'state'), { recursive: true, force: true })
  for (const file of ['adjust-s2s.yaml', 'transactions.sql', 'scenario.yaml'])
    await copyFile(join(SAMPLE, file), join(FOLDER, file))
  await execute('purchases.sql')
}

const importDuckdb = () => loadDuckdb(() => import('@duckdb/node-api'))

/** The shop's own tables are not ours, so they are made by its own SQL and not through the warehouse's interface. */
async function execute(file: string): Promise<void> {
  const { DuckDBInstance } = await importDuckdb()
  const instance = await DuckDBInstance.create(join(FOLDER, 'warehouse.duckdb'))
  const connection = await instance.connect()
  try {
    await connection.run(await readFile(join(SAMPLE, file), 'utf8'))
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

function configFor(simulator: SimulatorThread): Promise<Config> {
  return loadConfig({ path: join(FOLDER, 'adjust-s2s.yaml'), env: { ADJUST_S2S_ADJUST_URL: simulator.url } })
}

async function createTables(config: Config): Promise<void> {
  const warehouse = await openWarehouse(config, { create: true })
  await warehouse.createTables().finally(() => warehouse.close())
}

async function deliver(
  config: Config,
  context: CommandContext,
  clock: Clock,
  signal: AbortSignal,
): Promise<RunSummary> {
  const warehouse = await openWarehouse(config)
  const progress = showProgress(context, await context.createLog(config))
  try {
    return await runJob({
      config,
      warehouse,
      machine: machineAt(clock),
      signal,
      runId: newRunId(clock.now()),
      selection: { from: null, to: null, app: null, event: null, limit: null, resend: 'none' },
      maxRejected: null,
      command: 'adjust-s2s demo',
      onProgress: progress.follow,
    })
  } finally {
    progress.stop()
    await warehouse.close()
  }
}

function oneLine({ counts }: RunSummary): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  return parts.map(([status, count]) => `${formatCount(count)} ${status.replace('_', ' ')}`).join(', ')
}

/** The other side's own log: the promise is checked against it, not against what we believe to have sent. */
async function showTruth(simulator: SimulatorThread, say: (text: string) => void): Promise<void> {
  const { requests, counted, countedTwice, outOfOrder, busiestSecond } = await simulator.summary()
  say('')
  say(
    `Adjust's side: ${formatCount(requests)} requests, ${formatCount(counted)} counted, ${countedTwice.length} twice, ` +
      `${outOfOrder.length} out of order, at most ${busiestSecond?.requests ?? 0} in any second.`,
  )
  const config = `--config ${FOLDER}/adjust-s2s.yaml`
  say(`Look around: npx adjust-s2s status ${config}`)
  say(`             npx adjust-s2s explain unlucky-2 ${config}`)
  say(`             npx adjust-s2s report ${config}`)
}
