import { describe, expect, it } from 'vitest'
import { examine } from '../../src/doctor/finding.ts'
import { examineProbe } from '../../src/doctor/probe.ts'
import { TerminalError } from '../../src/domain/errors.ts'
import type { Probe } from '../../src/warehouse/warehouse.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const probe = (changes: Partial<Probe>): Probe => ({
  name: 'reading',
  permission: null,
  needs: [],
  neededFor: null,
  without: null,
  attempt: async () => 'seen',
  ...changes,
})

const fails = (error: Error) => ({
  attempt: async () => {
    throw error
  },
})
const denied = new TerminalError('access denied', { hint: 'Grant the role.' })

describe('a probe', () => {
  it('that works says what was seen, and by which permission', async () => {
    const clock = new VirtualClock()
    const { finding } = await examineProbe(probe({ permission: 'tables.get' }), [], clock)
    expect(finding).toMatchObject({ status: 'ok', detail: 'seen (tables.get)' })
    expect(clock.pendingTimers).toBe(0)
  })

  it('that gets no answer is given up after a minute, and passes by itself', async () => {
    const clock = new VirtualClock()
    const outcome = examineProbe(probe({ attempt: () => new Promise(() => {}) }), [], clock)
    clock.advance(60_000)
    expect((await outcome).finding).toMatchObject({ status: 'failed', exitCode: 75 })
  })

  it('of what a run can do without is a warning that says how', async () => {
    const { finding, blockedBy } = await examineProbe(
      probe({ without: 'It is slower.', ...fails(denied) }),
      [],
      new VirtualClock(),
    )
    expect(finding).toMatchObject({ status: 'warning', hint: 'Grant the role. It is slower.' })
    expect(blockedBy).toBeNull()
  })

  it('that meets a bug is a failure even where a run can do without', async () => {
    const { finding } = await examineProbe(
      probe({ without: 'It is slower.', ...fails(new RangeError('oops')) }),
      [],
      new VirtualClock(),
    )
    expect(finding).toMatchObject({ status: 'failed', exitCode: 1 })
  })
})

describe('a check that stands on others', () => {
  it('is not tried when one of them has failed, and names the one that it comes down to', async () => {
    const clock = new VirtualClock()
    const first = await examineProbe(probe({ name: 'first', ...fails(denied) }), [], clock)
    const second = await examineProbe(probe({ name: 'second' }), [first], clock)
    let isTried = false
    const third = await examine('third', [second], async () => {
      isTried = true
      return { detail: '', value: null }
    })
    expect(third.finding).toMatchObject({ status: 'skipped', detail: 'it needs: first', exitCode: 0 })
    expect(isTried).toBe(false)
  })
})
