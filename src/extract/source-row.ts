import { type EarlierOutcome, IDENTIFIERS, type Identifier, type SourceRow } from '../domain/event.ts'
import type { QueryValue, ResultBatch } from '../warehouse/warehouse.ts'

/** Makes source rows from the columns of `sql/extract.sql`. */
export function sourceRows(batch: ResultBatch): SourceRow[] {
  const rows = new Array<SourceRow>(batch.rowCount)
  for (let index = 0; index < batch.rowCount; index++) rows[index] = sourceRow(batch.columns, index)
  return rows
}

type Columns = ResultBatch['columns']

function sourceRow(columns: Columns, index: number): SourceRow {
  const known = text(columns, 'known_device_names', index)
  return {
    transactionId: text(columns, 'transaction_id', index)!,
    transactionIdMissing: isTrue(columns, 'transaction_id_missing', index),
    occurredAtMicros: whole(columns, 'occurred_at_micros', index),
    kind: text(columns, 'kind', index),
    appToken: text(columns, 'app_token', index),
    eventToken: text(columns, 'event_token', index),
    identifiers: identifiers(columns, index),
    revenue: text(columns, 'revenue', index),
    currency: text(columns, 'currency', index),
    ipAddress: text(columns, 'ip_address', index),
    userAgent: text(columns, 'user_agent', index),
    osName: text(columns, 'os_name', index),
    callbackParams: text(columns, 'callback_params', index),
    partnerParams: text(columns, 'partner_params', index),
    parameters: text(columns, 'parameters', index),
    environment: text(columns, 'environment', index),
    sourceDuplicate: isTrue(columns, 'source_duplicate', index),
    earlier: earlier(columns, index),
    knownDeviceNames: known === null ? [] : known.split(' '),
    laterDeliveredAtMicros: whole(columns, 'later_delivered_at_micros', index),
    waitsForInDoubt: text(columns, 'waits_for_in_doubt', index),
    deviceOptedOut: isTrue(columns, 'device_opted_out', index),
  }
}

function identifiers(columns: Columns, index: number): Partial<Record<Identifier, string>> {
  const found: Partial<Record<Identifier, string>> = {}
  for (const kind of IDENTIFIERS) {
    const value = text(columns, kind, index)
    if (value !== null) found[kind] = value
  }
  return found
}

function earlier(columns: Columns, index: number): EarlierOutcome | null {
  const status = text(columns, 'earlier_status', index)
  if (status === null) return null
  const firstSentAtMicros = whole(columns, 'earlier_first_sent_at_micros', index)
  return {
    runId: text(columns, 'earlier_run_id', index)!,
    status,
    reason: text(columns, 'earlier_reason', index)!,
    message: text(columns, 'earlier_message', index),
    attempts: whole(columns, 'earlier_attempts', index)!,
    firstSentAtMs: firstSentAtMicros === null ? null : firstSentAtMicros / 1000,
    settledAtMs: whole(columns, 'earlier_settled_at_micros', index)! / 1000,
  }
}

function value(columns: Columns, name: string, index: number): QueryValue {
  const column = columns[name]
  if (!column) throw new Error(`sql/extract.sql gives no column ${name}`)
  return column[index]!
}

function text(columns: Columns, name: string, index: number): string | null {
  return value(columns, name, index) as string | null
}

/** Beyond 2^53 it comes as text and loses its last digits here. */
function whole(columns: Columns, name: string, index: number): number | null {
  const found = value(columns, name, index)
  return found === null ? null : Number(found)
}

function isTrue(columns: Columns, name: string, index: number): boolean {
  return value(columns, name, index) === true
}
