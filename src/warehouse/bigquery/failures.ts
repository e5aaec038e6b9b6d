import { ExpectedError, TerminalError, TransientError } from '../../domain/errors.ts'
import { formatGb } from '../gigabytes.ts'

/** What Google's clients throw: a REST failure has an HTTP status and reasons, a gRPC failure a status from 1 to 16. */
export interface ApiFailure extends Error {
  code?: number | string
  errors?: { reason?: string; message?: string }[]
}

/** A job that BigQuery accepted and that then failed: repeating it takes a new job. */
export class JobFailure extends Error {
  readonly errors: { reason?: string; message?: string }[]

  constructor(result: { reason?: string | null; message?: string | null }) {
    super(result.message ?? 'the query failed')
    this.name = 'JobFailure'
    this.errors = [{ reason: result.reason ?? '', message: this.message }]
  }
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const GRPC = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

const TRANSIENT_GRPC: ReadonlySet<unknown> = new Set([
  GRPC.cancelled,
  GRPC.unknown,
  GRPC.deadlineExceeded,
  GRPC.resourceExhausted,
  GRPC.aborted,
  GRPC.internal,
  GRPC.unavailable,
])
const TRANSIENT_HTTP: ReadonlySet<unknown> = new Set([408, 429, 500, 502, 503, 504])
const TRANSIENT_NETWORK =
  /^(EPROTO|ERR_SSL_\w+|ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|ESOCKETTIMEDOUT|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_PREMATURE_CLOSE)$/
/** The client retries neither `403 rateLimitExceeded` nor `400 jobRateLimitExceeded`: https://cloud.google.com/bigquery/docs/error-messages */
const TRANSIENT_REASONS: ReadonlySet<string> = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'jobRateLimitExceeded',
  'backendError',
  'jobBackendError',
  'internalError',
  'jobInternalError',
  'tableUnavailable',
])

/** Ended from outside: by its time limit, by one of the project's, or by hand. */
const STOPPED: ReadonlySet<string> = new Set(['stopped', 'timeout'])

/** After a submit whose answer was lost BigQuery may know a job and not find it yet: https://github.com/googleapis/python-bigquery/issues/2134 */
export function isJobNotFound(error: unknown): boolean {
  const { code, message } = error as ApiFailure
  return code === 404 && /\bjob\b/i.test(message)
}

export function reasonOf(error: unknown): string {
  return (error as ApiFailure | undefined)?.errors?.[0]?.reason ?? ''
}

/** Whether the same call may succeed in a moment. */
export function isTransient(error: unknown): boolean {
  const { code, type, message } = error as ApiFailure & { type?: string }
  if (TRANSIENT_REASONS.has(reasonOf(error))) return true
  if (TRANSIENT_HTTP.has(code) || TRANSIENT_GRPC.has(code)) return true
  if (typeof code === 'string' && TRANSIENT_NETWORK.test(code)) return true
  return type === 'request-timeout' || /socket hang up|network timeout|Premature close/i.test(message)
}

/**
 * Two statements wanted to change the same rows at once: BigQuery lets the first one win. Or more than twenty wait for their turn at one
 * table, which it calls exceeded resources: https://cloud.google.com/bigquery/docs/data-manipulation-language#update_delete_merge_dml_concurrency
 */
export function isConflict(error: unknown): boolean {
  return /could not serialize access|concurrent update|too many DML statements/i.test(
    (error as Error).message,
  )
}

/** What the call was about, for the words of its error. */
export interface Circumstances {
  project: string
  dataset: string
  /** The user's SELECT was part of it: what is wrong with its text or its values is theirs to mend. */
  fromSource?: boolean
  /** What it needed, where just that was tried in this program's own dataset. */
  permission?: string | null
}

/** Why a call failed, in words for the user; a fault that none of them explains is a bug and comes back as it was. */
export function explainFailure(error: unknown, about: Circumstances): unknown {
  if (error instanceof ExpectedError || !(error instanceof Error)) return error
  if (STOPPED.has(reasonOf(error)) || isJobNotFound(error)) return later(error)
  const [message, hint] = explainCredentials(error) ?? explainRequest(error, about) ?? []
  if (message !== undefined) return new TerminalError(message, { ...(hint ? { hint } : {}), cause: error })
  const passes = reasonOf(error) === 'quotaExceeded' || isTransient(error) || isConflict(error)
  return passes ? later(error) : error
}

function later(error: Error): TransientError {
  return new TransientError(`BigQuery does not answer as it should: ${oneLine(error)}`, {
    cause: error,
    hint: 'Nothing is lost: run again later, or wait for the next scheduled run.',
  })
}

type Explanation = [message: string, hint?: string] | null

function explainCredentials(error: ApiFailure): Explanation {
  const text = oneLine(error)
  if (text.includes('Could not load the default credentials'))
    return [
      'no Google credentials were found',
      'On Kubernetes, bind the service account of the pod by Workload Identity; by hand, run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a key file.',
    ]
  const isRefused =
    error.code === 401 ||
    error.code === GRPC.unauthenticated ||
    /invalid_grant|invalid_rapt|invalid_client|GOOGLE_APPLICATION_CREDENTIALS|does not exist, or it is not a file|DECODER routines|PEM routines/.test(
      text,
    )
  if (!isRefused) return null
  return [
    `the Google credentials cannot be used: ${text}`,
    'They have expired, were revoked, or are no key: run `gcloud auth application-default login`, or correct GOOGLE_APPLICATION_CREDENTIALS or the Workload Identity binding.',
  ]
}

