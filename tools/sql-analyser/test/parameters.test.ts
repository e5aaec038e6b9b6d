import { readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { writeMissing } from '../../../src/audit/recover.ts'
import { readDoubts, readSettlement } from '../../../src/audit/resolution.ts'
import { RunLog } from '../../../src/audit/run-log.ts'
import type { CommandContext } from '../../../src/cli/command.ts'
import { runCommand as showStatus } from '../../../src/cli/status.ts'
import { type Config, loadConfig } from '../../../src/config.ts'
import { systemClock } from '../../../src/domain/clock.ts'
import { explainJob } from '../../../src/explain-job.ts'
import { openTable } from '../../../src/export/export-table.ts'
import { readSentEvents, readSentIds } from '../../../src/export/read-sent-events.ts'
import { Lease } from '../../../src/lease/lease.ts'
import { createLog } from '../../../src/log.ts'
import { openDuckdbWarehouse } from '../../../src/warehouse/duckdb-warehouse.ts'
import type { QueryOptions, QueryParameter, WarehouseAdmin } from '../../../src/warehouse/warehouse.ts'
import { logRun, reportOf } from '../../../test/report/logged-run.ts'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { auditRow } from '../../../test/warehouse/audit-row.ts'
import { scratchPath } from '../../../test/warehouse/scratch.ts'
import { type ParameterType, QUERY_PARAMETERS, type QueryParameterTypes } from '../parameters.ts'

type Recorded = Map<string, QueryParameterTypes>

/** The type as BigQuery gets it; of a NULL nothing can be said. */
function typeOf(value: QueryParameter): ParameterType {
  if (value === null) throw new Error('a parameter is NULL')
  if (typeof value === 'string') return 'STRING'
  if (typeof value === 'number') return 'INT64'
  return typeof value === 'boolean' ? 'BOOL' : 'TIMESTAMP'
}

function record(recorded: Recorded, { name = '', parameters = {} }: QueryOptions): void {
  const types = Object.entries(parameters).map(([key, value]) => [key, typeOf(value)] as const)
  recorded.set(name.replace(/^sql\//, ''), Object.fromEntries(types))
}

/** A real warehouse in which every query, also those of others that are opened later, is written down before it runs. */
async function recordingWarehouse(path: string): Promise<{ warehouse: WarehouseAdmin; recorded: Recorded }> {
  const recorded: Recorded = new Map()
  const warehouse = await openDuckdbWarehouse({ path, create: true })
  await warehouse.createTables()
  const methods = Object.getPrototypeOf(warehouse) as WarehouseAdmin
  const { query, update } = methods
  vi.spyOn(methods, 'query').mockImplementation(function (this: WarehouseAdmin, sql, options = {}) {
    record(recorded, options)
    return query.call(this, sql, options)
  })
  vi.spyOn(methods, 'update').mockImplementation(function (this: WarehouseAdmin, sql, options = {}) {
    record(recorded, options)
    return update.call(this, sql, options)
  })
  return { warehouse, recorded }
}

const SOURCE = `SELECT 't1' AS transaction_id, TIMESTAMPTZ '2026-01-30T12:00:00Z' AS occurred_at, 'app000000001' AS app_token,
  'buy001' AS event_token, 'a1' AS adid`

async function configFor(warehousePath: string): Promise<Config> {
  const source = scratchPath('transactions.sql')
  await writeFile(source, SOURCE)
  return loadConfig({
    env: {
      ADJUST_S2S_WAREHOUSE_TYPE: 'duckdb',
      ADJUST_S2S_WAREHOUSE_PATH: warehousePath,
      ADJUST_S2S_SOURCE: source,
    },
  })
}

async function leaseOnce(warehouse: WarehouseAdmin, clock: VirtualClock): Promise<void> {
  const holder = { runId: 'run-1', host: 'host', pid: 1 }
  const lease = await Lease.take({
    warehouse,
    clock,
    shard: '0/1',
    holder,
    requestTimeoutMs: 1000,
    isAlone: true,
  })
  await lease.renew()
  await lease.release()
}

function statusContext(config: Config): CommandContext {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream
  return {
    flags: { config: undefined, json: true, quiet: true, input: false },
    stdout: stream,
    stderr: stream,
    loadConfig: async () => config,
    createLog: async () => createLog({ level: 'silent', clock: systemClock, stream, pretty: false }),
  }
}

describe('the declared parameters', () => {
  it('are those that the program passes, for every file that it runs', async () => {
    const path = scratchPath('warehouse.duckdb')
    const { warehouse, recorded } = await recordingWarehouse(path)
    const [clock, config] = [new VirtualClock(), await configFor(path)]
    await new RunLog(warehouse).owedFromMs('0/1', clock.now())
    await new RunLog(warehouse).unfinished()
    await writeMissing(warehouse, [auditRow({ transactionId: 't0' })])
    for await (const _doubts of readDoubts(warehouse));
    await readSettlement(warehouse, 't0')
    await readSentEvents(warehouse, { fromMs: 0, toMs: clock.now() }, [])
    for await (const _ids of readSentIds(warehouse, clock.now()));
    const columns = { transactionId: null, appToken: null, eventToken: null, time: null }
    const exported = await openTable(warehouse, '(SELECT 1 AS transaction_id) AS t', columns)
    for await (const _rows of exported.read());
    await explainJob({ config, warehouse, clock }, 't1')
    await leaseOnce(warehouse, clock)
    for (const { attempt } of await warehouse.probes()) await attempt()
    await logRun(warehouse, { rows: [{ transactionId: 't2' }] })
    await reportOf(warehouse)
    await warehouse.close()
    await showStatus({}, statusContext(config))

    for (const [file, types] of recorded)
      expect({ [file]: QUERY_PARAMETERS[file] ?? {} }).toEqual({ [file]: types })
    const sql = new URL('../../../sql/', import.meta.url)
    const ownFiles = readdirSync(sql).filter((name) => name.endsWith('.sql'))
    const reportFiles = readdirSync(new URL('report/', sql)).map((name) => `report/${name}`)
    expect([...recorded.keys()]).toEqual(expect.arrayContaining([...ownFiles, ...reportFiles]))
  })
})
