import type { ExitCode } from '../domain/exit-code.ts'
import { runJob } from '../run-job.ts'
import { openWarehouse } from '../warehouse/open-warehouse.ts'
import type { RunCommand } from './command.ts'
import { formatInstant, LEAVES_EARLIER } from './output.ts'
import { showProgress } from './run-progress.ts'
import { refuseShards } from './shard.ts'
import { onStopSignal } from './stop-signal.ts'
import { formatSummary } from './summary-text.ts'

/** One run over the window: sends what is due and prints what became of it. */
export const runCommand: RunCommand<'run'> = async (flags, context) => {
  refuseShards(flags.shard)
  const { signal, release } = onStopSignal((text) => context.stderr.write(`${text}\n`))
  const config = await context.loadConfig()
  const log = await context.createLog(config)
  const warehouse = await openWarehouse(config.warehouse, { tempDirectory: config.stateDir })
  const progress = showProgress(context, log)
  try {
    const summary = await runJob({
      config,
      warehouse,
      selection: flags,
      maxRejected: flags.maxRejected,
      command: ['adjust-s2s', ...process.argv.slice(2)].join(' '),
      signal,
      onStart: ({ runId, window, recovered, leavesEarlier }) => {
        const [from, to] = [formatInstant(window.fromMs), formatInstant(window.toMs)]
        log.info({ runId, from, to }, `run ${runId} covers ${from} up to ${to}`)
        if (leavesEarlier) log.warn(LEAVES_EARLIER)
        if (recovered.length > 0) log.warn({ recovered: recovered.length }, recoveredText(recovered))
      },
      onProgress: progress.follow,
    })
    progress.stop()
    context.stdout.write(
      context.flags.json ? `${JSON.stringify(summary)}\n` : formatSummary(summary, context),
    )
    return summary.exit_code satisfies ExitCode
  } finally {
    progress.stop()
    release()
    await warehouse.close()
  }
}

function recoveredText(rows: readonly { status: string }[]): string {
  const inDoubt = rows.filter(({ status }) => status === 'in_doubt').length
  return `an earlier run ended early: its journal held ${rows.length} outcomes, which are written now; ${inDoubt} of them are in doubt`
}
