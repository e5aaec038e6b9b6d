import { z } from 'zod'

const probability = z.number().min(0).max(1)
const milliseconds = z.number().min(0)

/** When a fault strikes. All conditions that are given must hold; numbers and times count from when the plan was set. */
const when = {
  probability: probability.default(1).describe('Of each request that meets the other conditions.'),
  first: z.int().min(0).optional().describe('Only the first N requests.'),
  requests: z.array(z.int().min(1)).optional().describe('Only the requests with these numbers, from 1.'),
  from_ms: milliseconds.optional().describe('Only from this time on.'),
  to_ms: milliseconds.optional().describe('Only before this time.'),
}

/** A fault is a probability, or an object with its conditions and settings. */
function fault<Settings extends z.ZodRawShape>(settings: Settings, description: string) {
  const full = z.strictObject({ ...when, ...settings })
  const short = probability.transform((share) => full.parse({ probability: share }))
  return z
    .union([short, full], { error: 'expected a probability or an object' })
    .optional()
    .describe(description)
}

const counted = (share: number) =>
  probability.default(share).describe('Probability that the event is counted all the same.')

const latencySchema = z.union(
  [
    milliseconds,
    z
      .strictObject({ min: milliseconds, max: milliseconds })
      .refine(({ min, max }) => min <= max, { message: 'min is greater than max' }),
    z
      .strictObject({ median: z.number().positive(), p99: z.number().positive() })
      .refine(({ median, p99 }) => median <= p99, { message: 'median is greater than p99' }),
  ],
  { error: 'expected a number, { min, max } or { median, p99 }' },
)

/** What goes wrong on the wire. At most one of the faults strikes a request; latency comes on top. */
export const faultPlanSchema = z.strictObject({
  latency_ms: latencySchema
    .default(0)
    .describe('Of every answer: fixed, uniform `{ min, max }`, or log-normal `{ median, p99 }`.'),
  too_many_requests: fault(
    {
      retry_after_seconds: z
        .int()
        .min(0)
        .nullable()
        .default(1)
        .describe('For the Retry-After header; null sends none.'),
      retry_after_form: z.enum(['seconds', 'date']).default('seconds').describe('HTTP allows both.'),
    },
    '429, not counted.',
  ),
  internal_error: fault({}, '500 with the documented JSON error, not counted.'),
  gateway_error: fault(
    {
      statuses: z
        .array(z.int().min(500).max(599))
        .min(1)
        .default([502, 503, 500])
        .describe('One of these is taken.'),
      counted: counted(0.5),
    },
    'A 5xx with an HTML page.',
  ),
  reset_before_reading: fault({}, 'The connection is reset before the request is read; not counted.'),
  reset_after_accepting: fault({}, 'The request is handled, then the connection is reset without an answer.'),
  no_answer: fault({ counted: counted(0.5) }, 'The connection stays open and silent.'),
  slow_answer: fault(
    { delay_ms: milliseconds.default(2_000).describe('On top of the latency.') },
    'The right answer, late.',
  ),
  slow_body: fault(
    { byte_every_ms: milliseconds.default(200).describe('Time between two bytes of the body.') },
    'Headers at once, then the right body byte by byte.',
  ),
  garbage_body: fault({ counted: counted(0.5) }, '200 with a body that means nothing.'),
  refuse_connections: z
    .strictObject({
      every_ms: milliseconds.min(1).describe('From the start of one window to the start of the next.'),
      for_ms: milliseconds.min(1).describe('Length of a window.'),
      first_after_ms: milliseconds
        .min(1)
        .optional()
        .describe('Start of the first window; `every_ms` by default.'),
      close_idle: z
        .boolean()
        .default(false)
        .describe(
          'Close idle connections when a window opens. A request that is on its way then breaks; without it an open connection answers once more and asks to be closed.',
        ),
    })
    .refine(({ every_ms, for_ms }) => for_ms < every_ms, {
      message: 'for_ms must be less than every_ms',
      path: ['for_ms'],
    })
    .optional()
    .describe('Windows of time in which nothing listens on the port.'),
})

/** A fault plan as people write it: every key is optional. */
export type FaultPlan = z.input<typeof faultPlanSchema>
export type KnownFaultPlan = z.output<typeof faultPlanSchema>
export type Latency = KnownFaultPlan['latency_ms']
export type RefusalSettings = NonNullable<KnownFaultPlan['refuse_connections']>

/** Faults that strike one request, in the order in which they share the range of a probability. */
export const FAULT_NAMES = [
  'too_many_requests',
  'internal_error',
  'gateway_error',
  'reset_before_reading',
  'reset_after_accepting',
  'no_answer',
  'slow_answer',
  'slow_body',
  'garbage_body',
] as const
export type FaultName = (typeof FAULT_NAMES)[number]

/** A fault that strikes a request, with its settings: `{ name: 'slow_answer', delay_ms: 2000, … }`. */
export type Fault = {
  [Name in FaultName]: { name: Name } & NonNullable<KnownFaultPlan[Name]>
}[FaultName]
