import { setTimeout } from 'node:timers/promises'
import { DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api'
import { DateTime } from 'luxon'
import pLimit from 'p-limit'
import { z } from 'zod'

/**
 * What a good engineer would write instead of this program: validated rows, each device's events in order, retries, an audit table. It keeps
 * all in memory, has no journal, so that a crash forgets what was sent, and no rate.
 */
const DEVICES_AT_ONCE = 100
const ATTEMPTS = 5
const FIRST_BACKOFF_MS = 250
const AUDIT_CHUNK_ROWS = 10_000

const purchaseSchema = z.object({
  transaction_id: z.string().min(1),
  occurred_at: z.date(),
  app_token: z.string().regex(/^\w{12}$/),
  event_token: z.string().regex(/^\w{6}$/),
  adid: z.string().length(32),
  idfa: z.uuid().nullable(),
  gps_adid: z.uuid().nullable(),
  device_id: z.string(),
  os_name: z.enum(['android', 'ios']),
  revenue: z.number().nonnegative().nullable(),
  currency: z.string().length(3).nullable(),
  ip_address: z.ipv4(),
  user_agent: z.string(),
  callback_params: z.string(),
})
type Purchase = z.infer<typeof purchaseSchema>

interface Outcome {
  transactionId: string
  status: 'delivered' | 'failed'
  httpStatus: number
  message: string
  sentAt: Date
}

/** Sends all purchases of a file and answers how many were delivered. */
export async function sendPurchases(path: string, url: string, token: string): Promise<number> {
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  const reader = await connection.runAndReadAll(
    'SELECT * FROM purchases ORDER BY occurred_at, transaction_id',
  )
  const purchases = reader.getRowObjectsJS().map((row) => purchaseSchema.parse(row))

  const limit = pLimit(DEVICES_AT_ONCE)
  const ofDevices = Map.groupBy(purchases, ({ device_id }) => device_id)
  const sendDevice = async (purchases: Purchase[]) => {
    const outcomes: Outcome[] = []
    for (const purchase of purchases) outcomes.push(await send(purchase, url, token))
    return outcomes
  }
  const sent = [...ofDevices.values()].map((purchases) => limit(sendDevice, purchases))
  const outcomes = (await Promise.all(sent)).flat()

  await connection.run(
    'CREATE TABLE audit (transaction_id VARCHAR, status VARCHAR, http_status INTEGER, message VARCHAR, sent_at TIMESTAMP)',
  )
  for (let first = 0; first < outcomes.length; first += AUDIT_CHUNK_ROWS) {
    const appender = await connection.createAppender('audit')
    for (const outcome of outcomes.slice(first, first + AUDIT_CHUNK_ROWS)) {
      appender.appendVarchar(outcome.transactionId)
      appender.appendVarchar(outcome.status)
      appender.appendInteger(outcome.httpStatus)
      appender.appendVarchar(outcome.message)
      appender.appendTimestamp(new DuckDBTimestampValue(BigInt(outcome.sentAt.getTime()) * 1000n))
      appender.endRow()
    }
    appender.closeSync()
  }
  connection.closeSync()
  instance.closeSync()
  return outcomes.filter(({ status }) => status === 'delivered').length
}

async function send(purchase: Purchase, url: string, token: string): Promise<Outcome> {
  const body = encode(purchase)
  const headers = { authorization: `Bearer ${token}` }
  for (let attempt = 1; ; attempt++) {
    const sentAt = new Date()
    const response = await fetch(`${url}/event`, { method: 'POST', headers, body })
    const message = await response.text()
    const mayRetry = response.status >= 500 || response.status === 429
    if (!mayRetry || attempt === ATTEMPTS) {
      const status = response.ok ? 'delivered' : 'failed'
      return { transactionId: purchase.transaction_id, status, httpStatus: response.status, message, sentAt }
    }
    await setTimeout(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * Math.random())
  }
}

function encode(purchase: Purchase): URLSearchParams {
  const { occurred_at, transaction_id, device_id: _, callback_params, ...parameters } = purchase
  const createdAt = DateTime.fromJSDate(occurred_at, { zone: 'utc' }).toFormat("yyyy-MM-dd'T'HH:mm:ss.SSSZZZ")
  const given = Object.entries(parameters).filter(([, value]) => value !== null)
  return new URLSearchParams([
    ['s2s', '1'],
    ['environment', 'sandbox'],
    ['created_at', createdAt],
    ...given.map(([name, value]) => [name, String(value)]),
    ['callback_params', JSON.stringify({ ...JSON.parse(callback_params), transaction_id })],
  ])
}
