import type { Event, SourceRow } from '../domain/event.ts'
import { timestampParameter } from './created-at.ts'
import { readCurrency } from './currency.ts'
import type { Envelope } from './envelope.ts'
import { type Fault, fault, isFault } from './fault.ts'
import { encodeValue } from './form-encoding.ts'
import { deviceNames, identifierParameters, readIdentifiers, sentIdentifiers } from './identifiers.ts'
import { ipAddressParameter } from './ip-address.ts'
import type { FlatObject } from './json-object.ts'
import {
  callbackParameters,
  encodeFurtherParameters,
  partnerParameters,
  readFurtherParameters,
} from './parameters.ts'
import { readRevenue } from './revenue.ts'
import type { TransformRules } from './rules.ts'

/** Adjust says "1 MB"; this is the smaller of the two things that it can mean. */
const MAX_REQUEST_BYTES = 1_000_000

/**
 * Checks the contents of a row and encodes the request. Faults, in this order: identifiers, revenue and
 * currency, callback parameters, partner parameters, further parameters, what ad revenue needs, size.
 */
export function encodeEvent(
  row: SourceRow,
  envelope: Envelope,
  rules: TransformRules,
  warnings: string[],
): Event | Fault {
  const identifiers = readIdentifiers(row.identifiers, rules.adid, warnings)
  if (isFault(identifiers)) return identifiers
  if (rules.deviceId === 'require' && !identifiers.some(({ kind }) => kind === 'device_id'))
    return fault('device_id_missing')
  const price = readPrice(row, warnings)
  if (isFault(price)) return price
  const callback = callbackParameters(row.transactionId, row.callbackParams, warnings)
  if (isFault(callback)) return callback
  const partner = partnerParameters(row.partnerParams, warnings)
  if (isFault(partner)) return partner
  const further = readFurtherParameters(row.parameters, warnings)
  if (isFault(further)) return further
  const incomplete = envelope.kind === 'ad_revenue' ? adRevenueFault(price, further) : null
  if (incomplete) return incomplete

  const query =
    envelopeParameters(envelope, rules, warnings) +
    identifierParameters(identifiers, warnings) +
    (price.revenue === null ? '' : `&revenue=${price.revenue}&currency=${price.currency}`) +
    ipAddressParameter(row.ipAddress, warnings) +
    optional('user_agent', row.userAgent, warnings) +
    optional('os_name', row.osName, warnings) +
    callback +
    partner +
    (envelope.kind === 'ad_revenue' ? adRevenueSource(further) : '') +
    encodeFurtherParameters(further, warnings)
  if (query.length > MAX_REQUEST_BYTES) return tooLarge(query)

  return {
    transactionId: row.transactionId,
    kind: envelope.kind,
    appToken: envelope.appToken,
    eventToken: envelope.eventToken,
    occurredAtMicros: envelope.occurredAtMicros,
    revenue: price.revenue,
    currency: price.currency,
    deviceNames: deviceNames(identifiers, row.knownDeviceNames),
    identifiers: rules.plainIdentifiers ? sentIdentifiers(identifiers) : null,
    path: `/${envelope.kind}`,
    query,
    expiresAtMs: envelope.expiresAtMs,
    warnings,
    earlier: row.earlier,
  }
}

interface Price {
  revenue: string | null
  currency: string | null
}

const NO_PRICE: Price = { revenue: null, currency: null }

/**
 * A currency without revenue says nothing and is left out: many a SELECT has the same one on every row. It may also be all that is left of
 * an amount that a TRY_CAST could not read, so it is worth a warning.
 */
function readPrice(row: SourceRow, warnings: string[]): Price | Fault {
  if (row.revenue === null) {
    if (row.currency) warnings.push('revenue_missing')
    return NO_PRICE
  }
  const revenue = readRevenue(row.revenue)
  if (isFault(revenue)) return revenue
  if (revenue.amount === null) {
    warnings.push('revenue_zero')
    return NO_PRICE
  }
  const currency = readCurrency(row.currency)
  return isFault(currency) ? currency : { revenue: revenue.amount, currency: currency.code }
}

function envelopeParameters(envelope: Envelope, rules: TransformRules, warnings: string[]): string {
  const { kind, eventToken } = envelope
  const appToken = encodeValue(envelope.appToken, warnings)
  const token = kind === 'event' ? optional('event_token', eventToken, warnings) : ''
  const timestamp = timestampParameter(rules.timestamp, envelope.occurredAtMicros)
  return `s2s=1&app_token=${appToken}${token}&environment=${envelope.environment}&${timestamp}`
}

function optional(name: string, value: string | null, warnings: string[]): string {
  return value ? `&${name}=${encodeValue(value, warnings)}` : ''
}

function adRevenueFault(price: Price, further: FlatObject): Fault | null {
  const missing: string[] = []
  if (price.revenue === null) missing.push('revenue above zero')
  if (!further.some(([name, text]) => name === 'ad_impressions_count' && text !== '')) {
    missing.push('parameters.ad_impressions_count')
  }
  return missing.length === 0 ? null : fault('ad_revenue_incomplete', `missing: ${missing.join(', ')}`)
}

/** Adjust wants to know who measured it; a row can say so itself in `parameters`. */
function adRevenueSource(further: FlatObject): string {
  return further.some(([name]) => name === 'source') ? '' : '&source=publisher'
}

/**
 * Encoded text is ASCII, so its characters are its bytes. The message names the part that is worth cutting.
 */
function tooLarge(query: string): Fault {
  const largest = query.split('&').reduce((a, b) => (b.length > a.length ? b : a))
  const name = decodeURIComponent(largest.slice(0, largest.indexOf('=')))
  return fault(
    'request_too_large',
    `${query.length} bytes encoded, more than ${MAX_REQUEST_BYTES}; most of it is ${name}`,
  )
}
