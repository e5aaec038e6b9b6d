import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { BigQuery } from '@google-cloud/bigquery'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { doctorJob, exitCodeOf, type Finding } from '../../src/doctor-job.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { openWarehouse } from '../../src/warehouse/open-warehouse.ts'
import type { Warehouse } from '../../src/warehouse/warehouse.ts'
import { runCli } from '../cli/cli-process.ts'
import { scratchPath } from '../warehouse/scratch.ts'
import { LOCATION, PROJECT } from './support/dataset.ts'
import type { FaultProxy } from './support/fault-proxy.ts'
import { proxied } from './support/proxied.ts'

const SOURCE = `SELECT 'order-1' AS transaction_id, TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 2 HOUR) AS occurred_at,
  'abcdefghijkl' AS app_token, 'abc123' AS event_token, '3f2b1c4d-0000-4000-8000-000000000001' AS gps_adid`

/** Long enough for a second try, and no test waits for it. */
const MAX_RETRY_MS = 200

interface Deployment {
  proxy: FaultProxy
  client: BigQuery
  dataset: string
  configFile: string
  /** All findings by name, and what the command would exit with. */
  doctor(): Promise<{ findings: Record<string, Finding>; exitCode: number }>
}

interface DeploymentOptions {
  /** `false`: as before `adjust-s2s init`. */
  tables?: boolean
  source?: string
  warehouse?: Record<string, string | number>
}

/** A dataset behind a proxy, a simulated Adjust, and a configuration that names both. */
async function deploy(options: DeploymentOptions = {}): Promise<Deployment> {
  const { tables = true, source = SOURCE } = options
  const { proxy, client, dataset } = await proxied({ bytesProcessed: 1_000_000 })
  const adjust = await startSimulator({ port: 0, seed: 1 })
  onTestFinished(() => adjust.close())
  const configFile = scratchPath('adjust-s2s.yaml')
  await writeFile(path.join(path.dirname(configFile), 'transactions.sql'), source)
  const endpoints = { api_endpoint: proxy.restUrl, storage_endpoint: proxy.grpcUrl }
  const ours = { type: 'bigquery', project: PROJECT, dataset, location: LOCATION, ...endpoints }
  const write = (warehouse: object) =>
    writeFile(
      configFile,
      JSON.stringify({ warehouse, source: 'transactions.sql', adjust: { url: adjust.url } }),
    )
  await write(ours)
  if (tables) await createTables(configFile)
  await write({ ...ours, ...options.warehouse })
  proxy.clear()
  return { proxy, client, dataset, configFile, doctor: () => examineAll(configFile) }
}

async function createTables(configFile: string): Promise<void> {
  const warehouse = await openWarehouse(await loadConfig({ path: configFile, env: {} }))
  await warehouse.createTables()
  await warehouse.close()
}

async function examineAll(configFile: string, change: (warehouse: Warehouse) => void = () => {}) {
  const findings: Record<string, Finding> = {}
  const checks = doctorJob({
    loadConfig: () => loadConfig({ path: configFile, env: {} }),
    async openWarehouse(config) {
      const warehouse = await openWarehouse(config, { maxRetryMs: MAX_RETRY_MS })
      change(warehouse)
      return warehouse
    },
    sendTestEvent: false,
  })
  for await (const finding of checks) findings[finding.check] = finding
  return { findings, exitCode: exitCodeOf(Object.values(findings)) }
}

const namesOf = (findings: Record<string, Finding>, status: Finding['status']) =>
  Object.values(findings).flatMap((finding) => (finding.status === status ? [finding.check] : []))

const rowsIn = async ({ client, dataset }: Deployment, table: string) => {
  const [rows] = await client.query({ query: `SELECT * FROM ${dataset}.${table}`, location: LOCATION })
  return rows
}

