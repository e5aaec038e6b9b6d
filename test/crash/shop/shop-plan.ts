import type { Random } from '../../../src/domain/clock.ts'
import type { FaultPlan } from '../../../src/simulator/fault-plan.ts'
import { between, oneOf, whole } from '../draw.ts'

export type Policy = 'hold' | 'skip' | 'resend'

/** What a shop is like: how it is set up, how busy it is, and how its Adjust behaves while processes die. */
export interface ShopPlan {
  seed: number
  requestsPerSecond: number
  concurrency: number
  timeoutMs: number
  inDoubt: { revenue: Policy; other: Policy }
  /** Devices that buy at the same time: the fewer, the more purchases wait for each other. */
  devices: number
  /** Purchases that come in one second of sending. */
  purchasesPerSecond: number
  /** `state_dir` on a disk so small that it can run full. */
  smallDisk: boolean
  /** Names the faults, for the report. */
  weather: Weather
  faults: FaultPlan
}

const WEATHERS = ['fair', 'busy', 'breaking', 'refusing'] as const
export type Weather = (typeof WEATHERS)[number]

/**
 * Draws a shop. `resend` is among the policies, but acts like `hold` here: an event is left alone for 15 minutes before it is sent again,
 * and no shop lives that long.
 */
export function drawShop(random: Random, seed: number): ShopPlan {
  // In turns: a few shops have met them all.
  const weather = WEATHERS[seed % WEATHERS.length]!
  const requestsPerSecond = oneOf(random, [200, 400, 800, 3_000])
  const concurrency = whole(random, 16, 64)
  const latencyMs = oneOf(random, [5, 25, 60])
  return {
    seed,
    requestsPerSecond,
    concurrency,
    timeoutMs: 1_500,
    inDoubt: { revenue: drawPolicy(random), other: drawPolicy(random) },
    devices: whole(random, 100, 500),
    purchasesPerSecond: Math.min(requestsPerSecond, 500, (concurrency * 700) / latencyMs),
    smallDisk: random() < 0.6,
    weather,
    faults: { latency_ms: { median: latencyMs, p99: latencyMs * 6 }, ...drawFaults(random, weather) },
  }
}

function drawPolicy(random: Random): Policy {
  return oneOf(random, ['hold', 'hold', 'skip', 'skip', 'resend'])
}

/** What may go wrong on the wire while processes die. A share of one in a hundred keeps most of a run going. */
function drawFaults(random: Random, weather: Weather): FaultPlan {
  switch (weather) {
    case 'fair':
      return {}
    case 'busy':
      return {
        too_many_requests: { probability: 0.01, retry_after_seconds: 0 },
        internal_error: 0.01,
        slow_answer: { probability: 0.01, delay_ms: 400 },
      }
    case 'breaking':
      return {
        reset_before_reading: 0.003,
        reset_after_accepting: 0.003,
        no_answer: 0.003,
        gateway_error: 0.003,
        garbage_body: 0.003,
        slow_body: { probability: 0.002, byte_every_ms: 50 },
      }
    case 'refusing': {
      const everyMs = Math.round(between(random, 900, 2_500))
      return { refuse_connections: { every_ms: everyMs, for_ms: 80, close_idle: random() < 0.5 } }
    }
  }
}
