import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { systemRandom } from '../domain/clock.ts'
import { TerminalError } from '../domain/errors.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { findCronJob, manifestYaml } from '../kubernetes/manifest.ts'
import { rerunJob } from '../kubernetes/rerun-job.ts'
import { VERSION } from '../version.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { adviceLines } from './job-manifest-advice.ts'

const PIPE = 'kubectl get cronjob adjust-s2s -o yaml | npx adjust-s2s job-manifest --from … --to …'

/** Prints a Job that runs the CronJob's template over a window. Reads no configuration and asks no cluster. */
export const runCommand: RunCommand<'job-manifest'> = async (flags, context) => {
  refuseConfig(context)
  const { cronjobFile, given, from, to, deadlineSeconds } = flags
  const origin = cronjobFile ?? 'Standard input'
  const cronJob = findCronJob(await (cronjobFile === null ? readInput() : readManifest(cronjobFile)), origin)
  const job = rerunJob(cronJob, {
    flags: given,
    from,
    to,
    deadlineSeconds,
    madeBy: `adjust-s2s ${VERSION} job-manifest`,
    random: systemRandom,
  })
  context.stdout.write(context.flags.json ? `${JSON.stringify(job.manifest)}\n` : manifestYaml(job.manifest))
  if (!context.flags.quiet)
    for (const line of adviceLines(job, { cronJob, deadlineSeconds })) context.stderr.write(`${line}\n`)
  return ExitCode.ok
}

function refuseConfig({ flags: { config } }: CommandContext): void {
  if (config === undefined) return
  throw new TerminalError(`--config ${config}: job-manifest reads no configuration.`, {
    hint: 'Leave it out: the Job reads the one that the CronJob names.',
  })
}

async function readInput(): Promise<string> {
  if (!process.stdin.isTTY) return readAll(process.stdin)
  throw new TerminalError('Nothing is piped in, and --cronjob-file names no file: which CronJob?', {
    hint: PIPE,
  })
}

async function readManifest(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new TerminalError(`--cronjob-file ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: `Or pipe it in: ${PIPE}`,
    })
  }
}
