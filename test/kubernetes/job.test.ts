import { describe, expect, it } from 'vitest'
import { AFTER_STOP_MS } from '../../src/cli/run-report.ts'
import { ExitCode } from '../../src/domain/exit-code.ts'
import { RELEASE_TIMEOUT_MS } from '../../src/lease/lease-time.ts'
import { LIMITS as POST_LIMITS } from '../../src/monitor/post.ts'
import { CANCEL_TIMEOUT_MS } from '../../src/warehouse/bigquery/jobs.ts'
import { HURRIED_MS } from '../../src/warehouse/bigquery/retries.ts'
import { configInPod } from './configuration.ts'
import { container, cronJob, job, pod } from './manifests.ts'

const { rules } = job.podFailurePolicy
const codesOf = (action: string) =>
  rules.filter((rule) => rule.action === action).flatMap((rule) => rule.onExitCodes?.values ?? [])

describe('the Job of cron.yaml, by exit code', () => {
  it('has exactly one intention for every code of the program but 0', () => {
    const codes = rules.flatMap((rule) => rule.onExitCodes?.values ?? [])
    const failures = Object.values(ExitCode).filter((code) => code !== ExitCode.ok)
    expect(codes.toSorted()).toEqual(failures.toSorted())
  })

  it('fails at what another try cannot mend', () => {
    expect(codesOf('FailJob')).toEqual([ExitCode.usage, ExitCode.tooManyRejected, ExitCode.refused])
  })

  it('tries again after a bug and after what passes', () => {
    expect(codesOf('Count')).toEqual([ExitCode.crash, ExitCode.tryAgain])
    expect(job.backoffLimit).toBeGreaterThan(0)
  })

  it('listens to the program first, and then forgives a pod whose node went away', () => {
    expect(rules.map(({ action }) => action)).toEqual(['FailJob', 'Ignore', 'Count'])
    expect(rules[1]?.onPodConditions).toEqual([{ type: 'DisruptionTarget', status: 'True' }])
  })

  it('looks at the container that there is', () => {
    for (const { onExitCodes } of rules)
      if (onExitCodes) expect(onExitCodes).toMatchObject({ containerName: container.name, operator: 'In' })
  })
})

/** Seconds between two starts. */
function intervalSeconds(schedule: string): number {
  const minutes = /^\*\/(\d+) \* \* \* \*$/.exec(schedule)?.[1]
  if (minutes === undefined || 60 % Number(minutes) !== 0)
    throw new Error(`${schedule} is not every so many minutes`)
  return Number(minutes) * 60
}

describe('the times of cron.yaml', () => {
  it('leave a pod more time than a drain takes, with Adjust and the warehouse both away', async () => {
    const { config } = await configInPod()
    // One after the other: the answers under way, the last audit rows, the end of the run in s2s_runs, the lease, the query.
    const writingMs = 2 * HURRIED_MS + RELEASE_TIMEOUT_MS + CANCEL_TIMEOUT_MS
    // Then the report, and all who are told of the run at once. What is open is not asked after SIGTERM.
    const tellingMs = AFTER_STOP_MS + POST_LIMITS.totalMs
    const drainMs = config.delivery.timeoutMs + writingMs + tellingMs
    expect(pod.terminationGracePeriodSeconds * 1000).toBeGreaterThan(drainMs)
  })

  it('end a run, its drain included, before the next one starts', () => {
    const longest = job.activeDeadlineSeconds + pod.terminationGracePeriodSeconds
    expect(longest).toBeLessThan(intervalSeconds(cronJob.spec.schedule))
  })

  it('make up for a missed start before the next one is due, and not sooner than the controller looks', () => {
    expect(cronJob.spec.startingDeadlineSeconds).toBeLessThan(intervalSeconds(cronJob.spec.schedule))
    // Below it the controller may miss a start altogether: it looks every ten seconds.
    expect(cronJob.spec.startingDeadlineSeconds).toBeGreaterThan(10)
  })
})
