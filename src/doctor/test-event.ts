import { randomBytes, randomUUID } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import { RefusedError, TransientError } from '../domain/errors.ts'
import type { Event, Identifier, SourceRow } from '../domain/event.ts'
import { REASONS } from '../domain/reason.ts'
import type { Answer } from '../load/answer.ts'
import { classify, type Verdict } from '../load/classify.ts'
import { HttpTransport } from '../load/http-transport.ts'
import { transformRules } from '../selection.ts'
import { createTransform } from '../transform/transform.ts'
import { VERSION } from '../version.ts'
import type { Seen } from './finding.ts'

/**
 * Sends one event with the app and event token of a source row, and says what Adjust's answer means for the token. It counts for nobody:
 * its environment is `sandbox` whatever the settings say, its device is made up, and it carries nothing else of the row.
 * Throws a RefusedError when a run would stop at the same answer.
 */
export async function sendTestEvent(config: Config, row: SourceRow, clock: Clock): Promise<Seen<null>> {
  const result = createTransform(transformRules(config, { resend: 'none' }))(
    testRow(row, clock.now()),
    clock.now(),
  )
  if (result.kind !== 'event')
    return {
      detail: `${row.transactionId} gives no test event: ${result.reason}`,
      value: null,
      isSkipped: true,
    }
  const { event } = result
  const answer = await send(config, event, clock)
  return judge(classify(answer), config, event)
}

/** A row of now with the sample's tokens, and what Adjust demands of its kind. */
export function testRow(row: SourceRow, nowMs: number): SourceRow {
  const isAdRevenue = row.kind === 'ad_revenue'
  return {
    transactionId: `adjust-s2s-doctor-${randomUUID()}`,
    transactionIdMissing: false,
    occurredAtMicros: nowMs * 1000,
    kind: row.kind,
    appToken: row.appToken,
    eventToken: row.eventToken,
    identifiers: madeUp(row.identifiers),
    revenue: isAdRevenue ? '0.01' : null,
    currency: isAdRevenue ? 'USD' : null,
    ipAddress: null,
    userAgent: null,
    osName: row.osName,
    callbackParams: null,
    partnerParams: null,
    parameters: isAdRevenue ? '{"ad_impressions_count": "1"}' : null,
    environment: 'sandbox',
    sourceDuplicate: false,
    earlier: null,
    knownDeviceNames: [],
    laterDeliveredAtMicros: null,
    waitsForInDoubt: null,
    deviceOptedOut: false,
  }
}

/** Random ids of the kinds that the row has, for a real one would tell Adjust of an event that its device never had. */
function madeUp(given: SourceRow['identifiers']): SourceRow['identifiers'] {
  const kinds = (Object.keys(given) as Identifier[]).filter((kind) => kind !== 'device_id')
  const wanted: Identifier[] = kinds.length === 0 ? ['gps_adid'] : kinds
  return Object.fromEntries(wanted.map((kind) => [kind, randomId(kind)]))
}

function randomId(kind: Identifier): string {
  if (kind === 'adid') return randomBytes(16).toString('hex')
  if (kind === 'android_id') return randomBytes(8).toString('hex')
  return randomUUID()
}

async function send(config: Config, event: Event, clock: Clock): Promise<Answer> {
  const transport = new HttpTransport({
    ...config.adjust,
    timeoutMs: config.delivery.timeoutMs,
    userAgent: `adjust-s2s/${VERSION}`,
    clock,
  })
  const request = { path: event.path, query: event.query, token: config.secrets.forApp(event.appToken) }
  try {
    return await new Promise((resolve) => {
      transport.send(request, { mayStart: () => true, onStart: () => {}, onAnswer: resolve })
    })
  } finally {
    await transport.close()
  }
}

function judge({ finding, stops, httpStatus, message }: Verdict, config: Config, event: Event): Seen<null> {
  const said = httpStatus === null ? message : `Adjust answered ${httpStatus} "${message.trim()}"`
  const isSet = config.secrets.forApp(event.appToken) !== null
  const passed = isSet
    ? `the token of app ${event.appToken} is taken`
    : `app ${event.appToken} needs no token`
  if (finding.kind === 'device_not_found')
    return { detail: `${said}, as it should of a made-up device: ${passed}`, value: null }
  const { meaning, advice } = REASONS[finding.reason]
  if (finding.kind === 'retry' || finding.kind === 'in_doubt')
    throw new TransientError(said, { hint: 'Try again; if it stays so, ask support@adjust.com.' })
  const isAllowed = finding.reason === 'ok_unauthenticated' && config.adjust.unauthenticated === 'allow'
  // The meaning of a stop tells what became of a run.
  const why = finding.kind === 'settled' ? `${said}: ${meaning}` : said
  if (stops !== null && !isAllowed) throw new RefusedError(why, { hint: advice })
  if (finding.reason === 'ok') return { detail: `${said}: ${passed}`, value: null }
  return { detail: why, value: null, mend: advice }
}