describe('doctor on BigQuery', () => {
  it('finds nothing wrong where a run would go well, and leaves no row behind', async () => {
    const deployment = await deploy()
    const { findings, exitCode } = await deployment.doctor()
    expect(namesOf(findings, 'failed')).toEqual([])
    expect(exitCode).toBe(0)
    for (const check of ['queries', 'dataset', 'tables', 'audit table', 'Storage Write API', 'lease'])
      expect(findings[check], check).toMatchObject({ status: 'ok' })
    expect(findings['sample row']!.detail).toBe('order-1 would be sent')
    for (const table of ['s2s_audit', 's2s_runs', 's2s_lease'])
      expect(await rowsIn(deployment, table), table).toEqual([])
  })

  it('is what the command prints', async () => {
    const { configFile } = await deploy()
    const env = { METADATA_SERVER_DETECTION: 'none' }
    const { code, stdout } = await runCli(['doctor', '--json', '--config', configFile], { env })
    const { checks } = JSON.parse(stdout) as { checks: { check: string }[] }
    expect(code).toBe(0)
    expect(checks.map(({ check }) => check)).toContain('Storage Write API')
  })

  it('names the place of a dataset that is elsewhere, and skips what stands on it', async () => {
    const { doctor } = await deploy({ warehouse: { location: 'US' } })
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(2)
    expect(findings.dataset!.detail).toMatch(/ is in EU, and warehouse\.location says US$/)
    expect(findings.dataset!.hint).toContain('Set warehouse.location to EU')
    for (const check of [
      'tables',
      'audit table',
      'Storage Write API',
      'lease',
      'source columns',
      'query size',
      'sample row',
    ])
      expect(findings[check], check).toMatchObject({ status: 'skipped', detail: 'it needs: dataset' })
  })

  it('fails where the dataset is missing', async () => {
    const { doctor } = await deploy({ tables: false, warehouse: { dataset: 'nowhere' } })
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(2)
    expect(findings.dataset).toMatchObject({
      status: 'failed',
      detail: `dataset ${PROJECT}.nowhere does not exist`,
    })
    expect(findings.dataset!.hint).toContain('adjust-s2s init')
  })

  it('fails where a table is missing, and checks the columns of the source all the same', async () => {
    const deployment = await deploy()
    await deployment.client.dataset(deployment.dataset).table('s2s_runs').delete()
    const { findings, exitCode } = await deployment.doctor()
    expect(exitCode).toBe(2)
    expect(findings.tables!.detail).toContain('lacks s2s_runs')
    expect(findings['source columns']).toMatchObject({ status: 'ok' })
    expect(findings['sample row']).toMatchObject({ status: 'skipped', detail: 'it needs: tables' })
  })

  it('fails where a table made by hand lacks a column', async () => {
    const { client, dataset, doctor } = await deploy({ tables: false })
    await client.dataset(dataset).createTable('s2s_lease', { schema: 'shard:STRING,epoch:INT64' })
    const { findings } = await doctor()
    expect(findings.tables!.detail).toContain('s2s_lease.holder')
    expect(findings.tables!.hint).toContain('init --print')
  })

  it('names the cast for a column of a wrong type', async () => {
    const source = `${SOURCE}, 9.99 * 1.0 + CAST(0 AS FLOAT64) AS revenue, 'EUR' AS currency`
    const { findings } = await (await deploy({ source })).doctor()
    expect(findings['source columns']!.detail).toContain('CAST(revenue AS NUMERIC) AS revenue')
  })
})

