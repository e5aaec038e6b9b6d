import { systemRandom } from '../domain/clock.ts'
import { ExitCode } from '../domain/exit-code.ts'
import type { TruthSummary } from '../simulator/truth-summary.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { colour, formatCount, formatTable, oneLine } from './output.ts'

/**
 * Plays Adjust until SIGINT or SIGTERM, then sums up what arrived.
 * With `--json`: one line with `url` and `seed` at the start, one with the summary at the end.
 */
export const runCommand: RunCommand<'simulate'> = async ({ port, seed, faults }, context) => {
  const { loadScenario, startSimulator } = await import('../simulator/simulator.ts')
  const scenario = faults === null ? { world: {}, faults: {} } : await loadScenario(faults)
  const drawnSeed = seed ?? Math.floor(systemRandom() * 2 ** 32)
  // Asked for before the address is printed: who reads it may stop us right after.
  const stopped = untilStopped()
  const simulator = await startSimulator({ port, seed: drawnSeed, ...scenario })
  announce(simulator.url, drawnSeed, context)
  await stopped
  showSummary(simulator.summary(), context)
  await simulator.close()
  return ExitCode.ok
}

/** A second signal finds no listener any more, and ends the process at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}

function announce(url: string, seed: number, { stdout, stderr, flags }: CommandContext): void {
  if (flags.json) {
    stdout.write(`${JSON.stringify({ url, seed })}\n`)
    return
  }
  stdout.write(`${colour('bold', url, stdout)} plays Adjust, seed ${seed}\n`)
  if (flags.quiet) return
  stderr.write(
    `Send to it with ADJUST_S2S_ADJUST_URL=${url}; what arrived is at ${url}/__truth. Ctrl-C stops it.\n`,
  )
}

function showSummary(summary: TruthSummary, { stdout, flags }: CommandContext): void {
  if (flags.json) {
    stdout.write(`${JSON.stringify(summaryJson(summary))}\n`)
    return
  }
  const { requests, counted, countedTwice, outOfOrder, busiestSecond } = summary
  const rows = summary.answers.map(({ status, message, count }) => [
    count,
    String(status ?? '–'),
    oneLine(message ?? 'no answer'),
  ])
  stdout.write(`\n${formatCount(requests)} requests, ${formatCount(counted)} of them counted\n`)
  if (rows.length > 0) stdout.write(`${formatTable(rows, { indent: 2 })}\n`)
  if (busiestSecond) stdout.write(`Busiest second: ${formatCount(busiestSecond.requests)} requests\n`)
  warn(countedTwice.length, 'transactions counted more than once', stdout)
  warn(outOfOrder.length, 'events counted out of order', stdout)
}

/** In the spelling of every other command; the endpoint /__truth has its own. */
function summaryJson(summary: TruthSummary) {
  const { requests, counted, countedTwice, outOfOrder, busiestSecond, answers, faults, violations } = summary
  const busiest = busiestSecond && {
    from: new Date(busiestSecond.startMs).toISOString(),
    requests: busiestSecond.requests,
  }
  return {
    ...{ requests, counted, counted_twice: countedTwice, out_of_order: outOfOrder },
    ...{ busiest_second: busiest, answers, faults, violations, exit_code: ExitCode.ok },
  }
}

function warn(count: number, what: string, stdout: NodeJS.WriteStream): void {
  if (count > 0) stdout.write(`${colour('red', `${formatCount(count)} ${what}`, stdout)}\n`)
}
