import { describe, expect, it } from 'vitest'
import {
  type NewestSettlement,
  readDoubts,
  readOnceInDoubt,
  readSettlement,
  resolutionRow,
} from '../../src/audit/resolution.ts'
import type { AuditRow } from '../../src/domain/settlement.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow, micros, name } from '../warehouse/audit-row.ts'
import type { Engine } from '../warehouse/engine.ts'

type Row = Partial<AuditRow> & { transactionId: string }

const NOW_MS = Date.parse('2025-06-01T00:00:00Z')
const hoursAgo = (hours: number) => NOW_MS - hours * 3_600_000

function inDoubt(transactionId: string, fields: Partial<AuditRow> = {}): Row {
  return {
    transactionId,
    status: 'in_doubt',
    reason: 'timed_out',
    httpStatus: null,
    message: null,
    sentAtMs: hoursAgo(3),
    settledAtMs: hoursAgo(2),
    latencyMs: null,
    ...fields,
  }
}

/** As the transform writes it: without a request, and without a device. */
function abandoned(transactionId: string, fields: Partial<AuditRow> = {}): Row {
  const settled = { status: 'abandoned', reason: 'in_doubt_too_long' } as const
  return { ...inDoubt(transactionId), ...settled, sentAtMs: null, device: null, deviceNames: [], ...fields }
}

async function withAudit(engine: Engine, rows: Row[]): Promise<Warehouse> {
  const warehouse = await engine.open()
  await warehouse.append(
    's2s_audit',
    rows.map((row) => auditTableRow(auditRow(row))),
  )
  return warehouse
}

async function all(batches: AsyncIterable<NewestSettlement[]>): Promise<NewestSettlement[]> {
  const settlements: NewestSettlement[] = []
  for await (const batch of batches) settlements.push(...batch)
  return settlements
}

const idsOf = (settlements: NewestSettlement[]) => settlements.map(({ transactionId }) => transactionId)

/** What the audit table says of events in doubt, whatever the engine. */
export function describeDoubts(engine: Engine): void {
  describe(`the open doubts on ${engine.name}`, () => {
    it('are read with all that the audit table knows of the event and of its last request', async () => {
      const deviceNames = [name('idfv', 'V'), name('adid', 'a1')]
      const event = {
        appToken: 'app000000002',
        eventToken: 'sub001',
        device: deviceNames[1]!,
        deviceNames,
        identifiers: { adid: 'a1', external_device_id: 'a "quoted" name' },
        occurredAtMicros: micros('2025-05-20T12:00:00Z') + 123_456,
        revenue: '900000000000000.001',
        currency: 'EUR',
      }
      const warehouse = await withAudit(engine, [
        inDoubt('t1', { ...event, status: 'retried', reason: 'rate_limited', sentAtMs: hoursAgo(9) }),
        inDoubt('t1', { ...event, attempt: 2, runId: 'run-7', message: 'no answer' }),
      ])
      const read = {
        ...event,
        transactionId: 't1',
        status: 'in_doubt',
        reason: 'timed_out',
        message: 'no answer',
        attempt: 2,
        runId: 'run-7',
        kind: 'event',
        deviceNames: deviceNames.toSorted(),
        settledAtMs: hoursAgo(2),
        sentAtMs: hoursAgo(3),
        doubtedAtMs: hoursAgo(2),
      }
      expect(await all(readDoubts(warehouse))).toEqual([read])
      expect(await readSettlement(warehouse, 't1')).toEqual(read)
      expect(await readSettlement(warehouse, 't2')).toBeNull()
    })

    it('that were given up are described by the row of their request, which names the device', async () => {
      const warehouse = await withAudit(engine, [
        inDoubt('t1', { revenue: '9.99', currency: 'EUR' }),
        abandoned('t1', { revenue: '1', settledAtMs: hoursAgo(1) }),
      ])
      expect(await all(readDoubts(warehouse))).toMatchObject([
        {
          reason: 'in_doubt_too_long',
          device: name('adid', 'a1'),
          deviceNames: [name('adid', 'a1')],
          revenue: '9.99',
          sentAtMs: hoursAgo(3),
          doubtedAtMs: hoursAgo(2),
          settledAtMs: hoursAgo(1),
        },
      ])
    })

    it('come in the order of their events, without those whose outcome is known by now', async () => {
      const warehouse = await withAudit(engine, [
        inDoubt('t3', { occurredAtMicros: micros('2025-05-22T00:00:00Z') }),
        inDoubt('t1', { occurredAtMicros: micros('2025-05-21T00:00:00Z') }),
        inDoubt('t2'),
        { transactionId: 't2', attempt: 2, status: 'rejected', reason: 'bad_event_state' },
        { transactionId: 't4' },
      ])
      expect(idsOf(await all(readDoubts(warehouse)))).toEqual(['t1', 't3'])
      expect(idsOf(await all(readOnceInDoubt(warehouse)))).toEqual(['t2', 't1', 't3'])
      const occurredFromMs = Date.parse('2025-05-22T00:00:00Z')
      expect(idsOf(await all(readDoubts(warehouse, { occurredFromMs })))).toEqual(['t3'])
    })

    it('of a run are those whose last request it put in doubt, also after they were resolved', async () => {
      const ofRun = (transactionId: string, fields: Partial<AuditRow> = {}) =>
        inDoubt(transactionId, { runId: 'run-7', ...fields })
      const warehouse = await withAudit(engine, [
        ofRun('t1'),
        ofRun('t2'),
        abandoned('t2', { runId: 'run-8', settledAtMs: hoursAgo(1) }),
        ofRun('t3'),
        // Sent again since: what is known of the first request says nothing of this one.
        inDoubt('t3', { runId: 'run-8', attempt: 2 }),
        inDoubt('t4', { runId: 'run-9' }),
      ])
      expect(idsOf(await all(readDoubts(warehouse, { runId: 'run-7' })))).toEqual(['t1', 't2'])
      expect(idsOf(await all(readDoubts(warehouse, { runId: 'run-8' })))).toEqual(['t3'])
      const doubt = (await readSettlement(warehouse, 't1'))!
      const resolution = { status: 'deferred', reason: 'resolved_not_delivered', message: 'ana: x' } as const
      const ids = { runId: 'resolution-1', auditId: 'resolution-1/1', nowMs: NOW_MS }
      await warehouse.append('s2s_audit', [auditTableRow(resolutionRow(doubt, resolution, ids))])
      expect(idsOf(await all(readDoubts(warehouse, { runId: 'run-7' })))).toEqual(['t1', 't2'])
      expect(idsOf(await all(readDoubts(warehouse, { runId: 'resolution-1' })))).toEqual(['t1'])
    })
  })
}
