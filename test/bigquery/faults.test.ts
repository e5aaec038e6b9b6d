import { describe, expect, it, onTestFinished } from 'vitest'
import { TerminalError, TransientError } from '../../src/domain/errors.ts'
import { auditTableRow } from '../../src/warehouse/audit-table.ts'
import { type BigqueryOptions, openBigqueryWarehouse } from '../../src/warehouse/bigquery-warehouse.ts'
import { readQuery } from '../../src/warehouse/queries.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { auditRow, micros } from '../warehouse/audit-row.ts'
import { rowsOf } from '../warehouse/warehouse-suite.ts'
import { LOCATION, PROJECT } from './support/dataset.ts'
import type { FaultProxy } from './support/fault-proxy.ts'
import { failure, proxied } from './support/proxied.ts'
import type { Injection } from './support/proxy/faults.ts'

interface Setting {
  warehouse: Warehouse
  proxy: FaultProxy
  /** A statement in the dataset, as somebody else makes it. */
  sql(statement: string): Promise<unknown>
}

/** A warehouse with its tables, behind a proxy that has seen nothing yet. */
async function open(options: Partial<BigqueryOptions> = {}): Promise<Setting> {
  const { proxy, dataset, client } = await proxied()
  const warehouse = await openBigqueryWarehouse({
    project: PROJECT,
    dataset,
    location: LOCATION,
    maximumBytesBilled: 10 ** 12,
    apiEndpoint: proxy.restUrl,
    storageEndpoint: proxy.grpcUrl,
    maxRetryMs: 20_000,
    ...options,
  })
  onTestFinished(() => warehouse.close())
  await warehouse.createTables()
  proxy.clear()
  const defaultDataset = { projectId: PROJECT, datasetId: dataset }
  const sql = (query: string) => client.createQueryJob({ query, defaultDataset, location: LOCATION })
  return { warehouse, proxy, sql }
}

const status = (call: Injection['call'], code: number, reason: string, times = 1): Injection => ({
  call: call as 'submit',
  fault: { kind: 'status', status: code, reason, message: `${reason}, please try again` },
  times,
})
const grpc = (
  call: 'append' | 'readRows' | 'createReadSession',
  code: 'UNAVAILABLE',
  times = 1,
): Injection => ({
  call,
  fault: { kind: 'grpc-status', code, message: 'not now' },
  times,
})

const rowOf = (transactionId: string) => auditTableRow(auditRow({ transactionId }))
const rowsNamed = (count: number) => Array.from({ length: count }, (_, index) => rowOf(`t${index}`))

const count = 'SELECT COUNT(*) AS n, COUNT(DISTINCT transaction_id) AS ids FROM s2s_audit'
const submits = (proxy: FaultProxy) => proxy.calls.filter(({ call }) => call === 'submit')
const jobIds = (proxy: FaultProxy) => new Set(submits(proxy).map(({ jobId }) => jobId))

