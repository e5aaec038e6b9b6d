import { systemClock } from '../../../src/domain/clock.ts'
import type { QueryValue } from '../../../src/warehouse/warehouse.ts'
import type { AuditRow, SourcePurchase } from '../check/witnesses.ts'

/** As a query returns it. */
export type Row = Record<string, QueryValue>

const toMs = (micros: QueryValue | undefined) => (typeof micros === 'number' ? micros / 1000 : null)

export function toPurchase({ id, occurred, event_token: token, paid, gps_adid: name }: Row): SourcePurchase {
  return {
    id: id as string,
    occurredAtMs: toMs(occurred)!,
    app: 'abcdefghijkl',
    token: token as string,
    hasRevenue: paid as boolean,
    device: Number((name as string).slice(-12)),
    names: [name as string],
  }
}

export function toAuditRow({ id, run_id: runId, status, reason, attempt, sent, settled }: Row): AuditRow {
  const texts = {
    id: id as string,
    runId: runId as string,
    status: status as string,
    reason: reason as string,
  }
  return { ...texts, attempt: attempt as number, sentAtMs: toMs(sent), settledAtMs: toMs(settled)! }
}

/**
 * So many purchases, a second apart, the newest an hour ago; every 2,000 have devices of their own, so that those in doubt do not hold up
 * all the others. The times are those of this SELECT: another one has others.
 */
export function purchasesSql(purchases: number, devices: number): string {
  const newestMs = systemClock.now() - 3_600_000
  return `SELECT
  CONCAT('t', LPAD(CAST(n AS STRING), 7, '0')) AS transaction_id,
  TIMESTAMP_MICROS(${newestMs * 1000} - (${purchases} - n) * 1000000) AS occurred_at,
  'abcdefghijkl' AS app_token,
  CASE WHEN MOD(n, 3) = 0 THEN 'abc123' ELSE 'def456' END AS event_token,
  CONCAT('3f2b1c4d-0000-4000-8000-', LPAD(CAST(MOD(n * 7, ${devices}) + ${devices} * DIV(n, 2000) AS STRING), 12, '0')) AS gps_adid,
  CASE WHEN MOD(n, 4) = 0 THEN NULL ELSE CAST(n AS NUMERIC) / 100 END AS revenue,
  CASE WHEN MOD(n, 4) = 0 THEN NULL ELSE 'EUR' END AS currency
FROM UNNEST(GENERATE_ARRAY(1, ${purchases})) AS n`
}
