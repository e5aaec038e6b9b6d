import type { CronJob } from '../kubernetes/manifest.ts'
import type { RerunJob } from '../kubernetes/rerun-job.ts'
import { formatDuration } from './output.ts'

interface Situation {
  cronJob: CronJob
  deadlineSeconds: number | null
}

/** Kubernetes' first wait before a failed pod is tried again; each further one is twice as long, up to the longest. */
const FIRST_WAIT_SECONDS = 10
const LONGEST_WAIT_SECONDS = 600

/** What somebody has to know before the Job is applied: plain lines for standard error. */
export function adviceLines(job: RerunJob, situation: Situation): string[] {
  return [
    `Job ${job.name} runs: adjust-s2s ${job.words.join(' ')}`,
    deadlineLine(job, situation.deadlineSeconds),
    ...leaseLines(job, situation.cronJob),
  ]
}

function deadlineLine({ droppedDeadlineSeconds }: RerunJob, deadlineSeconds: number | null): string {
  if (deadlineSeconds !== null)
    return `It is ended after ${formatDuration(deadlineSeconds * 1000)}; what it has not sent by then is left.`
  const dropped =
    droppedDeadlineSeconds === null
      ? ''
      : ` The CronJob's ${formatDuration(droppedDeadlineSeconds * 1000)} are for one schedule.`
  return `It has no deadline.${dropped} --deadline 12h sets one.`
}

function leaseLines(
  { name, backoffLimit }: RerunJob,
  { name: cronJob, namespace, isSuspended }: CronJob,
): string[] {
  const kubectl = `kubectl${namespace === null ? '' : ` -n ${namespace}`}`
  const suspend = (isOn: boolean) => `  ${kubectl} patch cronjob ${cronJob} -p '{"spec":{"suspend":${isOn}}}'`
  const resume = [`Once it has ended, let the schedule go on:`, suspend(false)]
  const watch = `  ${kubectl} logs --follow job/${name}`
  if (isSuspended)
    return [
      `The schedule is suspended; a scheduled Job that still runs comes first.`,
      'Follow it:',
      watch,
      ...resume,
    ]
  return [
    `It and a scheduled run never both send: the second waits for the volume, or ends with 75 and is tried again ${triesText(backoffLimit)}.`,
    'So suspend the schedule first, and let its Job end:',
    suspend(true),
    `  ${kubectl} get jobs`,
    'Follow it:',
    watch,
    ...resume,
  ]
}

function triesText(backoffLimit: number): string {
  if (backoffLimit === 0) return '0 times (backoffLimit)'
  const waits = Array.from({ length: Math.min(backoffLimit, 64) }, (_, i) =>
    Math.min(FIRST_WAIT_SECONDS * 2 ** i, LONGEST_WAIT_SECONDS),
  )
  const total = waits.reduce((sum, wait) => sum + wait, 0)
  return `${backoffLimit === 1 ? 'once' : `${backoffLimit} times`} within ${formatDuration(total * 1000)} (backoffLimit)`
}
