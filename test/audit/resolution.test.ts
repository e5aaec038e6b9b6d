import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeRows } from '../../src/audit/recover.ts'
import {
  isOpenDoubt,
  type NewestSettlement,
  readSettlement,
  resolutionRow,
} from '../../src/audit/resolution.ts'
import { type Claim, judge, judgeOfRun, VERDICTS } from '../../src/audit/verdict.ts'
import { REASONS, type Reason } from '../../src/domain/reason.ts'
import type { Status } from '../../src/domain/settlement.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow } from '../warehouse/audit-row.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { scratchPath } from '../warehouse/scratch.ts'
import { describeDoubts } from './resolution-suite.ts'

const NOW_MS = Date.parse('2025-06-01T00:00:00Z')
const hoursAgo = (hours: number) => NOW_MS - hours * 3_600_000

describeDoubts(duckdb)

/** A row of a run at any time by any clock, of few attempts, so that rows of one request compete. */
const rows = fc.array(
  fc.record({
    reason: fc.constantFrom(...(Object.keys(REASONS) as Reason[])),
    attempt: fc.integer({ min: 0, max: 2 }),
    settledAtMs: fc.integer({ min: hoursAgo(48), max: hoursAgo(-48) }),
  }),
  { minLength: 1, maxLength: 4 },
)
const histories = fc.array(fc.record({ rows, doubt: fc.boolean(), verdict: fc.constantFrom(...VERDICTS) }), {
  minLength: 1,
  maxLength: 40,
})

describe('a resolution', () => {
  it('is the newest settlement of its event from then on, by whatever clock the others were written', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (drawn) => {
        const warehouse = await openDuckdbWarehouse({ path: scratchPath('w.duckdb'), create: true })
        await warehouse.createTables()
        const audit = drawn.flatMap(({ rows, doubt }, index) => {
          const reasons = doubt ? [...rows, { ...rows[0]!, reason: 'timed_out' as const }] : rows
          return reasons.map(({ reason, ...row }) =>
            auditTableRow(
              auditRow({ transactionId: `t${index}`, reason, status: REASONS[reason].status, ...row }),
            ),
          )
        })
        await warehouse.append('s2s_audit', audit)
        const claims = drawn.map(({ verdict }, index) => ({ transactionId: `t${index}`, verdict, why: 'x' }))
        await resolveAll(warehouse, claims)
        await warehouse.close()
      }),
      // A failure is told by its seed: smaller histories would take minutes to find.
      { numRuns: 12, endOnFailure: true },
    )
  })
})

/** Resolves what may be, and expects the audit table to say so afterwards, and of all others what it said before. */
async function resolveAll(warehouse: Warehouse, claims: Claim[]): Promise<void> {
  const read = (id: string) => readSettlement(warehouse, id)
  const before = await Promise.all(claims.map((claim) => read(claim.transactionId)))
  const judgements = claims.map((claim, index) => judge(claim, before[index]!, 'ana'))
  const table = judgements.flatMap((judgement, index) => {
    if (judgement.kind !== 'change') return []
    const ids = { runId: 'resolution-1', auditId: `resolution-1/${index}`, nowMs: NOW_MS }
    return [resolutionRow(judgement.settlement, judgement.resolution, ids)]
  })
  await writeRows(warehouse, table)
  for (const [index, judgement] of judgements.entries()) {
    const after = await read(judgement.claim.transactionId)
    if (judgement.kind === 'change') {
      expect(after).toMatchObject({ ...judgement.resolution, attempt: before[index]!.attempt })
      expect(judge(judgement.claim, after, 'ben').kind).toBe('unchanged')
    } else expect(after).toEqual(before[index])
  }
}

describe('what a person may decide', () => {
  const settled = (status: Status, reason: string) => ({ status, reason }) as NewestSettlement

  it('is an unknown outcome, one that was given up, and evidence on which nothing was done yet', () => {
    const reasons = Object.entries(REASONS).filter(([reason, { status }]) =>
      isOpenDoubt({ status: status as Status, reason }),
    )
    expect(reasons.map(([reason]) => reason)).toEqual([
      'in_doubt_too_long',
      'refused_again',
      'timed_out',
      'connection_lost',
      'undocumented_answer',
      'process_died',
      'journal_lost',
      'resolved_abandoned',
      'resolved_not_delivered',
      'absent_from_export',
    ])
  })

  it('carries who says so and why', () => {
    const claim = { transactionId: 't1', verdict: 'delivered', why: 'in the export' } as const
    expect(judge(claim, settled('in_doubt', 'timed_out'), 'ana')).toMatchObject({
      kind: 'change',
      resolution: { status: 'delivered', reason: 'resolved_delivered', message: 'ana: in the export' },
    })
  })

  it('of a whole run is not what was said since of one of its events, but by the resolution that is taken back', () => {
    const claim = { transactionId: 't1', verdict: 'delivered', why: 'x' } as const
    const judged = (status: Status, reason: string, runId: string) =>
      judgeOfRun(claim, { ...settled(status, reason), runId }, { by: 'ana', runId: 'run-7' }).kind
    expect(judged('in_doubt', 'timed_out', 'run-7')).toBe('change')
    expect(judged('abandoned', 'in_doubt_too_long', 'run-8')).toBe('change')
    expect(judged('abandoned', 'resolved_abandoned', 'resolution-1')).toBe('refused')
    expect(judged('deferred', 'absent_from_export', 'reconciliation-1')).toBe('refused')
    expect(judged('deferred', 'resolved_not_delivered', 'run-7')).toBe('change')
    expect(judged('delivered', 'resolved_delivered', 'resolution-1')).toBe('unchanged')
  })

  it.each(VERDICTS)('is no news when %s has been said before', (verdict) => {
    const claim = { transactionId: 't1', verdict, why: 'x' }
    const judged = judge(claim, settled('in_doubt', 'timed_out'), 'ana')
    if (judged.kind !== 'change') throw new Error('an event in doubt could not be resolved')
    const { status, reason } = judged.resolution
    expect(judge(claim, settled(status, reason), 'ben').kind).toBe('unchanged')
    for (const other of VERDICTS.filter((one) => one !== verdict)) {
      const expected = verdict === 'delivered' ? 'refused' : 'change'
      expect(judge({ ...claim, verdict: other }, settled(status, reason), 'ben').kind).toBe(expected)
    }
  })
})