describe('a query', () => {
  it.each([
    ['503', status('submit', 503, 'backendError', 2)],
    ['403 rateLimitExceeded', status('submit', 403, 'rateLimitExceeded', 2)],
    ['a connection that breaks before', { call: 'submit', fault: { kind: 'reset-before' }, times: 2 }],
  ] as [string, Injection][])('is submitted again under the same id after %s', async (_, injection) => {
    const { warehouse, proxy } = await open()
    proxy.inject(injection)
    expect(await rowsOf(warehouse, 'SELECT 7 AS n')).toEqual([{ n: 7 }])
    expect(submits(proxy)).toHaveLength(3)
    expect(jobIds(proxy).size).toBe(1)
  })

  it('whose answer to the submit was lost is found by its id, and runs once', async () => {
    const { warehouse, proxy } = await open()
    proxy.inject({ call: 'submit', fault: { kind: 'reset-after' } })
    expect(await rowsOf(warehouse, 'SELECT 7 AS n')).toEqual([{ n: 7 }])
    expect(submits(proxy)).toHaveLength(2)
    expect(jobIds(proxy).size).toBe(1)
  })

  it.each(['jobBackendError', 'jobRateLimitExceeded', 'jobInternalError'])(
    'that BigQuery itself broke (%s) runs again as a new job',
    async (reason) => {
      const { warehouse, proxy } = await open()
      proxy.inject({ call: 'submit', fault: { kind: 'job-error', reason, message: 'it broke' } })
      expect(await rowsOf(warehouse, 'SELECT 7 AS n')).toEqual([{ n: 7 }])
      expect(jobIds(proxy).size).toBe(2)
    },
  )

  it('waits through answers that fail while it runs', async () => {
    const { warehouse, proxy } = await open()
    proxy.inject(status('page', 503, 'backendError'))
    proxy.inject({ call: 'page', fault: { kind: 'reset-after' } })
    proxy.inject(status('job', 500, 'internalError'))
    expect(await rowsOf(warehouse, 'SELECT 7 AS n')).toEqual([{ n: 7 }])
    expect(jobIds(proxy).size).toBe(1)
  })

  it('that gets no answer at all is asked again', async () => {
    const { warehouse, proxy } = await open({ callTimeoutMs: 1_000 })
    proxy.inject({ call: 'submit', fault: { kind: 'hang' } })
    proxy.inject({ call: 'page', fault: { kind: 'hang' } })
    expect(await rowsOf(warehouse, 'SELECT 7 AS n')).toEqual([{ n: 7 }])
    expect(jobIds(proxy).size).toBe(1)
  })

  it('whose job cannot be found for a moment is waited for: the submit was taken', async () => {
    const { warehouse, proxy } = await open()
    const notFound = {
      kind: 'status',
      status: 404,
      reason: 'notFound',
      message: 'Not found: Job test:EU.x',
    } as const
    proxy.inject({ call: 'page', fault: notFound, times: 2 })
    proxy.inject({ call: 'job', fault: notFound, times: 3 })
    expect(await rowsOf(warehouse, 'SELECT 7 AS n')).toEqual([{ n: 7 }])
    expect(jobIds(proxy).size).toBe(1)
  })

  it('is cancelled when it is no longer wanted, and its caller does not wait', async () => {
    const { warehouse, proxy } = await open()
    proxy.inject({ call: 'page', fault: { kind: 'hang' } })
    const stop = new AbortController()
    const rows = rowsOf(warehouse, 'SELECT 7 AS n', { signal: stop.signal })
    await expect.poll(() => proxy.calls.some(({ call }) => call === 'page')).toBe(true)
    stop.abort(new Error('stop, please'))
    await expect(rows).rejects.toThrow('stop, please')
    expect(proxy.calls.filter(({ call }) => call === 'cancel').map(({ jobId }) => jobId)).toEqual([
      submits(proxy)[0]!.jobId,
    ])
  })

  it('that finds BigQuery down asks to be tried later', async () => {
    const troubles: string[] = []
    const onTrouble = (message: string) => void troubles.push(message)
    const { warehouse, proxy } = await open({ maxRetryMs: 1_500, onTrouble })
    proxy.down()
    const error = await failure(rowsOf(warehouse, 'SELECT 7 AS n'))
    expect(error).toBeInstanceOf(TransientError)
    expect(error.exitCode).toBe(75)
    expect(troubles.length).toBeGreaterThan(0)
  })

  it('with credentials that have expired says so, and how they are renewed', async () => {
    const { warehouse, proxy } = await open()
    proxy.expireCredentials()
    const error = await failure(rowsOf(warehouse, 'SELECT 7 AS n'))
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.hint).toContain('gcloud auth application-default login')
  })

  it('over the limit of bytes names the setting that allows more', async () => {
    const { warehouse, proxy } = await open({ maximumBytesBilled: 10_000_000 })
    proxy.bytesProcessed = 20_000_000
    expect(await warehouse.estimate('SELECT transaction_id FROM s2s_audit')).toEqual({
      bytes: 20_000_000,
      maximumBytes: 10_000_000,
    })
    const error = await failure(rowsOf(warehouse, 'SELECT transaction_id FROM s2s_audit'))
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.message).toContain('warehouse.maximum_gb_billed')
    expect(warehouse.statistics()).toEqual({ bytesBilled: 0 })
  })

  it('adds up what BigQuery bills', async () => {
    const { warehouse, proxy } = await open()
    proxy.bytesProcessed = 10_485_760
    await rowsOf(warehouse, 'SELECT transaction_id FROM s2s_audit')
    await rowsOf(warehouse, 'SELECT transaction_id FROM s2s_audit')
    expect(warehouse.statistics()).toEqual({ bytesBilled: 20_971_520 })
  })

  it('carries labels, its limit and its dataset, and passes over the cache', async () => {
    const labels = { run_id: '20260131T101500Z-5f2c9a', command: 'run', shard: '0/1' }
    const { warehouse, proxy } = await open({ labels })
    await rowsOf(warehouse, 'SELECT 7 AS n')
    const { configuration, jobReference } = submits(proxy)[0]!.body
    expect(configuration.labels).toEqual({
      run_id: '20260131t101500z-5f2c9a',
      command: 'run',
      shard: '0_1',
    })
    expect(configuration.query).toMatchObject({
      maximumBytesBilled: '1000000000000',
      useQueryCache: false,
      useLegacySql: false,
    })
    expect(jobReference.location).toBe(LOCATION)
  })
})

