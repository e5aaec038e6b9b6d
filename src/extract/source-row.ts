import { type EarlierOutcome, IDENTIFIERS, type Identifier, type SourceRow } from '../domain/event.ts'
import type { QueryValue, ResultBatch } from '../warehouse/warehouse.ts'

/** Makes source rows from the columns of `sql/extract.sql`. */
export function sourceRows(batch: ResultBatch): SourceRow[] {
  // Looked up once a batch: there are forty to a row.
  const columns = columnsOf(batch)
  return Array.from({ length: batch.rowCount }, (_, index) => sourceRow(columns, index))
}

type Texts = (string | null)[]
type Wholes = (number | string | null)[]
type Flags = (boolean | null)[]
type Columns = ReturnType<typeof columnsOf>

function columnsOf({ columns }: ResultBatch) {
  const column = (name: string): QueryValue[] => {
    const values = columns[name]
    if (!values) throw new Error(`sql/extract.sql gives no column ${name}`)
    return values
  }
  const texts = (name: string) => column(name) as Texts
  const wholes = (name: string) => column(name) as Wholes
  const flags = (name: string) => column(name) as Flags
  return {
    transactionId: texts('transaction_id'),
    transactionIdMissing: flags('transaction_id_missing'),
    occurredAtMicros: wholes('occurred_at_micros'),
    kind: texts('kind'),
    appToken: texts('app_token'),
    eventToken: texts('event_token'),
    identifiers: IDENTIFIERS.map((kind) => ({ kind, values: texts(kind) })).filter(isGiven),
    revenue: texts('revenue'),
    currency: texts('currency'),
    ipAddress: texts('ip_address'),
    userAgent: texts('user_agent'),
    osName: texts('os_name'),
    callbackParams: texts('callback_params'),
    partnerParams: texts('partner_params'),
    parameters: texts('parameters'),
    environment: texts('environment'),
    sourceDuplicate: flags('source_duplicate'),
    earlierRunId: texts('earlier_run_id'),
    earlierStatus: texts('earlier_status'),
    earlierReason: texts('earlier_reason'),
    earlierMessage: texts('earlier_message'),
    earlierAttempts: wholes('earlier_attempts'),
    earlierFirstSentAtMicros: wholes('earlier_first_sent_at_micros'),
    earlierSettledAtMicros: wholes('earlier_settled_at_micros'),
    knownDeviceNames: texts('known_device_names'),
    laterDeliveredAtMicros: wholes('later_delivered_at_micros'),
    waitsForInDoubt: texts('waits_for_in_doubt'),
    deviceOptedOut: flags('device_opted_out'),
  }
}

function isGiven({ values }: { values: Texts }): boolean {
  return values.some((value) => value !== null)
}

function sourceRow(columns: Columns, index: number): SourceRow {
  const known = columns.knownDeviceNames[index]!
  return {
    transactionId: columns.transactionId[index]!,
    transactionIdMissing: columns.transactionIdMissing[index] === true,
    occurredAtMicros: whole(columns.occurredAtMicros, index),
    kind: columns.kind[index]!,
    appToken: columns.appToken[index]!,
    eventToken: columns.eventToken[index]!,
    identifiers: identifiers(columns, index),
    revenue: columns.revenue[index]!,
    currency: columns.currency[index]!,
    ipAddress: columns.ipAddress[index]!,
    userAgent: columns.userAgent[index]!,
    osName: columns.osName[index]!,
    callbackParams: columns.callbackParams[index]!,
    partnerParams: columns.partnerParams[index]!,
    parameters: columns.parameters[index]!,
    environment: columns.environment[index]!,
    sourceDuplicate: columns.sourceDuplicate[index] === true,
    earlier: earlier(columns, index),
    knownDeviceNames: known === null ? [] : known.split(' '),
    laterDeliveredAtMicros: whole(columns.laterDeliveredAtMicros, index),
    waitsForInDoubt: columns.waitsForInDoubt[index]!,
    deviceOptedOut: columns.deviceOptedOut[index] === true,
  }
}

function identifiers(columns: Columns, index: number): Partial<Record<Identifier, string>> {
  const found: Partial<Record<Identifier, string>> = {}
  for (const { kind, values } of columns.identifiers) {
    const value = values[index]!
    if (value !== null) found[kind] = value
  }
  return found
}

function earlier(columns: Columns, index: number): EarlierOutcome | null {
  const status = columns.earlierStatus[index]!
  if (status === null) return null
  const firstSentAtMicros = whole(columns.earlierFirstSentAtMicros, index)
  return {
    runId: columns.earlierRunId[index]!,
    status,
    reason: columns.earlierReason[index]!,
    message: columns.earlierMessage[index]!,
    attempts: whole(columns.earlierAttempts, index)!,
    firstSentAtMs: firstSentAtMicros === null ? null : firstSentAtMicros / 1000,
    settledAtMs: whole(columns.earlierSettledAtMicros, index)! / 1000,
  }
}

/** Beyond 2^53 it comes as text and loses its last digits here. */
function whole(values: Wholes, index: number): number | null {
  const value = values[index]!
  return value === null ? null : Number(value)
}
