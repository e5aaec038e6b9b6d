import { z } from 'zod'

const token = z.string().min(1)

const eventTokenSchema = z.strictObject({
  status: z
    .enum(['active', 'blocklisted', 'tracking_disabled'])
    .default('active')
    .describe('`blocklisted` and `tracking_disabled` are answered with 403.'),
  unique: z.boolean().default(false).describe('Counted once per device; after that a 400.'),
})

const appSchema = z.strictObject({
  status: z
    .enum(['active', 'inactive', 'tracking_disabled'])
    .default('active')
    .describe('`inactive` and `tracking_disabled` are answered with 403.'),
  secret: token
    .optional()
    .describe(
      'The S2S token that the dashboard shows. Without one, the Authorization header is not looked at.',
    ),
  security: z
    .enum(['off', 'active'])
    .default('off')
    .describe('`off`: a missing or wrong token gets 202 and the event counts. `active`: 401.'),
  session_enabled: z.boolean().default(true).describe('Whether Adjust has enabled /session for the app.'),
  any_event_token: z
    .boolean()
    .default(true)
    .describe('Whether event tokens that are not listed are taken as well.'),
  event_tokens: z
    .record(token, eventTokenSchema)
    .default({})
    .describe('What is special about an event token.'),
})

const onsetSchema = z.union(
  [
    z.boolean(),
    z.strictObject({
      after_seconds: z.number().min(0).optional().describe('Since the simulator was started.'),
      after_requests: z.int().min(0).optional().describe('Requests with this identifier that come first.'),
    }),
  ],
  { error: 'expected true, false, { after_seconds } or { after_requests }' },
)

const deviceSchema = z.strictObject({
  known: onsetSchema
    .default(true)
    .describe('`false`: 404 Device not found. `{ after_seconds }` or `{ after_requests }`: known later.'),
  opted_out: onsetSchema
    .default(false)
    .describe('`true`: 451. `{ after_seconds }` or `{ after_requests }`: opts out later.'),
  installed_at: z.iso
    .datetime({ offset: true })
    .transform((text) => Date.parse(text))
    .optional()
    .describe('ISO instant of the install; events created before it are refused.'),
})

const answersSchema = z.strictObject({
  ok: z.enum(['text', 'json']).default('text').describe('`OK` as text/plain, or `{"status":"OK"}`.'),
  failure: z
    .enum(['json', 'json_as_text', 'text'])
    .default('json')
    .describe('The documented JSON error, the same sent as text/plain, or its message alone as text/plain.'),
  extra_text: z.string().default('').describe('More text inside the brackets, after the message.'),
  blocklist_spelling: z
    .enum(['blocklisted', 'blacklisted'])
    .default('blocklisted')
    .describe('Both have been seen.'),
  statuses: z
    .record(z.string(), z.int().min(200).max(599))
    .default({})
    .describe('Another HTTP status for a message: `{ "Bad event state": 422 }`.'),
})

/** What the simulated Adjust knows, and how it words its answers. Everything is allowed unless told otherwise. */
export const worldSchema = z.strictObject({
  any_app: z
    .boolean()
    .default(true)
    .describe('Whether well-formed app tokens that are not listed are taken.'),
  default_app: appSchema.prefault({}).describe('How an app that is not listed behaves.'),
  apps: z.record(token, appSchema).default({}).describe('Apps by app token.'),
  any_device: z
    .boolean()
    .default(true)
    .describe('Whether a device is known though none of its identifiers is listed.'),
  devices: z
    .record(token, deviceSchema)
    .default({})
    .describe('Devices by the value of one of their identifiers, in any case of letters.'),
  max_age_days: z.number().positive().default(58).describe('Older events and sessions are refused.'),
  max_ad_revenue_age_days: z.number().positive().default(28).describe('Older ad revenue is refused.'),
  max_request_bytes: z
    .int()
    .positive()
    .default(1_000_000)
    .describe('URL and body together; more gets 413. Adjust says "1 MB": the smaller reading of it.'),
  answers: answersSchema.prefault({}).describe('Variants of the answers that senders have seen.'),
})

/** A world as people write it: every key is optional. */
export type World = z.input<typeof worldSchema>
export type KnownWorld = z.output<typeof worldSchema>
export type App = z.output<typeof appSchema>
export type Onset = z.output<typeof onsetSchema>
export type DeviceSettings = z.output<typeof deviceSchema>
export type AnswerVariants = z.output<typeof answersSchema>