describe('what a run would read', () => {
  it('is told with its price', async () => {
    const deployment = await deploy({ warehouse: { maximum_gb_billed: 100, usd_per_tib: 10.24 } })
    deployment.proxy.bytesProcessed = 10 * 2 ** 30
    const { findings } = await deployment.doctor()
    expect(findings['query size']!.detail).toBe(
      "a run's query reads 10 GB, about $0.10; every 15 minutes that is $9.60 a day and $288.00 a month; the limit is 100 GB",
    )
  })

  it.each([
    [5, 'ok', 0],
    [6, 'warning', 0],
    [11, 'failed', 2],
  ])('at %i GB of 10 that are allowed is %s', async (gigabytes, status, code) => {
    const { configFile } = await deploy()
    const GB = 2 ** 30
    const { findings, exitCode } = await examineAll(configFile, (warehouse) => {
      // The emulator knows no sizes, and the proxy gives all queries the same one: the smallest would be over the limit, too.
      warehouse.estimate = async () => ({ bytes: gigabytes * GB, maximumBytes: 10 * GB })
    })
    expect(findings['query size']).toMatchObject({ status })
    expect(findings['query size']!.detail).toContain(`${gigabytes} GB`)
    expect(findings['sample row']!.status).toBe(status === 'failed' ? 'skipped' : 'ok')
    expect(exitCode).toBe(code)
  })
})

describe('a permission that is missing', () => {
  const denied = (permission: string) => ({
    kind: 'status' as const,
    status: 403,
    reason: 'accessDenied',
    message: `Access Denied: Project test: User does not have ${permission} permission in project test.`,
  })

  it('to run queries names the role, and what needs no query is tried', async () => {
    const { proxy, doctor } = await deploy()
    proxy.inject({ call: 'submit', fault: denied('bigquery.jobs.create'), times: 1_000 })
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(2)
    expect(namesOf(findings, 'failed')).toEqual(['queries'])
    expect(findings.queries!.hint).toContain('roles/bigquery.jobUser (bigquery.jobs.create) on project test')
    expect(findings.tables).toMatchObject({ status: 'ok' })
    expect(findings['Storage Write API']).toMatchObject({ status: 'ok' })
  })

  it('to append names the role', async () => {
    const { proxy, dataset, doctor } = await deploy()
    const message = `Permission 'TABLES_UPDATE_DATA' denied on resource 's2s_audit' (or it may not exist).`
    proxy.inject({
      call: 'createWriteStream',
      fault: { kind: 'grpc-status', code: 'PERMISSION_DENIED', message },
      times: 1_000,
    })
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(2)
    expect(namesOf(findings, 'failed')).toEqual(['Storage Write API'])
    expect(findings['Storage Write API']!.hint).toContain(
      `roles/bigquery.dataEditor (bigquery.tables.updateData) on dataset ${dataset}`,
    )
  })

  it('to read by Arrow is a warning, for there is the REST API', async () => {
    const { proxy, doctor } = await deploy()
    proxy.inject({
      call: 'createReadSession',
      fault: {
        kind: 'grpc-status',
        code: 'PERMISSION_DENIED',
        message: 'bigquery.readsessions.create denied',
      },
      times: 1_000,
    })
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(0)
    expect(findings['Storage Read API']).toMatchObject({ status: 'warning' })
    expect(findings['Storage Read API']!.hint).toContain('roles/bigquery.readSessionUser')
    expect(findings['Storage Read API']!.hint).toContain('REST API')
  })

  it('because the API is off names the command that switches it on', async () => {
    const { proxy, doctor } = await deploy()
    const message = 'BigQuery API has not been used in project 1234 before or it is disabled.'
    proxy.inject({
      call: 'submit',
      fault: { kind: 'status', status: 403, reason: 'accessNotConfigured', message },
      times: 1_000,
    })
    const { findings } = await doctor()
    expect(findings.queries!.hint).toContain('gcloud services enable bigquery.googleapis.com')
  })
})

describe('a warehouse that does not answer', () => {
  it('for credentials that have expired has to be mended', async () => {
    const { proxy, doctor } = await deploy()
    proxy.expireCredentials()
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(2)
    expect(namesOf(findings, 'failed')).toEqual(['credentials'])
    expect(findings.credentials!.hint).toContain('gcloud auth application-default login')
  })

  it('passes by itself', async () => {
    const { proxy, doctor } = await deploy()
    proxy.down()
    const { findings, exitCode } = await doctor()
    expect(exitCode).toBe(75)
    expect(namesOf(findings, 'failed')).toEqual(['credentials'])
    expect(findings['source columns']!.detail).toBe('it needs: credentials')
  })
})
