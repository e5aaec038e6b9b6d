import { trimZeros } from '../../../../src/warehouse/numeric.ts'
import { readQuery } from '../../../../src/warehouse/queries.ts'
import type { QueryParameters } from '../../../../src/warehouse/warehouse.ts'
import { auditRows } from './audit-rows.ts'
import { type Answers, firstDifference, type Row } from './compare.ts'
import { Draw } from './draw.ts'
import { BothEngines } from './engines.ts'
import { leaseParameters, leaseRows } from './lease-rows.ts'
import { CHANGES, QUERIES } from './parameters.ts'
import { runRows } from './run-rows.ts'
import { makeShop, SHARDS, type Shop } from './shop.ts'
import { type RevenueType, sourceRows } from './source-rows.ts'
import { storedRowQueries } from './stored-rows.ts'

/** Makes rows from a seed, puts them into both engines, and asks both everything that `sql/` asks. */
export class Comparison {
  /** One sentence each: file, parameters, row, column, values. */
  readonly differences: string[] = []
  /** All rows that DuckDB gave, by file, or by table where a table was compared as it is. */
  readonly rows = new Map<string, Row[]>()
  readonly #draw: Draw
  readonly #shop: Shop
  readonly #revenueType: RevenueType
  #engines!: BothEngines

  constructor(seed: number) {
    this.#draw = new Draw(seed)
    this.#shop = makeShop(this.#draw)
    this.#revenueType = seed % 2 === 0 ? 'decimal' : 'text'
  }

  async run(): Promise<void> {
    const [draw, shop] = [this.#draw, this.#shop]
    this.#engines = await BothEngines.open(sourceRows(draw, shop, this.#revenueType), this.#revenueType)
    await this.#engines.append('s2s_audit', auditRows(draw, shop))
    await this.#engines.append('s2s_runs', runRows(draw))
    await this.#engines.append('s2s_lease', leaseRows(draw))
    await this.#compareStoredRows()
    for (const [file, parameterSets] of Object.entries(QUERIES))
      for (const parameters of await parameterSets(draw, shop)) await this.#compareQuery(file, parameters)
    for (const shard of [...SHARDS, ...SHARDS])
      for (const file of CHANGES) await this.#compareChange(file, shard)
  }

  async #compareStoredRows(): Promise<void> {
    for (const [name, sql] of Object.entries(storedRowQueries()))
      this.#note(name, sorted(await this.#engines.query(sql, { name })))
  }

  async #compareQuery(file: string, parameters: QueryParameters): Promise<Row[]> {
    const sql = readQuery(file)
    const answers = await this.#engines.query(sql, { name: file, parameters })
    // The text of a NUMERIC is the engine's own: DuckDB prints closing zeros.
    const alike = file === 'extract.sql' && this.#revenueType === 'decimal' ? withoutZeros(answers) : answers
    this.#note(file, isOrdered(sql) ? alike : sorted(alike), parameters)
    return alike.duckdb
  }

  /** Both are to change as many rows, and to have the same leases then. */
  async #compareChange(file: string, shard: string): Promise<void> {
    const leases = await this.#compareQuery('lease-holders.sql', {})
    const parameters = leaseParameters(this.#draw, shard, leases)
    const changed = await this.#engines.update(readQuery(file), { name: file, parameters })
    const rows = (changes: number): Row[] => [{ changes }]
    this.#note(file, { duckdb: rows(changed.duckdb), bigquery: rows(changed.bigquery) }, parameters)
    const leaseTable = storedRowQueries().s2s_lease!
    this.#note(`s2s_lease after ${file}`, sorted(await this.#engines.query(leaseTable, {})), parameters)
  }

  #note(what: string, answers: Answers, parameters: QueryParameters = {}): void {
    this.rows.set(what, [...(this.rows.get(what) ?? []), ...answers.duckdb])
    const difference = firstDifference(answers)
    if (difference !== null)
      this.differences.push(`${what} with ${parametersText(parameters)}: ${difference}`)
  }
}

function parametersText(parameters: QueryParameters): string {
  return JSON.stringify(parameters, (_, value) => value?.timestampMicros ?? value)
}

/** Order at the end of the query itself, not of a part of it. */
function isOrdered(sql: string): boolean {
  return /^ORDER BY/m.test(sql)
}

function sorted({ duckdb, bigquery }: Answers): Answers {
  return { duckdb: byText(duckdb), bigquery: byText(bigquery) }
}

function byText(rows: Row[]): Row[] {
  const texts = rows.map((row) => ({ row, text: JSON.stringify(row) }))
  return texts.toSorted((left, right) => (left.text < right.text ? -1 : 1)).map(({ row }) => row)
}

function withoutZeros({ duckdb, bigquery }: Answers): Answers {
  const trimmed = (rows: Row[]) =>
    rows.map((row) => ({ ...row, revenue: typeof row.revenue === 'string' ? trimZeros(row.revenue) : null }))
  return { duckdb: trimmed(duckdb), bigquery: trimmed(bigquery) }
}
