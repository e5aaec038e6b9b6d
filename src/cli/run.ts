import { systemClock } from '../domain/clock.ts'
import { shardName } from '../domain/shard.ts'
import type { LostRun } from '../recovery.ts'
import { newRunId } from '../run-id.ts'
import { runJob } from '../run-job.ts'
import { shardOf } from '../selection.ts'
import type { RunSummary } from '../summary.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { estimateText } from './estimate-text.ts'
import { nothingFound } from './nothing-found.ts'
import { openInThreadFor } from './open-warehouse.ts'
import { formatInstant, LEAVES_EARLIER } from './output.ts'
import type { RunFlags } from './run-flags.ts'
import { RunMonitor } from './run-monitor.ts'
import { showProgress } from './run-progress.ts'
import { RunReport } from './run-report.ts'
import { onStopSignal } from './stop-signal.ts'
import { formatSummary } from './summary-text.ts'

/** Adjust takes events without a token only until S2S security is switched on in its dashboard. */
const NO_TOKEN =
  'no authentication token is set (ADJUST_S2S_TOKEN): Adjust answers 202 or 401, and the run stops at the first of them'

/** One run over the window: sends what is due and prints what became of it. */
export const runCommand: RunCommand<'run'> = async (flags, context) => {
  const { signal, release } = onStopSignal((text) => context.stderr.write(`${text}\n`))
  const monitor = await RunMonitor.begin(flags, context, signal)
  const { exit_code: exitCode } = await monitor
    .attend(() => run(flags, context, { signal, monitor }))
    // Until the very end: a signal that comes while the warehouse is closed or somebody is told must not end the process by itself.
    .finally(release)
  return exitCode
}

interface Attendance {
  signal: AbortSignal
  monitor: RunMonitor
}

async function run(
  flags: RunFlags,
  context: CommandContext,
  { signal, monitor }: Attendance,
): Promise<RunSummary> {
  const shard = shardOf(flags)
  const report = await RunReport.prepare(flags.report, shard)
  const config = await context.loadConfig()
  const log = await context.createLog(config)
  const runId = newRunId(systemClock.now(), shard)
  await monitor.configured(config, runId, log)
  const opened = await openInThreadFor('run', config, context, {
    tempDirectory: config.stateDir,
    hurry: signal,
    labels: { run_id: runId, shard: shardName(shard) },
  })
  const { warehouse, ends } = monitor.watch(opened)
  const progress = showProgress(context, log)
  let failure: unknown = null
  try {
    const summary = await runJob({
      ...monitor.hooks,
      config,
      warehouse,
      ends,
      runId,
      selection: flags,
      maxRejected: flags.maxRejected,
      command: ['adjust-s2s', ...process.argv.slice(2)].join(' '),
      signal,
      onStart: ({ window, recovered, lost, leavesEarlier, estimate }) => {
        report.begun(runId)
        const [from, to] = [formatInstant(window.fromMs), formatInstant(window.toMs)]
        const { url, environment } = config.adjust
        log.info({ runId, from, to }, `run ${runId} covers ${from} up to ${to}; to ${url} as ${environment}`)
        const reads = estimateText(estimate, config)
        if (reads !== null) log.info({ bytes: estimate.bytes }, reads)
        if (config.secrets.isEmpty && url.startsWith('https:')) log.warn(NO_TOKEN)
        if (leavesEarlier) log.warn(LEAVES_EARLIER)
        if (recovered.length > 0) log.warn({ recovered: recovered.length }, recoveredText(recovered))
        for (const run of lost)
          log.warn({ lostRun: run.runId, inDoubt: run.inDoubt }, lostText(run, config.stateDir))
      },
      onLeaseLost: (why) => {
        monitor.hooks.onLeaseLost(why)
        log.warn(`the lease is lost: ${why}. Nothing new is sent; what is under way is settled.`)
      },
      onProgress: (ask) => {
        monitor.hooks.onProgress(ask)
        progress.follow(ask)
      },
    })
    progress.stop()
    context.stdout.write(
      context.flags.json ? `${JSON.stringify(summary)}\n` : formatSummary(summary, context),
    )
    const nothing = nothingFound(flags, summary.counts.read)
    if (nothing !== null) log.warn(nothing)
    return summary
  } catch (error) {
    failure = error
    throw error
  } finally {
    progress.stop()
    await report.write(config, opened, log, failure, signal)
    await monitor.look(warehouse)
    await warehouse.close()
  }
}

function recoveredText(rows: readonly { status: string }[]): string {
  const inDoubt = rows.filter(({ status }) => status === 'in_doubt').length
  return `an earlier run ended early: its journal held ${rows.length} outcomes, which are written now; ${inDoubt} of them are in doubt`
}

function lostText(
  { runId, startedAtMs, fromMicros, claimedToMicros, inDoubt }: LostRun,
  stateDir: string,
): string {
  const [from, to] = [formatInstant(fromMicros / 1000), formatInstant(claimedToMicros / 1000)]
  return (
    `run ${runId} of ${formatInstant(startedAtMs)} ended early, and its journal is not in ${stateDir}: of the events from ${from} to ${to}, ` +
    `${inDoubt} may have been sent and are in doubt (journal_lost). Keep state_dir on a volume that survives the process.`
  )
}
