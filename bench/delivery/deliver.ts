import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { CommandContext } from '../../src/cli/command.ts'
import { parseRunFlags } from '../../src/cli/run-flags.ts'
import { loadConfig } from '../../src/config.ts'
import { systemClock } from '../../src/domain/clock.ts'
import type { RunSummary } from '../../src/summary.ts'
import type { Prepare } from '../frame/benchmark.ts'
import { temporaryFolder } from '../frame/folder.ts'
import { auditedRows } from './audited.ts'
import { type PurchasesFile, SOURCE } from './purchases.ts'
import { type Sink, sinkStatistics } from './sink.ts'

export interface DeliverOptions {
  /** As fast as it goes, unless it is given. */
  requestsPerSecond?: number
  concurrency?: number
  /** A run that finds nothing to send. */
  isIdle?: boolean
  /** The sink is that of `node-sink.ts`, and what it saw belongs to the result. */
  counts?: boolean
}

/** `adjust-s2s run` as the command line calls it, on a copy of the file that `init` has been run on. */
export function deliver(options: DeliverOptions): Prepare {
  return async (rows, fixtures) => {
    const [purchases, sink] = fixtures as [PurchasesFile, Sink]
    const folder = prepareFolder(purchases, sink, options)
    const { runCommand } = await import('../../src/cli/run.ts')
    const output = new Output()
    const expected = options.isIdle ? 0 : rows
    return {
      async work() {
        await runCommand(parseRunFlags({}), contextFor(folder, output))
        const { counts, stopped } = JSON.parse(output.text) as RunSummary
        if (counts.read !== expected || counts.delivered !== expected)
          throw new Error(
            `of ${expected} rows ${counts.read} were read, ${counts.delivered} delivered (${stopped})`,
          )
        return rows
      },
      async figures() {
        const audited = await auditedRows(join(folder, 'warehouse.duckdb'))
        if (audited.delivered !== expected)
          throw new Error(`the audit table has ${audited.delivered} of ${rows}`)
        return {
          sendingSeconds: audited.sendingSeconds,
          ...(options.counts ? await sinkStatistics(sink) : {}),
        }
      },
      async close() {},
    }
  }
}

function prepareFolder({ path }: PurchasesFile, sink: Sink, options: DeliverOptions): string {
  const folder = temporaryFolder()
  const { requestsPerSecond = 100_000, concurrency = 64, isIdle = false } = options
  copyFileSync(path, join(folder, 'warehouse.duckdb'))
  writeFileSync(join(folder, 'transactions.sql'), isIdle ? `${SOURCE} WHERE false` : SOURCE)
  writeFileSync(
    join(folder, 'adjust-s2s.yaml'),
    `warehouse: { type: duckdb, path: warehouse.duckdb }
source: transactions.sql
adjust: { url: '${sink.url}' }
delivery: { requests_per_second: ${requestsPerSecond}, concurrency: ${concurrency}, settle_minutes: 0 }
`,
  )
  return folder
}

/** As `src/main.ts` makes it for `--config FILE --json --quiet --no-input`, but for the environment. */
function contextFor(folder: string, output: Output): CommandContext {
  const path = join(folder, 'adjust-s2s.yaml')
  const { stderr } = process
  return {
    flags: { config: path, json: true, quiet: true, input: false },
    stdout: output as Writable as NodeJS.WriteStream,
    stderr,
    loadConfig: () => loadConfig({ path, env: { ADJUST_S2S_TOKEN: 'bench' } }),
    async createLog() {
      const { createLog } = await import('../../src/log.ts')
      return createLog({ level: 'warn', clock: systemClock, stream: stderr, pretty: false })
    },
  }
}

class Output extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}