describe('reading 25,000 rows', () => {
  const query = 'SELECT transaction_id FROM ({{source}}) AS numbers ORDER BY transaction_id'
  const source = "SELECT FORMAT('%05d', n) AS transaction_id FROM UNNEST(GENERATE_ARRAY(0, 24999)) AS n"
  const all = Array.from({ length: 25_000 }, (_, index) => String(index).padStart(5, '0'))
  const read = async ({ warehouse }: Setting) => {
    const ids: unknown[] = []
    for await (const { columns } of warehouse.query(query, { source })) ids.push(...columns.transaction_id!)
    return ids
  }
  const withoutArrow: Injection = {
    call: 'createReadSession',
    fault: { kind: 'grpc-status', code: 'UNIMPLEMENTED', message: 'no such method' },
    times: 1_000,
  }
  const pages = (proxy: FaultProxy) => proxy.calls.filter(({ call }) => call === 'page')

  it('by pages gives every one of them, in order', async () => {
    const setting = await open()
    setting.proxy.inject(withoutArrow)
    expect(await read(setting)).toEqual(all)
    expect(pages(setting.proxy).length).toBeGreaterThan(3)
  })

  it.each([
    ['503', status('page', 503, 'backendError', 2)],
    ['403 rateLimitExceeded', status('page', 403, 'rateLimitExceeded', 2)],
    ['a connection that breaks', { call: 'page', fault: { kind: 'reset-after' }, times: 2 }],
    ['a page token that has expired', { call: 'page', fault: { kind: 'expired-page-token' }, times: 2 }],
  ] as [string, Injection][])('by pages repeats and misses none after %s', async (_, injection) => {
    const setting = await open()
    setting.proxy.inject(withoutArrow)
    setting.proxy.inject({ ...injection, skip: injection.fault.kind === 'expired-page-token' ? 0 : 1 })
    expect(await read(setting)).toEqual(all)
    expect(jobIds(setting.proxy).size).toBe(1)
  })

  it('by Arrow gives every one of them, in order, from one stream', async () => {
    const setting = await open()
    expect(await read(setting)).toEqual(all)
    expect(setting.proxy.calls.filter(({ call }) => call === 'readRows')).toHaveLength(1)
    expect(pages(setting.proxy)).toHaveLength(1)
  })

  it.each([
    ['a stream that is cut', { call: 'readRows', fault: { kind: 'cut', afterMessages: 1 }, times: 2 }],
    [
      'a stream that ends with a status',
      { call: 'readRows', fault: { kind: 'cut', afterMessages: 1, code: 'UNAVAILABLE' } },
    ],
    ['a call that is refused for a moment', grpc('readRows', 'UNAVAILABLE', 2)],
    ['a session that is refused for a moment', grpc('createReadSession', 'UNAVAILABLE', 2)],
  ] as [string, Injection][])('by Arrow repeats and misses none after %s', async (_, injection) => {
    const setting = await open()
    setting.proxy.inject(injection)
    expect(await read(setting)).toEqual(all)
    expect(setting.proxy.calls.filter(({ call }) => call === 'readRows').length).toBeGreaterThan(0)
  })

  it('by Arrow goes on over REST, from the row that is due, when its session has expired', async () => {
    const troubles: string[] = []
    const setting = await open({ onTrouble: (message) => void troubles.push(message) })
    setting.proxy.inject({
      call: 'readRows',
      fault: { kind: 'cut', afterMessages: 1, code: 'FAILED_PRECONDITION' },
    })
    expect(await read(setting)).toEqual(all)
    expect(troubles).toEqual([expect.stringContaining('slower REST API')])
    expect(setting.proxy.calls.some(({ path }) => path.includes('startIndex=8192'))).toBe(true)
  })

  it('by Arrow that breaks off for good asks to be tried later', async () => {
    const setting = await open({ maxRetryMs: 1_500 })
    setting.proxy.inject({ call: 'readRows', fault: { kind: 'cut', afterMessages: 1 } })
    setting.proxy.inject(grpc('readRows', 'UNAVAILABLE', 1_000))
    expect(await failure(read(setting))).toBeInstanceOf(TransientError)
  })
})

