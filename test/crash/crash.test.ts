import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { TruthEntry } from '../../src/simulator/truth-log.ts'
import { type CheckSettings, check } from './check/check.ts'
import { findStuck } from './check/progress.ts'
import { unknownsByRun } from './check/unknowns.ts'
import type { AuditRow, SourcePurchase, Witnesses } from './check/witnesses.ts'
import { weighted } from './draw.ts'

const SETTINGS: CheckSettings = {
  requestsPerSecond: 3,
  concurrency: 2,
  endedThemselves: new Set(),
  losesJournal: false,
}

/** One device's purchases with revenue, a second apart: `a`, `b`, `c` … */
const sold = (ids: string): SourcePurchase[] =>
  [...ids].map((id, index) => ({
    id,
    occurredAtMs: index * 1000,
    app: 'abcdefghijkl',
    token: 'abc123',
    hasRevenue: true,
    device: 1,
    names: ['n1'],
  }))

const request = (id: string, sequence: number, changes: Partial<TruthEntry> = {}): TruthEntry => ({
  sequence,
  arrivedAtMs: sequence * 400,
  method: 'POST',
  path: '/event',
  appToken: 'abcdefghijkl',
  eventToken: 'abc123',
  identifiers: { adid: 'n1' },
  createdAtMs: (id.codePointAt(0)! - 97) * 1000,
  createdAtReplaced: false,
  revenue: '1',
  currency: 'EUR',
  transactionId: id,
  parameters: null,
  answer: { status: 200, message: 'OK' },
  fault: null,
  counted: true,
  violations: [],
  ...changes,
})

const audited = (id: string, sentAtMs: number, changes: Partial<AuditRow> = {}): AuditRow => ({
  id,
  runId: 'run-1',
  status: 'delivered',
  reason: 'ok',
  attempt: 1,
  sentAtMs,
  settledAtMs: sentAtMs + 10,
  ...changes,
})

/** Three purchases, sent one after the other, counted, and settled as delivered. */
const good = (): Witnesses => {
  const audit = [...'abc'].map((id, index) => audited(id, (index + 1) * 400))
  return {
    purchases: sold('abc'),
    truth: [...'abc'].map((id, index) => request(id, index + 1)),
    latest: structuredClone(audit),
    audit,
  }
}

const inDoubt = { status: 'in_doubt', reason: 'process_died' }
const broken = (witnesses: Witnesses, settings: Partial<CheckSettings> = {}) =>
  check(witnesses, { ...SETTINGS, ...settings }).map(({ rule, what }) => `${rule}: ${what}`)

