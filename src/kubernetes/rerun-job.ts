import type { Random } from '../domain/clock.ts'
import { jobName } from './job-name.ts'
import { type CronJob, type Mapping, mappingIn, without } from './manifest.ts'
import { refusePlainSecrets } from './plain-secrets.ts'
import { findProgram } from './program-words.ts'
import { type GivenFlags, rerunWords } from './rerun-words.ts'

export interface Rerun {
  flags: GivenFlags
  /** Epoch milliseconds, for the name; null is an open end. */
  from: number | null
  to: number | null
  /** null for none. */
  deadlineSeconds: number | null
  /** Who makes it: goes into an annotation. */
  madeBy: string
  random: Random
}

/** The Job, and what a person wants to know of it. */
export interface RerunJob {
  name: string
  manifest: Mapping
  /** The program's words. */
  words: string[]
  /** The one of the schedule, which the Job does not have; null if there was none. */
  droppedDeadlineSeconds: number | null
  /** How often a failed pod is tried again. */
  backoffLimit: number
}

/** The Job controller writes these. On another Job they would make its selector find the pods of the first. */
const OF_ONE_JOB = [
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/cronjob-scheduled-timestamp',
  'kubectl.kubernetes.io/last-applied-configuration',
]
/** Kubernetes' own default. */
const BACKOFF_LIMIT = 6

/**
 * A Job that runs the template of a CronJob once more with other flags. It has no owner: owned Jobs are deleted with the CronJob, and by the
 * history limits of the schedule, and an owner's uid does not outlive `kubectl delete` and `apply` of the CronJob.
 *
 * @throws TerminalError where the template does not run this program plainly, or holds a secret in plain text.
 */
export function rerunJob(cronJob: CronJob, rerun: Rerun): RerunJob {
  const template = mappingIn(cronJob.jobTemplate, 'spec')
  const podTemplate = mappingIn(template, 'template')
  const podSpec = mappingIn(podTemplate, 'spec')
  refusePlainSecrets(podSpec, cronJob.name)
  const { index, command, words: scheduled } = findProgram(podSpec.containers, cronJob.name)
  const words = rerunWords(scheduled, rerun.flags)
  const containers = (podSpec.containers as Mapping[]).map((container, i) =>
    i === index ? { ...container, ...(command === null ? {} : { command }), args: words } : container,
  )
  const name = jobName({ cronJob: cronJob.name, completions: indexesOf(template), ...rerun })
  const manifest = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(name, cronJob, rerun),
    spec: {
      ...specOf(template, rerun.deadlineSeconds),
      template: {
        ...ownMetadata(mappingIn(podTemplate, 'metadata')),
        // A pod's own deadline is as short as the schedule's.
        spec: { ...without(podSpec, 'activeDeadlineSeconds'), containers },
      },
    },
  }
  return {
    name,
    manifest,
    words,
    droppedDeadlineSeconds:
      numberIn(template, 'activeDeadlineSeconds') ?? numberIn(podSpec, 'activeDeadlineSeconds'),
    backoffLimit:
      numberIn(template, 'backoffLimitPerIndex') ?? numberIn(template, 'backoffLimit') ?? BACKOFF_LIMIT,
  }
}

function metadataOf(
  name: string,
  { name: cronJobName, namespace, jobTemplate }: CronJob,
  rerun: Rerun,
): Mapping {
  const { metadata } = ownMetadata(mappingIn(jobTemplate, 'metadata'))
  const instantOr = (value: string | true | undefined, open: string) =>
    typeof value === 'string' ? value : open
  return {
    name,
    ...(namespace === null ? {} : { namespace }),
    ...metadata,
    annotations: {
      ...mappingIn(metadata ?? {}, 'annotations'),
      // As `kubectl create job --from` writes it: other tools know such a Job by it.
      'cronjob.kubernetes.io/instantiate': 'manual',
      'adjust-s2s/made-by': rerun.madeBy,
      'adjust-s2s/cronjob': cronJobName,
      'adjust-s2s/window': `${instantOr(rerun.flags.from, 'the age limit')}/${instantOr(rerun.flags.to, 'now')}`,
    },
  }
}

/** Labels and annotations, as `metadata`; all else in a template's metadata is the cluster's own. */
function ownMetadata(metadata: Mapping): { metadata?: Mapping } {
  const kept = ['labels', 'annotations'].flatMap((key) => {
    const entries = without(mappingIn(metadata, key), ...OF_ONE_JOB)
    return Object.keys(entries).length === 0 ? [] : [[key, entries] as const]
  })
  return kept.length === 0 ? {} : { metadata: Object.fromEntries(kept) }
}

function specOf(template: Mapping, deadlineSeconds: number | null): Mapping {
  const deadline = deadlineSeconds === null ? {} : { activeDeadlineSeconds: deadlineSeconds }
  // The selector names the uid of the Job that it was read from.
  return { ...without(template, 'activeDeadlineSeconds', 'selector', 'manualSelector'), ...deadline }
}

function indexesOf(template: Mapping): number | null {
  return template.completionMode === 'Indexed' ? (numberIn(template, 'completions') ?? 1) : null
}

function numberIn(mapping: Mapping, key: string): number | null {
  const value = mapping[key]
  return typeof value === 'number' ? value : null
}
