import type { Command } from 'commander'
import { KNOWN_FLAGS } from '../../kubernetes/rerun-words.ts'
import type { JobManifestFlagTexts } from '../job-manifest-flags.ts'
import { type Execute, globalFlags } from './execute.ts'
import { addDetails, type HelpDetails } from './help-text.ts'

const DETAILS: HelpDetails = {
  examples: [
    [
      'job-manifest --from 2026-02-01 --to 2026-03-01 --cronjob-file cronjob.yaml > job.yaml',
      'a month again, from what kubectl get cronjob adjust-s2s -o yaml has printed',
    ],
    [
      'job-manifest --resend failed --cronjob-file cron.yaml',
      'what was rejected or invalid, once it is mended',
    ],
  ],
  notes: `
In one line:
  kubectl get cronjob adjust-s2s -o yaml |
    adjust-s2s job-manifest --from 2026-02-01 --to 2026-03-01 | kubectl apply -f -
docs/rerun.md says when, and in which order. Nothing is sent by this command.`,
}

/** `adjust-s2s job-manifest`; the flags that it hands on are those of `run`, which has to be there. */
export function addJobManifest(program: Command, execute: Execute): void {
  const run = program.commands.find((command) => command.name() === 'run')!
  const manifest = program
    .command('job-manifest')
    .summary('print a Kubernetes Job that runs a window again')
    .description(
      'Prints a Job with the image, volumes and settings of the deployed CronJob, and with the flags that are given. The CronJob is read from ' +
        'standard input or a file.',
    )
  for (const option of run.options.filter((option) => option.name() in KNOWN_FLAGS))
    manifest.addOption(option)
  manifest
    .optionsGroup('The Job:')
    .option('--cronjob-file <file>', 'the CronJob as YAML or JSON (default: standard input, which is also -)')
    .option('--deadline <duration>', 'end the Job after this time, such as 90m or 12h (default: never)')
    .optionsGroup('Options:')
    .action(async (texts: JobManifestFlagTexts) => {
      const { parseJobManifestFlags } = await import('../job-manifest-flags.ts')
      await execute('job-manifest', parseJobManifestFlags(texts), globalFlags(program))
    })
  addDetails(manifest, DETAILS)
}