describe('the check of the three witnesses', () => {
  it('finds nothing where everything is delivered once and in order', () => {
    expect(broken(good())).toEqual([])
  })

  it('accepts an event in doubt, whether Adjust counted it or not', () => {
    for (const counted of [true, false]) {
      const witnesses = good()
      Object.assign(witnesses.latest[2]!, inDoubt)
      Object.assign(witnesses.audit[2]!, inDoubt)
      Object.assign(witnesses.truth[2]!, { counted, answer: null })
      expect(broken(witnesses)).toEqual([])
    }
  })

  it('finds rows that have no settlement, two of them, or one that is not true', () => {
    const missing = good()
    missing.latest.pop()
    expect(broken(missing)).toEqual(['lost: c: no settlement'])
    const double = good()
    double.latest.push(double.latest[1]!)
    expect(broken(double)).toEqual(['lost: b: 2 latest settlements'])
    const uncounted = good()
    Object.assign(uncounted.truth[2]!, { counted: false, answer: null })
    expect(broken(uncounted)).toEqual(['lost: c: delivered, but not counted by Adjust'])
    const denied = good()
    Object.assign(denied.latest[0]!, { status: 'deferred', reason: 'run_stopped' })
    expect(broken(denied)).toEqual(['lost: a: counted by Adjust, but deferred (run_stopped)'])
    const overlooked = good()
    Object.assign(overlooked.latest[0]!, { status: 'in_doubt', reason: 'journal_lost' })
    expect(broken(overlooked)).toEqual(['lost: a: in doubt for a lost journal'])
    expect(broken(overlooked, { losesJournal: true })).toEqual([])
    const late = good()
    late.truth.pop()
    Object.assign(late.latest[2]!, { status: 'late', reason: 'later_event_delivered' })
    expect(broken(late)).toEqual(['lost: c: late (later_event_delivered)'])
  })

  it('finds what was counted twice, and what was sent again though it may have been counted', () => {
    const twice = good()
    twice.truth.push(request('c', 4))
    expect(broken(twice)).toEqual(['twice: c: counted 2 times'])
    const again = good()
    again.truth.splice(2, 0, request('c', 3, { counted: false, answer: null, fault: 'no_answer' }))
    expect(broken(again)).toEqual(['twice: c: sent again after an unknown outcome'])
    const refused = good()
    refused.truth.splice(2, 0, request('c', 3, { counted: false, fault: 'too_many_requests' }))
    expect(broken(refused)).toEqual([])
  })

  it('finds what was sent, or counted, after a later event of its device', () => {
    const swapped = good()
    swapped.truth = [request('b', 1), request('a', 2, { counted: false }), request('c', 3)]
    Object.assign(swapped.latest[0]!, inDoubt)
    expect(broken(swapped)).toEqual(['out_of_order: a: sent after b'])
    const counted = good()
    counted.truth = [request('b', 1), request('a', 2), request('c', 3)]
    expect(broken(counted)).toContain('out_of_order: request 2: counted out of order')
  })

  it('finds a second with more requests than the rate', () => {
    const ids = 'abcd'
    const hasty = { ...good(), purchases: sold(ids) }
    hasty.truth = [...ids].map((id, index) => request(id, index + 1, { arrivedAtMs: index }))
    hasty.audit = [...ids].map((id, index) => audited(id, 5 + index * 300))
    hasty.latest = hasty.audit
    expect(broken(hasty)).toEqual(['too_fast: run-1: more than 3 a second'])
    expect(broken(hasty, { concurrency: 0 })).toContain('too_fast: 4 arrivals in one second')
  })

  it('finds two runs that sent at the same time', () => {
    const witnesses = good()
    witnesses.audit[1]!.runId = 'run-2'
    expect(broken(witnesses)).toEqual(['two_senders: run-1 and run-2 sent at the same time'])
  })

  it('finds a death that left more unknown than was in flight, and unknowns without a death', () => {
    const witnesses = good()
    for (const row of [...witnesses.latest, ...witnesses.audit]) Object.assign(row, inDoubt)
    expect(broken(witnesses)).toEqual(['unknowns: run-1: 3 unknown after it died, with 2 in flight'])
    const settings = { concurrency: 3, endedThemselves: new Set(['run-1']) }
    expect(broken(witnesses, settings)).toEqual(['unknowns: run-1: it ended by itself, and left 3 unknown'])
  })

  it('counts an unknown once, for the run that made the request', () => {
    const audit = [audited('a', 1, inDoubt), audited('a', 1, { ...inDoubt, runId: 'run-2' })]
    expect([...unknownsByRun(audit)]).toEqual([['run-1', 1]])
  })
})

describe('the check of progress', () => {
  const waiting = { status: 'deferred', reason: 'waits_for_in_doubt' }

  it('lets wait only what comes after an event that is held', () => {
    const witnesses = good()
    Object.assign(witnesses.latest[0]!, inDoubt)
    Object.assign(witnesses.latest[1]!, waiting)
    expect(findStuck(witnesses, () => true)).toEqual([])
    const stuck = [{ rule: 'stuck', what: 'b: deferred (waits_for_in_doubt)' }]
    expect(findStuck(witnesses, () => false)).toEqual(stuck)
    witnesses.purchases[0]!.device = 2
    expect(findStuck(witnesses, () => true)).toEqual(stuck)
  })
})

describe('a draw by shares', () => {
  it('never answers what has no share', () => {
    expect([0, 0.3, 0.999].map((number) => weighted(() => number, { a: 0, b: 1, c: 1, d: 0 }))).toEqual([
      'b',
      'b',
      'c',
    ])
  })
})

describe('check:crash', () => {
  it('kills real runs and finds that nothing is lost, twice or out of order', {
    timeout: 120_000,
  }, async () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url))
    const child = spawn(process.execPath, [main, '--kills', '3', '--shops', '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = child.stdout.toArray()
    const [code] = await once(child, 'close')
    const table = Buffer.concat(await output).toString()
    expect(code, table).toBe(0)
    expect(table).toMatch(/^kills \(of living processes\) +[345]$/m)
    expect(table).toMatch(/^twice +0$/m)
  })
})
