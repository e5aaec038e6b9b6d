import type { Random } from '../domain/clock.ts'
import { FAULT_NAMES, type Fault, type KnownFaultPlan, type Latency } from './fault-plan.ts'
import { normal } from './prng.ts'

/** Where a request stands, counted from the moment at which the plan was set. */
export interface Position {
  /** From 1. */
  number: number
  elapsedMs: number
}

interface Condition {
  probability: number
  first?: number | undefined
  requests?: number[] | undefined
  from_ms?: number | undefined
  to_ms?: number | undefined
}

/**
 * The fault that strikes a request, or null. One number is drawn for all faults together, so that each strikes
 * with exactly its own probability as long as those that apply do not add up to more than 1.
 */
export function chooseFault(plan: KnownFaultPlan, position: Position, random: Random): Fault | null {
  let remaining = random()
  for (const name of FAULT_NAMES) {
    const settings = plan[name]
    if (settings === undefined || !applies(settings, position)) continue
    remaining -= settings.probability
    if (remaining < 0) return { name, ...settings } as Fault
  }
  return null
}

function applies(condition: Condition, { number, elapsedMs }: Position): boolean {
  if (condition.first !== undefined && number > condition.first) return false
  if (condition.requests !== undefined && !condition.requests.includes(number)) return false
  return elapsedMs >= (condition.from_ms ?? 0) && elapsedMs < (condition.to_ms ?? Number.POSITIVE_INFINITY)
}

/** The 99th percentile of the standard normal distribution. */
const NORMAL_P99 = 2.3263

/** Milliseconds that an answer takes. */
export function drawLatencyMs(latency: Latency, random: Random): number {
  if (typeof latency === 'number') return latency
  if ('min' in latency) return latency.min + random() * (latency.max - latency.min)
  const spread = Math.log(latency.p99 / latency.median) / NORMAL_P99
  return latency.median * Math.exp(spread * normal(random))
}

/** Whether the event behind a fault is handled as if nothing were wrong. */
export function isHandled(fault: Fault | null, random: Random): boolean {
  switch (fault?.name) {
    case 'too_many_requests':
    case 'internal_error':
    case 'reset_before_reading':
      return false
    case 'gateway_error':
    case 'no_answer':
    case 'garbage_body':
      return random() < fault.counted
    default:
      return true
  }
}
