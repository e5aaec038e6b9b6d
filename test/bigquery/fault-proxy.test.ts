import { describe, expect, it } from 'vitest'
import { LOCATION, PROJECT } from './support/dataset.ts'
import { idWriter, readClient, readIds } from './support/google-clients.ts'
import { failure, proxied } from './support/proxied.ts'

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)

describe('a proxy without faults', () => {
  it('passes queries and their parameters, labels and rows', async () => {
    const { client, proxy } = await proxied()
    const [job] = await client.createQueryJob({
      query: "SELECT @a AS a, CAST(NULL AS STRING) AS b, '😀' AS c",
      params: { a: "it's" },
      labels: { run_id: 'r1' },
      jobId: `job_${crypto.randomUUID()}`,
      location: LOCATION,
    })
    expect((await job.getQueryResults())[0]).toEqual([{ a: "it's", b: null, c: '😀' }])
    expect(proxy.calls.map(({ call }) => call)).toEqual(['submit', 'page'])
    const [submit] = proxy.calls
    expect(submit).toMatchObject({ method: 'POST', jobId: job.id, fault: null })
    expect(submit!.body.configuration).toMatchObject({ labels: { run_id: 'r1' } })
    expect(submit!.body.configuration.query.queryParameters).toMatchObject([{ name: 'a' }])
  })

  it('passes all pages of a result', async () => {
    const { client, proxy } = await proxied()
    // The emulator gives 10,000 rows a page.
    const query = 'SELECT id FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS id ORDER BY id'
    const [job] = await client.createQueryJob({ query })
    const [rows] = await job.getQueryResults()
    expect(rows.map(({ id }: { id: number }) => id)).toEqual(upTo(25_000))
    expect(proxy.calls.filter(({ call }) => call === 'page')).toHaveLength(3)
  })

  it('passes what tables are made of, and what is not there', async () => {
    const { client, proxy, dataset, idTable } = await proxied()
    await idTable(3)
    const [metadata] = await client.dataset(dataset).table('ids').getMetadata()
    expect(metadata.schema.fields).toMatchObject([{ name: 'id', type: 'INTEGER' }])
    expect(await failure(client.dataset(dataset).table('nothing').getMetadata())).toMatchObject({ code: 404 })
    expect((await client.dataset(dataset).table('ids').getRows())[0]).toHaveLength(3)
    expect(proxy.calls.map(({ call }) => call)).toContain('tabledata')
    expect(proxy.calls[0]).toMatchObject({ call: 'metadata', method: 'GET', jobId: null })
  })

  it('passes tables of many messages through the Storage Read API, in order', async () => {
    const { proxy, idTable } = await proxied()
    const batches: number[] = []
    const table = await idTable(200_000)
    const ids = await readIds(readClient(proxy.grpcUrl), table, (rows) => batches.push(rows))
    expect(ids).toEqual(upTo(200_000))
    expect(batches.length).toBeGreaterThan(2)
    expect(proxy.calls.map(({ call }) => call)).toEqual(['createReadSession', 'readRows'])
  })

  it('passes appends and their answers, one call a message', async () => {
    const { proxy, idTable, storedIds } = await proxied()
    const writer = await idWriter(proxy.grpcUrl, await idTable(0))
    const answers = upTo(5).map((id) => writer.appendRows([{ id }]).getResult())
    for (const answer of await Promise.all(answers)) expect(answer.error ?? null).toBeNull()
    expect(await storedIds()).toEqual(upTo(5))
    expect(proxy.calls.filter(({ call }) => call === 'append')).toHaveLength(5)
  })

  it('passes an append of more than a megabyte', async () => {
    const { proxy, idTable, storedIds } = await proxied()
    const writer = await idWriter(proxy.grpcUrl, await idTable(0))
    const rows = upTo(200_000).map((id) => ({ id }))
    expect((await writer.appendRows(rows).getResult()).error ?? null).toBeNull()
    expect(await storedIds()).toHaveLength(200_000)
  })

  it('passes what the server refuses through gRPC', async () => {
    const { proxy, dataset } = await proxied()
    const table = `projects/${PROJECT}/datasets/${dataset}/tables/nothing`
    expect(await failure(readIds(readClient(proxy.grpcUrl), table))).toMatchObject({ code: 5 })
  })
})

describe('a proxy that is down', () => {
  it('breaks REST connections until it is up again', async () => {
    const { proxy, client } = await proxied()
    await client.query('SELECT 1')
    proxy.down()
    for (let attempt = 0; attempt < 3; attempt++)
      expect((await failure(client.query('SELECT 1'))).code).toMatch(/ECONNRESET|EPIPE/)
    proxy.up()
    expect((await client.query('SELECT 1 AS a'))[0]).toEqual([{ a: 1 }])
  })

  it('breaks gRPC connections in the middle of a stream, and comes up again', async () => {
    const { proxy, idTable } = await proxied()
    const table = await idTable(200_000)
    const client = readClient(proxy.grpcUrl)
    expect(await failure(readIds(client, table, () => proxy.down()))).toMatchObject({ code: 14 })
    proxy.up()
    expect(await readIds(client, table)).toHaveLength(200_000)
  })
})

describe('credentials that expire', () => {
  it('are refused by REST from then on', async () => {
    const { proxy, client } = await proxied()
    await client.query('SELECT 1')
    proxy.expireCredentials()
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await failure(client.query('SELECT 1'))
      expect(error).toMatchObject({ code: 401, errors: [{ reason: 'authError' }] })
      expect(error.message).toContain('invalid authentication credentials')
    }
    proxy.renewCredentials()
    await client.query('SELECT 1')
  })

  it('are refused by gRPC, also in a stream that is open', async () => {
    const { proxy, idTable, storedIds } = await proxied()
    const table = await idTable(0)
    const writer = await idWriter(proxy.grpcUrl, table)
    await writer.appendRows([{ id: 1 }]).getResult()
    proxy.expireCredentials()
    expect(await failure(writer.appendRows([{ id: 2 }]).getResult())).toMatchObject({ code: 16 })
    expect(await failure(readIds(readClient(proxy.grpcUrl), table))).toMatchObject({ code: 16 })
    expect(await storedIds()).toEqual([1])
  })
})

describe('clear', () => {
  it('forgets faults and calls, and lets go what hangs', async () => {
    const { proxy, client } = await proxied()
    proxy.inject({ call: 'submit', fault: { kind: 'hang' } })
    const hanging = client.query('SELECT 1 AS a')
    await expect.poll(() => proxy.calls.length).toBe(1)
    proxy.inject({ call: 'any', fault: { kind: 'reset-before' }, times: 10 })
    proxy.expireCredentials()
    proxy.clear()
    expect((await hanging)[0]).toEqual([{ a: 1 }])
    expect(proxy.calls).toEqual([])
    await client.query('SELECT 1')
  })
})
