import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LOCATION } from './support/dataset.ts'
import { failure, proxied } from './support/proxied.ts'

const newJobId = () => `job_${randomUUID()}`

/** A query under an id of our own, in the dataset's location. */
const query = (sql: string, jobId = newJobId()) => ({ query: sql, jobId, location: LOCATION })

describe('as BigQuery does', () => {
  it('a job id that is given a second time is refused', async () => {
    const { client } = await proxied()
    const jobId = newJobId()
    const [job] = await client.createQueryJob(query('SELECT 1 AS a', jobId))
    const error = await failure(client.createQueryJob(query('SELECT 2 AS a', jobId)))
    expect(error).toMatchObject({ code: 409, errors: [{ reason: 'duplicate' }] })
    expect(error.message).toContain(`Already Exists: Job test:EU.${jobId}`)
    expect((await job.getQueryResults())[0]).toEqual([{ a: 1 }])
  })

  it('a job id is free again after a refused submit and after a dry run', async () => {
    const { client, proxy, dataset } = await proxied()
    const jobId = newJobId()
    const nowhere = {
      destination: client.dataset(dataset).table('nothing'),
      createDisposition: 'CREATE_NEVER',
    }
    const refused = client.createQueryJob({ ...query('SELECT 1 AS a', jobId), ...nowhere })
    expect(await failure(refused)).toMatchObject({ code: 404 })
    const refusal = {
      kind: 'status',
      status: 403,
      reason: 'rateLimitExceeded',
      message: 'slow down',
    } as const
    proxy.inject({ call: 'submit', fault: refusal })
    await failure(client.createQueryJob(query('SELECT 1 AS a', jobId)))
    await client.createQueryJob({ ...query('SELECT 1 AS a', jobId), dryRun: true })
    await client.createQueryJob(query('SELECT 1 AS a', jobId))
  })

  it('dry runs say what a query would read, and what columns it has', async () => {
    const { client } = await proxied({ bytesProcessed: 123_456 })
    const [{ metadata }] = await client.createQueryJob({ ...query('SELECT 1 AS a'), dryRun: true })
    expect(metadata.statistics).toMatchObject({
      totalBytesProcessed: '123456',
      query: { totalBytesProcessed: '123456', totalBytesBilled: '0' },
    })
    expect(metadata.statistics.query.schema.fields).toMatchObject([{ name: 'a', type: 'INTEGER' }])
    expect(metadata.jobReference).not.toHaveProperty('jobId')
  })

  it('finished queries say what they read and what is billed for it', async () => {
    const { client, proxy } = await proxied()
    proxy.bytesProcessed = 10_485_760
    const [job] = await client.createQueryJob(query('SELECT 1 AS a'))
    const [, , page] = await job.getQueryResults({ autoPaginate: false })
    expect(page).toMatchObject({ totalBytesProcessed: '10485760', jobReference: { location: LOCATION } })
    const [metadata] = await job.getMetadata()
    expect(metadata.statistics).toMatchObject({
      totalBytesProcessed: '10485760',
      query: { totalBytesProcessed: '10485760', totalBytesBilled: '10485760' },
    })
  })

  it('statements that read nothing cost nothing', async () => {
    const { client, dataset } = await proxied({ bytesProcessed: 1000 })
    const create = query(`CREATE TABLE ${dataset}.t (id INT64)`)
    const [job] = await client.createQueryJob({ ...create, maximumBytesBilled: '10' })
    await job.getQueryResults()
    expect((await job.getMetadata())[0].statistics.totalBytesProcessed).toBe('0')
  })

  it('a query over its limit fails before it runs', async () => {
    const { client, proxy } = await proxied({ bytesProcessed: 1000 })
    const [job] = await client.createQueryJob({ ...query('SELECT 1 AS a'), maximumBytesBilled: '999' })
    const error = await failure(job.getQueryResults())
    expect(error).toMatchObject({ code: 400, errors: [{ reason: 'bytesBilledLimitExceeded' }] })
    expect(error.message).toContain('Query exceeded limit for bytes billed: 999. 1000 or higher required.')
    expect(proxy.calls[0]!.body.configuration.query.maximumBytesBilled).toBe('999')
    await client.createQueryJob({ ...query('SELECT 1 AS a'), maximumBytesBilled: '1000' })
  })

  it.each([false, true])('a dataset is not found from another location (dry run: %s)', async (dryRun) => {
    const { client, dataset, idTable } = await proxied()
    await idTable(1)
    const elsewhere = { ...query(`SELECT id FROM ${dataset}.ids`), location: 'us-east1', dryRun }
    const error = await failure(client.createQueryJob(elsewhere).then(([job]) => job.getQueryResults()))
    expect(error).toMatchObject({ code: 404, errors: [{ reason: 'notFound' }] })
    expect(error.message).toContain(`Not found: Dataset test:${dataset} was not found in location us-east1`)
  })

  it('a query without a location runs where its dataset is', async () => {
    const { client, dataset, idTable } = await proxied()
    await idTable(1)
    const [job] = await client.createQueryJob({ query: `SELECT id FROM ${dataset}.ids` })
    expect(job.metadata.jobReference.location).toBe(LOCATION)
    expect((await job.getQueryResults())[0]).toEqual([{ id: 1 }])
  })

  it('a job is found in its own location only', async () => {
    const { client } = await proxied()
    const [job] = await client.createQueryJob({ ...query('SELECT 1 AS a'), location: 'us-east1' })
    expect(await failure(client.job(job.id!).getMetadata())).toMatchObject({ code: 404 })
    await client.job(job.id!, { location: 'us-east1' }).getMetadata()
  })

  it('the rows of a failed job are its error', async () => {
    const { client, dataset } = await proxied()
    const jobId = newJobId()
    await failure(client.createQueryJob(query(`SELECT * FROM ${dataset}.nothing`, jobId)))
    const error = await failure(client.job(jobId, { location: LOCATION }).getQueryResults())
    expect(error.code).not.toBe(200)
    expect(error.message).toContain(`${dataset}.nothing`)
  })

  it('a query that waits for its rows fails with its error', async () => {
    const { client, dataset } = await proxied()
    const error = await failure(client.query(`SELECT * FROM ${dataset}.nothing`))
    expect(error.message).toContain(`${dataset}.nothing`)
  })
})

