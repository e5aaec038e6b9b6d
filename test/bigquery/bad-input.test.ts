import { describe, expect, it } from 'vitest'
import { type BigqueryShop, openBigqueryShop, purchasesSql } from './support/bigquery-shop.ts'
import { bigqueryClient } from './support/google-clients.ts'

const SOURCE = purchasesSql(10, 5)

/** What `run` says, which has to end with 2 and to send nothing. */
async function refusal({ shop }: BigqueryShop): Promise<string> {
  const { code, stdout, stderr } = await shop.command('run')
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
  expect(stderr).not.toMatch(/^ +at /m)
  expect(stderr).toMatch(/^ *hint: /m)
  expect(shop.adjust.truth()).toEqual([])
  return stderr
}

describe('a run on BigQuery refuses', () => {
  it('a dataset that is not there, and says what makes one', async () => {
    const stderr = await refusal(await openBigqueryShop({ source: SOURCE, settings: { dataset: 'nothing' } }))
    expect(stderr).toContain('dataset nothing')
    expect(stderr).toContain('adjust-s2s init')
  })

  it('another location than that of the dataset, and names both', async () => {
    const stderr = await refusal(await openBigqueryShop({ source: SOURCE, settings: { location: 'US' } }))
    expect(stderr).toMatch(/is in EU, and warehouse.location says US/)
  })

  it('a dataset without tables', async () => {
    const stderr = await refusal(await openBigqueryShop({ source: SOURCE, tables: false }))
    expect(stderr).toContain('s2s_audit')
    expect(stderr).toContain('adjust-s2s init')
  })

  it('an audit table that was made by hand and lacks a column, or has it in another type', async () => {
    const setting = await openBigqueryShop({ source: SOURCE })
    const client = bigqueryClient(setting.proxy.restUrl)
    const table = `\`test.${setting.dataset}.s2s_runs\``
    await client.query({ query: `DROP TABLE ${table}`, location: 'EU' })
    const columns = 'run_id STRING NOT NULL, shard STRING NOT NULL, event STRING NOT NULL, logged_at DATETIME'
    await client.query({ query: `CREATE TABLE ${table} (${columns})`, location: 'EU' })
    const stderr = await refusal(setting)
    expect(stderr).toContain('s2s_runs.exit_code')
    expect(stderr).toContain('s2s_runs.logged_at as TIMESTAMP (it is DATETIME)')
    expect(stderr).toContain('init --print')
  })

  it.each([
    ['partitions', { timePartitioning: { type: 'DAY', expirationMs: String(30 * 86_400_000) } }],
    ['tables', { expirationTime: '1900000000000' }],
  ])('an audit table that forgets, for its dataset lets %s expire; init mends it', async (_, metadata) => {
    const setting = await openBigqueryShop({ source: SOURCE })
    setting.proxy.tableMetadata = metadata
    const stderr = await refusal(setting)
    expect(stderr).toContain('a s2s_audit that keeps its rows')
    expect(stderr).toContain('adjust-s2s init')
    setting.proxy.calls.length = 0
    expect((await setting.shop.command('init')).code).toBe(0)
    const statements = setting.proxy.calls.flatMap(({ body }) => body?.configuration?.query?.query ?? [])
    expect(statements).toContainEqual(
      expect.stringMatching(/ALTER TABLE .*s2s_audit.* SET OPTIONS \(expiration_timestamp = NULL/),
    )
  })

  it('a source without a column of the contract, and one with a civil time, with the cast that mends it', async () => {
    const source = `SELECT transaction_id, DATETIME '2025-01-01 00:00:00' AS occurred_at, app_token, gps_adid FROM (${SOURCE})`
    const stderr = await refusal(await openBigqueryShop({ source }))
    expect(stderr).toContain('column event_token is missing')
    expect(stderr).toContain(
      "column occurred_at has type DATETIME; write TIMESTAMP(occurred_at, 'UTC') AS occurred_at",
    )
  })

  it('a source that reads a table that is not there', async () => {
    const stderr = await refusal(await openBigqueryShop({ source: 'SELECT * FROM shop.no_such_table' }))
    expect(stderr).toContain('no_such_table')
    expect(stderr).toContain('`source`')
  })

  it('a query over the limit, and names the setting', async () => {
    const setting = await openBigqueryShop({ source: SOURCE, settings: { maximum_gb_billed: 1 } })
    setting.proxy.bytesProcessed = 3 * 2 ** 30
    const stderr = await refusal(setting)
    expect(stderr).toContain('raise warehouse.maximum_gb_billed')
  })

  it('a service account that may not run queries, and names the role', async () => {
    const setting = await openBigqueryShop({ source: SOURCE })
    setting.proxy.inject({
      call: 'submit',
      fault: {
        kind: 'status',
        status: 403,
        reason: 'accessDenied',
        message:
          'Access Denied: Project test: User does not have bigquery.jobs.create permission in project test.',
      },
      times: 10,
    })
    const stderr = await refusal(setting)
    expect(stderr).toContain('bigquery.jobs.create')
    expect(stderr).toContain('roles/bigquery.jobUser')
  })

  it('credentials that have expired', async () => {
    const setting = await openBigqueryShop({ source: SOURCE })
    setting.proxy.expireCredentials()
    expect(await refusal(setting)).toContain('gcloud auth application-default login')
  })
})
