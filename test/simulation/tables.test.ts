import { describe, expect, it } from 'vitest'
import { TABLES } from '../../src/warehouse/schema.ts'
import type { QueryParameters, TableRow } from '../../src/warehouse/warehouse.ts'
import { constantColumns, type Row } from '../bigquery/support/same-rows/compare.ts'
import { Draw } from '../bigquery/support/same-rows/draw.ts'
import { leaseParameters } from '../bigquery/support/same-rows/lease-rows.ts'
import { CHANGES, QUERIES } from '../bigquery/support/same-rows/parameters.ts'
import { SHARDS, type Shop } from '../bigquery/support/same-rows/shop.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { SideBySide } from './tables/side-by-side.ts'
import { anyAuditIds, anyExtraction, makeWorld } from './tables/world.ts'
import { Tables } from './tables.ts'

/** `TABLES_SEEDS=300` tries more of them; `TABLES_FIRST_SEED=17 TABLES_SEEDS=1` tries one again. One takes about a second. */
const FIRST_SEED = Number(process.env.TABLES_FIRST_SEED ?? 1)
const SEED_COUNT = Number(process.env.TABLES_SEEDS ?? 10)
const SEEDS = Array.from({ length: SEED_COUNT }, (_, index) => FIRST_SEED + index)

/** One seed's rows may by chance say little of a query; those of so many do not. */
const TELLING_SEEDS = 8

/** An extraction takes DuckDB a tenth of a second. */
const EXTRACTIONS = { asked: 3, any: 4 }

const LOG_QUERIES = ['oldest-open.sql', 'last-full-runs.sql', 'unfinished-runs.sql', 'lease-holders.sql']

describe("the simulation's tables", () => {
  const compared = new Map<string, Row[]>()

  async function compare(both: SideBySide, file: string, parameterSets: QueryParameters[]): Promise<void> {
    const rows = compared.get(file) ?? []
    for (const parameters of parameterSets) rows.push(...(await both.query(file, parameters)))
    compared.set(file, rows)
  }

  async function compareChange(both: SideBySide, file: string, shard: string, draw: Draw): Promise<void> {
    const leases = await both.query('lease-holders.sql', {})
    const changes = await both.update(file, leaseParameters(draw, shard, leases))
    compared.set(file, [...(compared.get(file) ?? []), { changes }])
  }

  it.each(SEEDS)('give what DuckDB gives, from seed %i', async (seed) => {
    const draw = new Draw(seed)
    const { shop, source, audit, runs, lease } = makeWorld(draw)
    const both = await SideBySide.open(source)
    // In parts, for the tables grow while they are asked.
    await compare(both, 'extract.sql', [anyExtraction(draw, shop)])
    await both.append('s2s_audit', audit.slice(0, audit.length / 2))
    await compare(both, 'oldest-open.sql', [{ audit_from: { timestampMicros: 0 } }])
    await both.append('s2s_audit', audit.slice(audit.length / 2))
    await both.append('s2s_runs', runs)
    await both.append('s2s_lease', lease)
    await compare(both, 'extract.sql', await extractions(draw, shop))
    await compare(both, 'audit-ids.sql', anyAuditIds(draw, shop))
    for (const file of LOG_QUERIES) await compare(both, file, await QUERIES[file]!(draw, shop))
    for (const shard of [...SHARDS, ...SHARDS])
      for (const file of CHANGES) await compareChange(both, file, shard, draw)
  })

  it.runIf(SEED_COUNT >= TELLING_SEEDS)('are asked for rows that differ in every column', () => {
    const constant = [...compared].map(([name, rows]) => [name, constantColumns(rows)] as const)
    expect(constant.filter(([, columns]) => columns.length > 0)).toEqual([])
  })

  it.each(TABLES)('refuse what DuckDB refuses to keep in $name', async ({ name, columns }) => {
    const warehouse = await duckdb.open()
    const good = rowFor(name)
    for (const column of columns) {
      const tables = new Tables()
      const rows = [good, { ...good, [column.name]: null }]
      const refusal = await warehouse.append(name, rows).then(
        () => null,
        (error: Error) => error,
      )
      const append = () => tables.append(name, rows)
      if (refusal === null) expect(append, column.name).not.toThrow()
      else expect(append, column.name).toThrow(column.name)
      expect([...tables.audit, ...tables.runs, ...tables.lease]).toHaveLength(refusal === null ? 2 : 0)
    }
  })

  it('refuse a whole number with a fraction, as DuckDB does', async () => {
    const rows = [{ ...rowFor('s2s_audit'), latency_ms: 0.5 }]
    await expect((await duckdb.open()).append('s2s_audit', rows)).rejects.toThrow()
    expect(() => new Tables().append('s2s_audit', rows)).toThrow('s2s_audit.latency_ms')
  })

  it('know no query, statement or table that a run does not use', () => {
    const tables = new Tables()
    expect(() => tables.query('sql/audit/runs.sql', {})).toThrow('sql/audit/runs.sql')
    expect(() => tables.query('sql/lease-first.sql', {})).toThrow('sql/lease-first.sql')
    expect(() => tables.update('sql/extract.sql', {})).toThrow('sql/extract.sql')
    expect(() => tables.append('s2s_latest', [])).toThrow('s2s_latest')
  })

  it('refuse a query without one of its parameters', () => {
    expect(() => new Tables().query('sql/last-full-runs.sql', {})).toThrow('@now')
  })

  it('leave a lease that somebody has read as it was', () => {
    const tables = new Tables()
    const now = { timestampMicros: 1_000_000 }
    tables.update('sql/lease-first.sql', { shard: '0/1', now })
    const [read] = tables.lease
    const taker = { holder: 'run-1', host: 'worker', pid: 7, now, expires_at: now }
    tables.update('sql/lease-take.sql', { shard: '0/1', seen_epoch: 0, seen_expires_at: now, ...taker })
    expect(read).toMatchObject({ holder: null, epoch: 0 })
    expect(tables.lease).toMatchObject([{ holder: 'run-1', epoch: 1 }])
  })
})

/** Some that runs ask for, and some that nobody would. */
async function extractions(draw: Draw, shop: Shop): Promise<QueryParameters[]> {
  const asked = await QUERIES['extract.sql']!(draw, shop)
  return [
    ...draw.list(EXTRACTIONS.asked, () => draw.oneOf(asked)),
    ...draw.list(EXTRACTIONS.any, () => anyExtraction(draw, shop)),
  ]
}

/** A row with something in every column. */
function rowFor(table: string): TableRow {
  const { columns } = TABLES.find(({ name }) => name === table)!
  const cells = { string: 'text', int64: 1, numeric: '1.5', bool: true, 'string[]': ['text'] }
  return Object.fromEntries(
    columns.map(({ name, type }) => [name, type === 'timestamp' ? { timestampMicros: 1 } : cells[type]]),
  )
}
