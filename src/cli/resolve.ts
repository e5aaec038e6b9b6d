import type { Config } from '../config.ts'
import { systemClock } from '../domain/clock.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { type Resolved, type ResolveJob, resolveJob } from '../resolve-job.ts'
import { newRunId } from '../run-id.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { openFor } from './open-warehouse.ts'
import { readClaims } from './resolve-file.ts'
import type { ResolveFlags } from './resolve-flags.ts'
import { resolvedJson } from './resolve-json.ts'
import { changesOf, resolvedText } from './resolve-text.ts'
import { confirmCommand, warningLines } from './resolve-warnings.ts'
import { onStopSignal } from './stop-signal.ts'

/** Writes what a person says became of events in doubt, or shows what it would write. */
export const runCommand: RunCommand<'resolve'> = async (flags, context) => {
  const config = await context.loadConfig()
  const claims = await claimsOf(flags)
  const runId = newRunId(systemClock.now())
  const write = writeOf(flags)
  const { signal, release } = onStopSignal(() => context.stderr.write('stopping: what is written stays\n'))
  const warehouse = await openFor('resolve', config, context, {
    readOnly: write === false,
    tempDirectory: config.stateDir,
    hurry: signal,
    labels: { run_id: runId },
  })
  try {
    const resolved = await resolveJob({ config, warehouse, runId, claims, by: flags.by, write, signal })
    return show(resolved, flags, config, context)
  } finally {
    await warehouse.close().finally(release)
  }
}

async function claimsOf({ target, verdict, why }: ResolveFlags): Promise<ResolveJob['claims']> {
  if ('file' in target) return readClaims(target.file, { verdict, why })
  const said = { verdict: verdict!, why: why! }
  if ('runId' in target) return { runId: target.runId, ...said }
  return target.ids.map((transactionId) => ({ transactionId, ...said }))
}

/** Events that are named one by one need no further word; a mass change needs their number. */
function writeOf({ target, dryRun, confirm }: ResolveFlags): ResolveJob['write'] {
  if (dryRun) return false
  if ('ids' in target) return { expectedChanges: null }
  return confirm === null ? false : { expectedChanges: confirm }
}

function show(resolved: Resolved, flags: ResolveFlags, config: Config, context: CommandContext): ExitCode {
  const { stdout, stderr } = context
  const needsConfirm = !resolved.isWritten && !flags.dryRun && changesOf(resolved).length > 0
  const command = needsConfirm ? confirmCommand(resolved, flags, context.flags.config) : null
  const exitCode = exitCodeOf(resolved, flags, needsConfirm)
  const details = { flags, maxAgeDays: config.delivery.maxAgeDays, command, exitCode }
  stdout.write(
    context.flags.json
      ? `${JSON.stringify(resolvedJson(resolved, details))}\n`
      : resolvedText(resolved, details, stdout),
  )
  for (const line of warningLines(resolved, details, stderr)) stderr.write(`${line}\n`)
  return exitCode
}

/** 2 where somebody has to look: nothing found, an id refused, or the number not confirmed. A mere look at a mass change is none of it. */
function exitCodeOf({ judgements }: Resolved, flags: ResolveFlags, needsConfirm: boolean): ExitCode {
  const isRefused = judgements.some(({ kind }) => kind === 'refused')
  const isNothing = judgements.length === 0
  return needsConfirm || isNothing || (isRefused && !flags.dryRun) ? ExitCode.usage : ExitCode.ok
}
