import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobName } from '../../../src/kubernetes/job-name.ts'

const instant = fc.option(fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }))
// A CronJob's name has at most 52 characters, for the controller appends 11.
const cronJob = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,50}[a-z0-9])?$/)
const random = () => 0.5
const at = (text: string) => Date.parse(text)

describe('the name of a Job', () => {
  it('is a DNS label that leaves room for the index of a pod, whatever the CronJob is called', () => {
    fc.assert(
      fc.property(
        cronJob,
        instant,
        instant,
        fc.option(fc.integer({ min: 1, max: 64 })),
        (name, from, to, completions) => {
          const made = jobName({ cronJob: name, from, to, completions, random })
          expect(made).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
          const lastHost = completions === null ? made : `${made}-${completions - 1}`
          expect(lastHost.length).toBeLessThanOrEqual(63)
          expect(made).not.toContain('--rerun')
        },
      ),
    )
  })

  it('shows as much of the time of day as there is', () => {
    const name = jobName({
      cronJob: 'adjust-s2s',
      from: at('2026-02-01T13:30:00Z'),
      to: at('2026-02-01T13:30:15.250Z'),
      completions: null,
      random,
    })
    expect(name).toMatch(/^adjust-s2s-rerun-20260201t1330-20260201t133015-/)
  })

  it('differs by chance alone', () => {
    const name = (chance: number) =>
      jobName({ cronJob: 'a', from: null, to: null, completions: null, random: () => chance })
    expect(name(0)).not.toBe(name(0.99999))
  })
})
