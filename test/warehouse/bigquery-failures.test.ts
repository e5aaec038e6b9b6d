import { describe, expect, it } from 'vitest'
import { TerminalError, TransientError } from '../../src/domain/errors.ts'
import {
  type ApiFailure,
  explainFailure,
  GRPC,
  isTransient,
  JobFailure,
} from '../../src/warehouse/bigquery/failures.ts'

const about = { project: 'p', dataset: 'd' }
const fromSource = { ...about, fromSource: true }

const rest = (code: number, reason: string, message = reason): ApiFailure =>
  Object.assign(new Error(message), { code, errors: [{ reason, message }] })
const rpc = (code: number, message = 'no'): ApiFailure => Object.assign(new Error(message), { code })
const network = (code: string): ApiFailure =>
  Object.assign(new Error(`request to BigQuery failed, ${code}`), { code })

describe('a failure of BigQuery', () => {
  it.each([
    ['503', rest(503, 'backendError')],
    ['502', rest(502, '')],
    ['429', rest(429, '')],
    ['403 rateLimitExceeded', rest(403, 'rateLimitExceeded')],
    ['400 jobRateLimitExceeded', rest(400, 'jobRateLimitExceeded')],
    ['a job that broke', new JobFailure({ reason: 'jobBackendError', message: 'it broke' })],
    ['UNAVAILABLE', rpc(GRPC.unavailable)],
    ['RESOURCE_EXHAUSTED', rpc(GRPC.resourceExhausted)],
    ['ABORTED', rpc(GRPC.aborted)],
    ['a connection that was reset', network('ECONNRESET')],
    ['a connection that was refused', network('ECONNREFUSED')],
    ['a name that cannot be found for a moment', network('EAI_AGAIN')],
    ['a socket that hung up', new Error('socket hang up')],
  ])('passes by itself: %s', (_, error) => {
    expect(isTransient(error)).toBe(true)
    expect(explainFailure(error, about)).toBeInstanceOf(TransientError)
  })

  it.each([
    ['a query that is wrong', rest(400, 'invalidQuery')],
    ['no permission', rest(403, 'accessDenied')],
    ['a table that is not there', rest(404, 'notFound')],
    ['credentials', rest(401, 'authError')],
    ['PERMISSION_DENIED', rpc(GRPC.permissionDenied)],
    ['UNAUTHENTICATED', rpc(GRPC.unauthenticated)],
    ['a quota of the day', rest(403, 'quotaExceeded')],
    ['a bug', new TypeError('x is not a function')],
  ])('is not tried again: %s', (_, error) => {
    expect(isTransient(error)).toBe(false)
  })

  it.each([
    [
      'missing credentials',
      new Error('Could not load the default credentials. Browse to …'),
      /no Google credentials/,
      /gcloud auth/,
    ],
    [
      'expired credentials',
      rest(401, 'authError', 'Request had invalid authentication credentials.'),
      /credentials cannot be used/,
      /gcloud auth/,
    ],
    [
      'a refresh token that was revoked',
      new Error('invalid_grant'),
      /credentials cannot be used/,
      /gcloud auth/,
    ],
    [
      'no right to run queries',
      rest(
        403,
        'accessDenied',
        'Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.',
      ),
      /denied access/,
      /roles\/bigquery\.jobUser on project p/,
    ],
    [
      'no right to write',
      rpc(GRPC.permissionDenied, "Permission 'TABLES_UPDATE_DATA' denied on resource 's2s_audit'"),
      /denied access/,
      /roles\/bigquery\.dataEditor/,
    ],
    [
      'a table of ours that is missing',
      rest(404, 'notFound', 'Not found: Table p:d.s2s_audit was not found in location EU'),
      /s2s_audit/,
      /adjust-s2s init/,
    ],
    [
      'a dataset that is missing',
      rest(404, 'notFound', 'Not found: Dataset p:d was not found in location EU'),
      /Dataset p:d/,
      /warehouse\.location/,
    ],
    [
      'the byte limit',
      rest(
        400,
        'bytesBilledLimitExceeded',
        'Query exceeded limit for bytes billed: 53687091200. 64424509440 or higher required.',
      ),
      /would read 60 GB, and warehouse\.maximum_gb_billed allows 50 GB/,
      /--from/,
    ],
    [
      'too large a query',
      new JobFailure({ reason: 'resourcesExceeded', message: 'Resources exceeded during query execution' }),
      /more than BigQuery gives/,
      /--from/,
    ],
    [
      'billing that is off',
      rest(403, 'billingNotEnabled', 'Billing has not been enabled for this project.'),
      /Billing/,
      /billing on for project p/,
    ],
  ])('says what happened and what mends it: %s', (_, error, message, hint) => {
    const explained = explainFailure(error, about) as TerminalError
    expect(explained).toBeInstanceOf(TerminalError)
    expect(explained.message).toMatch(message)
    expect(explained.hint).toMatch(hint)
    expect(explained.cause).toBe(error)
  })

  it.each([
    ['a syntax error', rest(400, 'invalidQuery', 'Syntax error: Expected end of input at [1:14]')],
    [
      'a value that cannot be cast',
      new JobFailure({ reason: 'invalidQuery', message: 'Bad double value: x' }),
    ],
    [
      'a table that is missing',
      rest(404, 'notFound', 'Not found: Table p:shop.orders was not found in location EU'),
    ],
    [
      'a table that may not be seen',
      rest(
        403,
        'accessDenied',
        'Access Denied: Table p:shop.orders: User does not have permission to query table p:shop.orders, or perhaps it does not exist.',
      ),
    ],
  ])('of the source SELECT is for its author to mend: %s', (_, error) => {
    const explained = explainFailure(error, fromSource) as TerminalError
    expect(explained).toBeInstanceOf(TerminalError)
    expect(explained.message).toMatch(/^the source SELECT/)
    expect(explained.hint).toContain('`source`')
  })

  it.each([
    ['a job of ours that cannot be found yet', rest(404, 'notFound', 'Not found: Job p:EU.adjust_s2s_1')],
    ['a job that was stopped', new JobFailure({ reason: 'stopped', message: 'Job execution was cancelled' })],
    ['a job over its time', new JobFailure({ reason: 'timeout', message: 'Job timed out after 1 h' })],
  ])('is for the next run, and nobody has to mend anything: %s', (_, error) => {
    expect(explainFailure(error, fromSource)).toBeInstanceOf(TransientError)
  })

  it('of a source that insists on a filter of its partitions says where to put one', () => {
    const text =
      "Cannot query over table 'p.shop.orders' without a filter over column(s) 'ordered_at' that can be used for partition elimination"
    const explained = explainFailure(rest(400, 'invalidQuery', text), fromSource) as TerminalError
    expect(explained.hint).toContain('in the SELECT itself')
  })

  it('waits for tomorrow where a quota is used up', () => {
    expect(explainFailure(rest(403, 'quotaExceeded'), about)).toBeInstanceOf(TransientError)
  })

  it('that nothing explains stays what it is: a bug', () => {
    const bug = rest(400, 'invalidQuery', 'Unrecognized name: sttatus at [3:1]')
    expect(explainFailure(bug, about)).toBe(bug)
  })
})
