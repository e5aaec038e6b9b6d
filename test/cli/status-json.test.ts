import { describe, expect, it } from 'vitest'
import { runState, type Standing } from '../../src/cli/status-json.ts'

const NOW_MS = 1_800_000_000_000
const lease = (holder: string | null, leftMs: number) => ({
  ...{ shard: '0/1', holder, host: 'a', pid: 1, epoch: 1 },
  ...{ acquiredAtMs: NOW_MS - 1000, expiresAtMs: NOW_MS + leftMs },
})
const standing = (leases: Standing['leases'], isExclusive = false): Standing => ({
  ...{ runs: [], open: [], leases, nowMs: NOW_MS, isExclusive },
})
const run = (counts: string | null) => ({ run_id: 'r1', counts })

describe('a run in the log of runs', () => {
  it('has ended when its counts are there, whatever the lease says', () => {
    expect(runState(run('{}'), standing([lease('r1', 1000)]))).toBe('ended')
  })

  it('is running as long as it holds a lease', () => {
    expect(runState(run(null), standing([lease('r1', 1000)]))).toBe('running')
  })

  it.each([
    ['its lease has run out', standing([lease('r1', -1)])],
    ['another run has the lease', standing([lease('r2', 1000)])],
    ['nobody has it', standing([lease(null, 1000)])],
    ['the warehouse is open here, which one process at a time can do', standing([lease('r1', 1000)], true)],
  ])('has died without an end when %s', (_, now) => {
    expect(runState(run(null), now)).toBe('died')
  })
})
