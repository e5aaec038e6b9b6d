/** The kinds of event that Adjust takes server to server, each with an endpoint of its own. */
export const EVENT_KINDS = ['event', 'ad_revenue', 'session'] as const
export type EventKind = (typeof EVENT_KINDS)[number]

/** Identifiers that may be sent to Adjust, in the order in which they stand in a request. */
export const SENT_IDENTIFIERS = [
  'adid',
  'idfa',
  'idfv',
  'gps_adid',
  'android_id',
  'fire_adid',
  'oaid',
  'web_uuid',
  'external_device_id',
] as const
export type SentIdentifier = (typeof SENT_IDENTIFIERS)[number]

/** `device_id` is the user's own name for a device: it orders events and is never sent. */
export const IDENTIFIERS = [...SENT_IDENTIFIERS, 'device_id'] as const
export type Identifier = (typeof IDENTIFIERS)[number]

/** What the audit table already says of a transaction that is not settled, or is to be sent again. */
export interface EarlierOutcome {
  /** The run that wrote the newest audit row. */
  runId: string
  status: string
  reason: string
  /** Of a wait: the transaction that it waits for. */
  message: string | null
  /** Requests that were made for it, over all runs. */
  attempts: number
  /** Epoch milliseconds of its first request; null when none was made. */
  firstSentAtMs: number | null
  /** Epoch milliseconds of the newest audit row. */
  settledAtMs: number
}

/** One row of the user's SELECT (the source contract), with what the audit table knows of it. Nothing is checked yet. */
export interface SourceRow {
  /** Never empty: a row without one carries a name made from its time, app and token, and `transactionIdMissing`. */
  transactionId: string
  transactionIdMissing: boolean
  /** Epoch microseconds; null when the source has NULL. Exact below the year 2255. */
  occurredAtMicros: number | null
  kind: string | null
  appToken: string | null
  eventToken: string | null
  identifiers: Partial<Record<Identifier, string>>
  /** Decimal text as the warehouse printed it: `12.5`, `11.770`; from a text column it may be anything. */
  revenue: string | null
  currency: string | null
  ipAddress: string | null
  userAgent: string | null
  osName: string | null
  /** JSON text. */
  callbackParams: string | null
  /** JSON text. */
  partnerParams: string | null
  /** JSON text of an object with any further Adjust parameters. */
  parameters: string | null
  environment: string | null
  /** An earlier row of the same window has the same transaction_id. */
  sourceDuplicate: boolean
  earlier: EarlierOutcome | null
  /** Names (see `device-name.ts`) that earlier runs saw together with this row's identifiers. */
  knownDeviceNames: string[]
  /** Newest delivered `occurred_at` among events that share an ordering key with this one, if it is later than this row's. */
  laterDeliveredAtMicros: number | null
  /** transaction_id of an open in-doubt event that shares an ordering key with this one. */
  waitsForInDoubt: string | null
  /** An earlier event of this device was answered with "Device is opted out". */
  deviceOptedOut: boolean
}

/** A row that passed every check, encoded and ready to go out. */
export interface Event {
  transactionId: string
  kind: EventKind
  appToken: string
  eventToken: string | null
  occurredAtMicros: number
  /** Exact decimal text, null when the event carries none. */
  revenue: string | null
  currency: string | null
  /** Names of its device: from its own identifiers first, then those that earlier runs saw with them. */
  deviceNames: string[]
  /** Identifiers as they are sent, for an audit table that keeps them in plain text; otherwise null. */
  identifiers: Partial<Record<SentIdentifier, string>> | null
  /** Endpoint, such as `/event`. */
  path: string
  /** The parameters, form-encoded: the body or the query string, as the request style says. */
  query: string
  /** Epoch milliseconds after which Adjust would refuse it for its age. */
  expiresAtMs: number
  /** Things worth knowing that did not stop it, as stable codes. */
  warnings: string[]
  earlier: EarlierOutcome | null
}
