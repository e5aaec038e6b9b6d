/** An answer of the REST API. */
export interface RestAnswer {
  status: number
  /** Header names in lower case. */
  headers: Record<string, string | string[]>
  body: Buffer
}

/** HTTP codes of the reasons in BigQuery's table of errors: docs.cloud.google.com/bigquery/docs/error-messages. */
const HTTP_CODES: Record<string, number> = {
  accessDenied: 403,
  backendError: 503,
  duplicate: 409,
  internalError: 500,
  notFound: 404,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  responseTooLarge: 403,
}

/** Google's names of HTTP codes in the `status` of an error. */
const STATUS_NAMES: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
}

/** BigQuery's ErrorProto. */
export interface JobError {
  reason: string
  message: string
  location?: string
}

export function json(status: number, value: unknown): RestAnswer {
  const body = Buffer.from(JSON.stringify(value))
  return { status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body }
}

/** The JSON that every Google API answers an error with. */
export function restError(status: number, reason: string, message: string): RestAnswer {
  const errors = [{ message, domain: 'global', reason }]
  return json(status, { error: { code: status, message, errors, status: STATUS_NAMES[status] ?? 'UNKNOWN' } })
}

/** The error of a failed job as the answer to a request for its rows, with the code that the table gives for its reason. */
export function jobErrorAnswer({ reason, message }: JobError): RestAnswer {
  return restError(HTTP_CODES[reason] ?? 400, reason, message)
}

/** docs.cloud.google.com/bigquery/docs/error-messages: 401 for a token that is not, or no longer, valid. */
export function unauthenticated(): RestAnswer {
  return restError(401, 'authError', CREDENTIALS_EXPIRED)
}

export const CREDENTIALS_EXPIRED =
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.'
