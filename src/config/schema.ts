import { z } from 'zod'
import { SHORTEST_AUDIT_DAYS } from '../domain/durations.ts'

/** What a setting's metadata may say beside its description. `examples[0]` stands in the printed example where no default exists. */
interface FieldMeta {
  description: string
  /** What may be written, where the type alone does not say it. */
  allowed?: string
  examples?: string[]
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

const ADDRESS = 'an https:// address without user name or query; http:// for loopback alone'

/** Plain HTTP would put the authentication token and device ids on the wire in clear text; loopback never leaves the machine. */
function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

/** Rows and seconds are counted there and nothing else, and the Pushgateway of a cluster rarely speaks TLS. */
function isPushAddress(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
}

const address = (description: string) => z.string().refine(isSafeUrl).meta({ description, allowed: ADDRESS })
const text = (meta: FieldMeta) =>
  z
    .string()
    .trim()
    .min(1)
    .meta({ allowed: 'text', ...meta })
const path = (meta: FieldMeta) => text({ allowed: "a path, from the configuration file's folder", ...meta })
const whole = (from: number, to: number, value: number, description: string) =>
  z.int().min(from).max(to).default(value).meta({ description })
const choice = <const T extends readonly string[]>(values: T, value: T[number], description: string) =>
  z
    .enum(values)
    .default(value as z.util.NoUndefined<T[number]>)
    .meta({ description })

const inDoubtPolicies = ['hold', 'skip', 'resend'] as const

const duckdb = z.strictObject({
  type: z.literal('duckdb').meta({ description: 'duckdb, a file that needs no server, or bigquery.' }),
  path: path({
    description: 'The DuckDB file that holds the transactions; the audit tables are created in it.',
    allowed: "the path of a file, from the configuration file's folder",
    examples: ['warehouse.duckdb'],
  }).refine((value) => !value.startsWith(':memory:')),
})

const bigquery = z.strictObject({
  type: z.literal('bigquery').meta({ description: 'duckdb, a file that needs no server, or bigquery.' }),
  project: text({
    description: 'Google Cloud project that runs and pays for the queries.',
    allowed: "a project's id: letters, digits and hyphens",
    examples: ['my-project'],
  }).regex(/^[a-z0-9.:-]+$/i),
  dataset: text({
    description: 'Dataset that holds the audit tables.',
    allowed: "a dataset's name without its project: letters, digits and _",
    examples: ['adjust_s2s'],
  }).regex(/^\w+$/),
  location: text({
    description: 'Where the dataset lives.',
    allowed: 'EU, US or a region such as europe-west1',
  })
    .regex(/^[a-z0-9-]+$/i)
    .default('EU'),
  maximum_gb_billed: z.number().positive().min(0.01).max(1_000_000).default(50).meta({
    description:
      'A query that would bill more gigabytes (2^30 bytes) than this fails before it costs anything.',
  }),
  usd_per_tib: z.number().nonnegative().max(1_000).default(6.25).meta({
    description:
      'Price of a tebibyte that a query reads, for the estimates; 0 where slots are paid for instead.',
    allowed: 'a number from 0 to 1,000',
  }),
  api_endpoint: address("BigQuery's REST API, for a private endpoint or an emulator.").default(
    'https://bigquery.googleapis.com',
  ),
  storage_endpoint: address("BigQuery's Storage API (gRPC), likewise.").default(
    'https://bigquerystorage.googleapis.com',
  ),
})

const adjust = z.strictObject({
  url: z.string().refine(isSafeUrl).default('https://s2s.adjust.com').meta({
    description: "Adjust's server-to-server address, or a simulator's.",
    allowed: ADDRESS,
  }),
  environment: choice(
    ['sandbox', 'production'],
    'sandbox',
    'What events are sent as when their row does not say. Set production to have them counted.',
  ),
  request_style: choice(
    ['post_body', 'post_url', 'get'],
    'post_body',
    'Where the parameters stand. In a body, ids and amounts stay out of access logs.',
  ),
  timestamp: choice(
    ['created_at', 'created_at_unix_s', 'created_at_unix_ms'],
    'created_at',
    'The parameter that carries occurred_at: as a date, as seconds, or as milliseconds.',
  ),
  adid: choice(
    ['warn', 'require'],
    'warn',
    "A row without Adjust's own device id: send it with a warning, or call it invalid.",
  ),
  unauthenticated: choice(
    ['stop', 'allow'],
    'stop',
    'Adjust took an event but found no or a wrong authentication token (a 202): stop the run, or go on.',
  ),
})

const inDoubt = z.strictObject({
  revenue: choice(
    inDoubtPolicies,
    'hold',
    'Events with revenue. hold: the device waits for evidence. skip: at most once. resend: at least once.',
  ),
  other: choice(inDoubtPolicies, 'hold', 'Events without revenue: the same choice.'),
})

const delivery = z.strictObject({
  requests_per_second: whole(1, 100_000, 50, 'Never more than this in any one second, retries included.'),
  concurrency: whole(
    1,
    2048,
    64,
    'Most requests in flight at once; a crash leaves at most this many in doubt.',
  ),
  timeout_ms: whole(
    100,
    120_000,
    10_000,
    'Milliseconds to wait for an answer; after that the event is in doubt.',
  ),
  max_age_days: whole(
    1,
    58,
    58,
    'Events older than this are not sent. Adjust refuses what is older than 58 days.',
  ),
  settle_minutes: whole(
    0,
    1440,
    15,
    'The newest rows wait this long, so that rows that reach the warehouse late are still sorted in.',
  ),
  late: choice(
    ['skip', 'send'],
    'skip',
    'A row that comes after a later event of its device was delivered: skip it, or try although Adjust refuses most.',
  ),
  in_doubt: inDoubt
    .prefault({})
    .meta({ description: 'When no answer says whether Adjust counted an event.' }),
  in_doubt_hold_hours: whole(1, 1392, 24, 'How long hold waits for evidence before the event is abandoned.'),
  device_not_found_retry_days: whole(
    0,
    58,
    7,
    'Events of a device that Adjust does not know yet are tried again in later runs for this many days.',
  ),
  max_attempts: whole(1, 20, 5, 'Requests for one event in one run, the first included.'),
})

/**
 * `adjust-s2s.yaml`, key by key. A setting's description is its only documentation in the code:
 * `init --example` prints it as the comment above the setting.
 */
export const settingsSchema = z.strictObject({
  warehouse: z
    .discriminatedUnion('type', [duckdb, bigquery])
    .meta({ description: 'Where the transactions are, and where the audit tables are kept.' }),
  source: path({
    description: "A file with one SELECT, in the warehouse's own dialect, that yields the transactions.",
    allowed: "the path of a file, from the configuration file's folder",
    examples: ['sql/transactions.sql'],
  }),
  state_dir: path({
    description: 'Folder of the send journal. It has to survive a restart: it says what may have been sent.',
    allowed: "the path of a folder, from the configuration file's folder",
  }).default('.adjust-s2s'),
  adjust: adjust.prefault({}).meta({ description: 'What is sent, and where to.' }),
  delivery: delivery.prefault({}).meta({ description: 'How fast, how often, and what waits for what.' }),
  audit: z
    .strictObject({
      identifiers: choice(
        ['hashed', 'plain'],
        'hashed',
        'Device identifiers in the audit table: as SHA-256, or also in plain text.',
      ),
      expire_days: z
        .int()
        .min(0)
        .max(36_500)
        .refine((days) => days === 0 || days >= SHORTEST_AUDIT_DAYS)
        .default(0)
        .meta({
          description:
            'BigQuery deletes audit rows of transactions that are older than this; 0 keeps them. `init` sets it.',
          allowed: `0, or a whole number of days from ${SHORTEST_AUDIT_DAYS} to 36,500`,
        }),
    })
    .prefault({})
    .meta({ description: 'What the audit table keeps.' }),
  metrics: z
    .strictObject({
      file: z.string().trim().default('').meta({
        description:
          'File that a run leaves its metrics in, for a node-exporter (FILE.prom); empty: none. `--metrics-file` goes before.',
        allowed: "empty, or the path of a file, from the configuration file's folder",
      }),
      pushgateway_url: z
        .string()
        .trim()
        .refine((value) => value === '' || isPushAddress(value))
        .default('')
        .meta({
          description: 'Prometheus Pushgateway that a run sends its metrics to; empty: none.',
          allowed: 'empty, or an http:// or https:// address without query',
        }),
    })
    .prefault({})
    .meta({ description: 'How a run reports to Prometheus: docs/monitoring.md.' }),
})

/** The settings as the file spells them, defaults filled in. */
export type Settings = z.output<typeof settingsSchema>
