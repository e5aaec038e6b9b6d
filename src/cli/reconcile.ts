import { systemClock } from '../domain/clock.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { openFiles } from '../export/export-files.ts'
import { openTable } from '../export/export-table.ts'
import { type Reconciliation, reconcileJob } from '../reconcile-job.ts'
import { newRunId } from '../run-id.ts'
import type { RunCommand } from './command.ts'
import { openFor } from './open-warehouse.ts'
import { reconciliationJson } from './reconcile-json.ts'
import { formatReconciliation } from './reconcile-text.ts'
import { onStopSignal } from './stop-signal.ts'

/** Holds the audit table against Adjust's raw data export: settles what is in doubt, and measures what was lost or counted twice. */
export const runCommand: RunCommand<'reconcile'> = async (flags, context) => {
  const { signal, release } = onStopSignal(() => context.stderr.write('stopping: what is written stays\n'))
  const config = await context.loadConfig()
  const log = await context.createLog(config)
  const runId = newRunId(systemClock.now())
  const warehouse = await openFor('reconcile', config, context, {
    tempDirectory: config.stateDir,
    hurry: signal,
    labels: { run_id: runId },
    readOnly: flags.dryRun,
  })
  try {
    const reader =
      flags.table === null
        ? await openFiles(flags.files, flags.columns, process.stdin)
        : await openTable(warehouse, flags.table, flags.columns, signal)
    const { from, to, dryRun } = flags
    const reconciliation = await reconcileJob({
      ...{ config, warehouse, runId, export: reader },
      ...{ from, to, dryRun, signal },
    })
    for (const run of reconciliation.unfinishedRuns)
      log.warn(
        { unfinishedRun: run },
        `run ${run} ended early: what it had in flight is not in the audit table until the next run, so it is not looked for`,
      )
    const exitCode = exitCodeOf(reconciliation)
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify(reconciliationJson(reconciliation, exitCode))}\n`
        : formatReconciliation(reconciliation, context),
    )
    return exitCode
  } finally {
    await warehouse.close().finally(release)
  }
}

/** 3 as after a run that has more rejected than is allowed: it did its work, and somebody should look at the result. */
function exitCodeOf({ quality }: Reconciliation): ExitCode {
  const isClean = quality.missing.count === 0 && quality.duplicated.count === 0
  return isClean ? ExitCode.ok : ExitCode.tooManyRejected
}