describe('faults of REST', () => {
  it('a status comes with the JSON of a Google error, as often as it is asked for', async () => {
    const { client, proxy } = await proxied()
    const message = 'Try again.'
    const fault = { kind: 'status', status: 503, reason: 'backendError', message } as const
    proxy.inject({ call: 'submit', fault, times: 2 })
    const jobId = newJobId()
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(client.createQueryJob(query('SELECT 1 AS a', jobId)))
      expect(error).toMatchObject({
        code: 503,
        errors: [{ reason: 'backendError', message, domain: 'global' }],
      })
    }
    await client.createQueryJob(query('SELECT 1 AS a', jobId))
    expect(proxy.calls.map(({ call, jobId, fault }) => [call, jobId, fault])).toEqual([
      ['submit', jobId, 'status'],
      ['submit', jobId, 'status'],
      ['submit', jobId, null],
    ])
  })

  it('a fault waits for the calls that it skips', async () => {
    const { client, proxy } = await proxied()
    proxy.inject({ call: 'page', fault: { kind: 'reset-before' }, skip: 1 })
    const [job] = await client.createQueryJob(query('SELECT id FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS id'))
    expect((await failure(job.getQueryResults())).code).toBe('ECONNRESET')
    expect(proxy.calls.map(({ call, fault }) => `${call} ${fault}`)).toEqual([
      'submit null',
      'page null',
      'page reset-before',
    ])
  })

  it('a connection that is reset before leaves no job', async () => {
    const { client, proxy } = await proxied()
    proxy.inject({ call: 'submit', fault: { kind: 'reset-before' } })
    const jobId = newJobId()
    expect((await failure(client.createQueryJob(query('SELECT 1 AS a', jobId)))).code).toBe('ECONNRESET')
    expect(await failure(client.job(jobId, { location: LOCATION }).getMetadata())).toMatchObject({
      code: 404,
    })
  })

  it('a connection that is reset after leaves a job that has run', async () => {
    const { client, proxy } = await proxied()
    proxy.inject({ call: 'submit', fault: { kind: 'reset-after' } })
    const jobId = newJobId()
    expect((await failure(client.createQueryJob(query('SELECT 1 AS a', jobId)))).code).toBe('ECONNRESET')
    expect(await failure(client.createQueryJob(query('SELECT 1 AS a', jobId)))).toMatchObject({ code: 409 })
    const job = client.job(jobId, { location: LOCATION })
    expect((await job.getQueryResults())[0]).toEqual([{ a: 1 }])
  })

  it('a call that hangs goes on when it is released', async () => {
    const { client, proxy } = await proxied()
    proxy.inject({ call: 'page', fault: { kind: 'hang' } })
    const [job] = await client.createQueryJob(query('SELECT 1 AS a'))
    let isAnswered = false
    const rows = job.getQueryResults().finally(() => {
      isAnswered = true
    })
    await expect.poll(() => proxy.calls.length).toBe(2)
    // Another call goes there and back in the meantime.
    await job.getMetadata()
    expect(isAnswered).toBe(false)
    proxy.release()
    expect((await rows)[0]).toEqual([{ a: 1 }])
  })

  it('a page token expires, and only requests that carry one notice', async () => {
    const { client, proxy } = await proxied()
    proxy.inject({ call: 'page', fault: { kind: 'expired-page-token' } })
    const [job] = await client.createQueryJob(query('SELECT id FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS id'))
    const error = await failure(job.getQueryResults())
    expect(error).toMatchObject({ code: 400, errors: [{ reason: 'invalid' }] })
    expect(proxy.calls.map(({ fault }) => fault)).toEqual([null, null, 'expired-page-token'])
  })

  it.each(['jobRateLimitExceeded', 'jobBackendError'])('a job is taken and fails with %s', async (reason) => {
    const { client, proxy } = await proxied()
    proxy.inject({ call: 'submit', fault: { kind: 'job-error', reason, message: 'The job failed.' } })
    const jobId = newJobId()
    const [job] = await client.createQueryJob(query('SELECT 1 AS a', jobId))
    expect(await failure(job.getQueryResults())).toMatchObject({ code: 400, errors: [{ reason }] })
    const again = client.job(jobId, { location: LOCATION })
    expect((await again.getMetadata())[0].status).toMatchObject({ state: 'DONE', errorResult: { reason } })
    expect(await failure(client.createQueryJob(query('SELECT 1 AS a', jobId)))).toMatchObject({ code: 409 })
    await client.createQueryJob(query('SELECT 1 AS a'))
  })

  it('each call has a name', async () => {
    const { client, proxy, dataset, idTable } = await proxied()
    await idTable(1)
    const [job] = await client.createQueryJob(query('SELECT 1 AS a'))
    await job.getMetadata()
    await job.cancel()
    await client.dataset(dataset).getMetadata()
    await client.dataset(dataset).getTables()
    expect(proxy.calls.map(({ call }) => call)).toEqual(['submit', 'job', 'cancel', 'metadata', 'other'])
    proxy.inject({ call: 'cancel', fault: { kind: 'reset-before' } })
    expect((await failure(job.cancel())).code).toBe('ECONNRESET')
  })
})