describe('an append', () => {
  it.each([
    ['503', grpc('append', 'UNAVAILABLE', 2)],
    ['a connection that breaks before', { call: 'append', fault: { kind: 'reset-before' } }],
    ['a stream that breaks before', { call: 'append', fault: { kind: 'reset-before', only: 'stream' } }],
  ] as [string, Injection][])('is repeated after %s', async (_, injection) => {
    const { warehouse, proxy } = await open()
    proxy.inject(injection)
    await warehouse.append('s2s_audit', rowsNamed(3_000))
    expect(await rowsOf(warehouse, count)).toEqual([{ n: 3_000, ids: 3_000 }])
  })

  it.each(['connection', 'stream'])(
    'whose answer was lost with its %s may stand there twice, and counts once',
    async (lost) => {
      const { warehouse, proxy } = await open()
      const fault = {
        kind: 'reset-after' as const,
        ...(lost === 'stream' ? { only: 'stream' as const } : {}),
      }
      proxy.inject({ call: 'append', fault })
      await warehouse.append('s2s_audit', rowsNamed(100))
      const [written] = await rowsOf(warehouse, count)
      expect(written).toMatchObject({ ids: 100 })
      const [latest] = await rowsOf(warehouse, 'SELECT COUNT(*) AS n FROM s2s_latest')
      expect(latest).toEqual({ n: 100 })
    },
  )

  it('that gets no answer is given up and repeated', { timeout: 90_000 }, async () => {
    const { warehouse, proxy } = await open({ answerTimeoutMs: 1_000 })
    proxy.inject({ call: 'append', fault: { kind: 'hang' } })
    await warehouse.append('s2s_audit', rowsNamed(10))
    expect(await rowsOf(warehouse, count)).toMatchObject([{ ids: 10 }])
  })

  it('that finds BigQuery down asks to be tried later, and the next one works', async () => {
    const { warehouse, proxy } = await open({ maxRetryMs: 1_500 })
    proxy.down()
    expect(await failure(warehouse.append('s2s_audit', rowsNamed(10)))).toBeInstanceOf(TransientError)
    proxy.up()
    await warehouse.append('s2s_audit', rowsNamed(10))
    expect(await rowsOf(warehouse, count)).toMatchObject([{ ids: 10 }])
  })

  it.each([
    ['finds BigQuery down', (proxy: FaultProxy) => proxy.down()],
    [
      'gets no answer',
      (proxy: FaultProxy) => proxy.inject({ call: 'append', fault: { kind: 'hang' }, times: 100 }),
    ],
  ])('that %s is given up long before its time when the program is to end', async (_, breakIt) => {
    const hurry = new AbortController()
    const tenMinutes = { maxRetryMs: 600_000, answerTimeoutMs: 600_000 }
    const { warehouse, proxy } = await open({ ...tenMinutes, hurry: hurry.signal })
    await warehouse.append('s2s_audit', rowsNamed(10))
    breakIt(proxy)
    const given = failure(warehouse.append('s2s_audit', rowsNamed(20)))
    hurry.abort()
    expect(await given).toBeInstanceOf(TransientError)
    // What is asked from then on has its few seconds as well.
    expect(await failure(warehouse.append('s2s_audit', rowsNamed(20)))).toBeInstanceOf(TransientError)
  })

  it('to a table that the Storage API does not know yet is repeated', async () => {
    const { warehouse, proxy } = await open()
    const notFound = {
      kind: 'grpc-status',
      code: 'NOT_FOUND',
      message: 'Requested entity was not found.',
    } as const
    proxy.inject({ call: 'append', fault: notFound })
    await warehouse.append('s2s_audit', rowsNamed(10))
    expect(await rowsOf(warehouse, count)).toMatchObject([{ ids: 10 }])
  })

  it('without the permission names the role that has it', async () => {
    const { warehouse, proxy } = await open()
    proxy.inject({
      call: 'append',
      fault: {
        kind: 'grpc-status',
        code: 'PERMISSION_DENIED',
        message: "Permission 'TABLES_UPDATE_DATA' denied on resource 's2s_audit' (or it may not exist).",
      },
    })
    const error = await failure(warehouse.append('s2s_audit', rowsNamed(10)))
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.hint).toContain('roles/bigquery.dataEditor')
  })

  it('that the table refuses is no success, and says how the table should be', async () => {
    const { warehouse, sql } = await open()
    await sql('DROP TABLE s2s_audit')
    await sql('CREATE TABLE s2s_audit (audit_id STRING NOT NULL, transaction_id INT64 NOT NULL)')
    const error = await failure(warehouse.append('s2s_audit', rowsNamed(10)))
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.hint).toContain('init --print')
  })

  it('of a row whose time BigQuery does not stream keeps that time in words', async () => {
    const { warehouse } = await open()
    const old = auditRow({
      transactionId: 'old',
      occurredAtMicros: micros('1999-01-01T00:00:00Z'),
      message: 'too old',
    })
    const far = auditRow({
      transactionId: 'far',
      occurredAtMicros: micros('2250-01-01T00:00:00Z'),
      message: null,
    })
    await warehouse.append('s2s_audit', [old, far, auditRow({ transactionId: 'now' })].map(auditTableRow))
    const query =
      'SELECT transaction_id, occurred_at IS NULL AS timeless, message FROM s2s_audit ORDER BY transaction_id'
    expect(await rowsOf(warehouse, query)).toEqual([
      {
        transaction_id: 'far',
        timeless: true,
        message: 'occurred_at is 2250-01-01T00:00:00.000Z, which BigQuery does not take',
      },
      { transaction_id: 'now', timeless: false, message: 'OK' },
      {
        transaction_id: 'old',
        timeless: true,
        message: 'too old; occurred_at is 1999-01-01T00:00:00.000Z, which BigQuery does not take',
      },
    ])
  })

  it('with credentials that have expired says so', async () => {
    const { warehouse, proxy } = await open()
    await warehouse.append('s2s_audit', rowsNamed(1))
    proxy.expireCredentials()
    const error = await failure(warehouse.append('s2s_audit', rowsNamed(10)))
    expect(error).toBeInstanceOf(TerminalError)
    expect(error.message).toContain('credentials')
  })
})

describe('a change of the lease', () => {
  it('whose answer was lost is made once', async () => {
    const { warehouse, proxy } = await open()
    const parameters = { shard: '0/1', now: { timestampMicros: 0 } }
    expect(await warehouse.update(readQuery('lease-first.sql'), { parameters })).toBe(1)
    proxy.inject({ call: 'submit', fault: { kind: 'reset-after' } })
    const changed = await warehouse.update("UPDATE `s2s_lease` SET epoch = epoch + 1 WHERE shard = '0/1'")
    expect(changed).toBe(1)
    expect(await rowsOf(warehouse, 'SELECT epoch FROM s2s_lease')).toEqual([{ epoch: 1 }])
  })
})
