/** Requests of BigQuery's REST API, by what a test calls them. `other` is every one without a name of its own. */
const REST_NAMES = ['submit', 'job', 'page', 'cancel', 'tabledata', 'metadata', 'other'] as const
export type RestCall = (typeof REST_NAMES)[number]

export function isRestCall(name: string): name is RestCall {
  return (REST_NAMES as readonly string[]).includes(name)
}

/**
 * Calls of the Storage API: its methods in lower camel case, with `append` for one message of AppendRows. The other calls are one
 * stream each, whatever the number of their messages.
 */
export type GrpcCall = 'createReadSession' | 'readRows' | 'splitReadStream' | 'append' | StreamCall
type StreamCall =
  | 'createWriteStream'
  | 'getWriteStream'
  | 'finalizeWriteStream'
  | 'batchCommitWriteStreams'
  | 'flushRows'

/** A call that came by, whatever became of it. */
export interface ProxiedCall {
  call: RestCall | GrpcCall
  method: string
  /** With the query string. */
  path: string
  /** The job that a REST call names: in its path, or in the body of a submit. */
  jobId: string | null
  /** The body of a REST call that has one: for a submit `jobReference` and `configuration`. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it; its shape is that of the API.
  body: any
  /** What the proxy did with it; null when it went through untouched. */
  fault: string | null
}

/** Paths are those of the API's reference, after `/projects/PROJECT/`. */
const REST_CALLS: [call: RestCall, method: string, path: RegExp][] = [
  ['submit', 'POST', /^(jobs|queries)$/],
  ['cancel', 'POST', /^jobs\/[^/]+\/cancel$/],
  ['job', 'GET', /^jobs\/[^/]+$/],
  ['page', 'GET', /^queries\/[^/]+$/],
  ['tabledata', 'GET', /^datasets\/[^/]+\/tables\/[^/]+\/data$/],
  ['metadata', 'GET', /^datasets\/[^/]+(\/tables\/[^/]+)?$/],
]

/** The part of a path after `/projects/PROJECT/`, without the query string. */
function resourceOf(path: string): string {
  return /\/projects\/[^/]+\/([^?]*)/.exec(path)?.[1] ?? ''
}

export function restCall(method: string, path: string): RestCall {
  const resource = resourceOf(path)
  const found = REST_CALLS.find(([, verb, pattern]) => verb === method && pattern.test(resource))
  return found?.[0] ?? 'other'
}

/** The job that a path names; null for all that is about none. */
export function jobIdOf(path: string): string | null {
  const encoded = /^(?:jobs|queries)\/([^/]+)/.exec(resourceOf(path))?.[1]
  return encoded === undefined ? null : decodeURIComponent(encoded)
}

/** `/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows` is `append`. */
export function grpcCall(path: string): GrpcCall {
  const method = path.slice(path.lastIndexOf('/') + 1)
  return method === 'AppendRows' ? 'append' : ((method[0]!.toLowerCase() + method.slice(1)) as GrpcCall)
}