/** Google names both in bytes: `… limit for bytes billed: 53687091200. 64424509440 or higher required.` */
function tooMuchBilled(text: string): string {
  const [limit, needed] = (/bytes billed: (\d+)\. (\d+)/.exec(text) ?? []).slice(1).map(Number)
  if (limit === undefined || needed === undefined)
    return `the query would read more than warehouse.maximum_gb_billed allows: ${text}`
  return `the query would read ${formatGb(needed)}, and warehouse.maximum_gb_billed allows ${formatGb(limit)} (${text})`
}

function explainRequest(error: ApiFailure, about: Circumstances): Explanation {
  const reason = reasonOf(error)
  const text = oneLine(error)
  if (reason === 'bytesBilledLimitExceeded' || /exceeded limit for bytes billed/i.test(text))
    return [
      tooMuchBilled(text),
      'Partition the source by the column behind occurred_at, take a smaller window with --from and --to, or raise warehouse.maximum_gb_billed.',
    ]
  // A schema update or a billing rule can be refused with 403 as well, so the words decide before the status does.
  if (reason === 'billingNotEnabled' || reason === 'accountDisabled')
    return [text, `Turn billing on for project ${about.project}.`]
  if (/API has not been used in project|API is disabled|accessNotConfigured/i.test(`${reason} ${text}`))
    return [
      `BigQuery is not switched on: ${text}`,
      `Run \`gcloud services enable bigquery.googleapis.com bigquerystorage.googleapis.com --project ${about.project}\`.`,
    ]
  if (/without a filter over column/i.test(text))
    return [
      `the source SELECT fails: ${text}`,
      "Filter it by that column in the SELECT itself, such as WHERE ordered_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 60 DAY); the run's own window is narrower.",
    ]
  if ((reason === 'responseTooLarge' || reason === 'resourcesExceeded') && !isConflict(error))
    return [
      `the query needs more than BigQuery gives it: ${text}`,
      'Take a smaller window with --from and --to.',
    ]
  // Who may not see a table is not told whether it exists.
  if (about.fromSource && /permission to query table|perhaps it does not exist/i.test(text))
    return [
      `the source SELECT cannot be read: ${text}`,
      'Correct the table in the file that `source` names, or grant roles/bigquery.dataViewer on its dataset to the service account that runs this.',
    ]
  if (reason === 'accessDenied' || error.code === GRPC.permissionDenied || isPlain403(error))
    return [`BigQuery denied access: ${text}`, roleHint(text, about)]
  if (reason === 'notFound' || error.code === 404 || error.code === GRPC.notFound)
    return explainNotFound(text, about)
  if (error.code === GRPC.invalidArgument)
    return [
      `BigQuery refused what was to be written: ${text}`,
      'A table of this program was made by something else: compare it with `adjust-s2s init --print`.',
    ]
  if (/project ?id|projectId/i.test(text) && error.code === 400)
    return [
      `BigQuery does not know project ${about.project}: ${text}`,
      'Correct warehouse.project in the configuration.',
    ]
  if (!about.fromSource && error.code === 400 && /\blocation\b/i.test(text))
    return [
      `BigQuery has no such location: ${text}`,
      'Correct warehouse.location: where the dataset is, such as EU, US or europe-west3.',
    ]
  if (about.fromSource && (reason.startsWith('invalid') || error.code === 400)) return explainSource(text)
  return null
}

function isPlain403(error: ApiFailure): boolean {
  return error.code === 403 && !isTransient(error) && reasonOf(error) !== 'quotaExceeded'
}

function explainNotFound(text: string, about: Circumstances): Explanation {
  if (/\bs2s_(audit|runs|lease|latest)\b/.test(text))
    return [text, 'Create the tables with `adjust-s2s init`.']
  if (about.fromSource) return explainSource(text)
  return [
    text,
    `Correct warehouse.project, warehouse.dataset (now ${about.dataset}) or warehouse.location; \`adjust-s2s init\` makes a dataset that is missing.`,
  ]
}

function explainSource(text: string): Explanation {
  return [`the source SELECT fails: ${text}`, 'Correct the file that `source` names in the configuration.']
}

/** Which role holds the permission that BigQuery missed: https://cloud.google.com/bigquery/docs/access-control */
const ROLES: [permission: RegExp, role: string, on: 'project' | 'dataset'][] = [
  [/bigquery\.readsessions|read session/i, 'roles/bigquery.readSessionUser', 'project'],
  [/bigquery\.jobs/i, 'roles/bigquery.jobUser', 'project'],
  [
    /tables\.updateData|tables\.create|tables\.update|datasets\.create|TABLES_UPDATE_DATA/i,
    'roles/bigquery.dataEditor',
    'dataset',
  ],
  [/tables\.get|datasets\.get|getData/i, 'roles/bigquery.dataViewer', 'dataset'],
]

function roleHint(text: string, { project, dataset, permission }: Circumstances): string {
  const found = ROLES.find(([pattern]) => pattern.test(permission ?? text))
  const account = 'to the service account that runs this'
  if (!found) return `Grant the missing permission ${account}; \`adjust-s2s doctor\` tries each one.`
  const [, role, on] = found
  if (!permission) {
    const where = on === 'project' ? `project ${project}` : 'the dataset that the message names'
    return `Grant ${role} on ${where} ${account}; \`adjust-s2s doctor\` tries each one.`
  }
  const held = `(${permission})`
  if (on === 'project') return `Grant ${role} ${held} on project ${project} ${account}.`
  // Its own dataset is written to as well as read.
  return `Grant roles/bigquery.dataEditor ${held} on dataset ${dataset} ${account}.`
}

export function oneLine(error: Error): string {
  return error.message.replace(/\s+/g, ' ').trim()
}
