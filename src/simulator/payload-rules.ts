import type { AnswerName } from './answers.ts'
import type { EventRequest } from './request.ts'

/** Adjust's limits for revenue, in full currency units. */
const MIN_REVENUE = 0.001
const MAX_REVENUE = 100_000_000_000

/** What Adjust finds wrong in a request's own values; null if nothing. */
export function checkPayload(request: EventRequest): AnswerName | null {
  if (request.callbackParams === 'invalid' || request.partnerParams === 'invalid') {
    return 'invalidCallbackParameters'
  }
  if (request.path === '/ad_revenue') return checkAdRevenue(request.parameters)
  if (request.path === '/event' && request.parameters.has('revenue')) return checkRevenue(request.parameters)
  return null
}

function checkRevenue(parameters: ReadonlyMap<string, string>): AnswerName | null {
  const revenue = parameters.get('revenue') ?? ''
  const amount = /^\d+(\.\d+)?$/.test(revenue) ? Number(revenue) : Number.NaN
  const inRange = amount >= MIN_REVENUE && amount <= MAX_REVENUE
  return inRange && /^[A-Z]{3}$/.test(parameters.get('currency') ?? '') ? null : 'invalidRevenue'
}

/** `source=publisher`, `revenue`, `currency` and `ad_impressions_count` are required. */
function checkAdRevenue(parameters: ReadonlyMap<string, string>): AnswerName | null {
  const fromPublisher = parameters.get('source') === 'publisher'
  const countsImpressions = /^\d+$/.test(parameters.get('ad_impressions_count') ?? '')
  return fromPublisher && countsImpressions ? checkRevenue(parameters) : 'invalidAdRevenue'
}
