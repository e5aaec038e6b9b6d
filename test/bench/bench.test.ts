import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DELIVERY_TABLES } from '../../bench/delivery/tables.ts'
import type { BenchTable } from '../../bench/frame/benchmark.ts'
import { median } from '../../bench/frame/median.ts'
import { runScript, stopScript } from '../../bench/frame/script.ts'
import { type BigqueryServer, openBigquery } from '../../bench/warehouse/bigquery.ts'
import { COLUMNS, extractedRow, occurredAtMicros, transactionId } from '../../bench/warehouse/rows.ts'
import { WAREHOUSE_TABLES } from '../../bench/warehouse/tables.ts'
import type { QueryValue } from '../../src/warehouse/warehouse.ts'

const BENCH = join(import.meta.dirname, '../../bench')
const run = promisify(execFile)
const bench = (...args: string[]) => run(process.execPath, [join(BENCH, 'main.ts'), ...args])

async function read(
  server: BigqueryServer,
  project: 'pages' | 'arrow',
): Promise<Record<string, QueryValue[]>> {
  const warehouse = await openBigquery(server, 'near', project)
  const all: Record<string, QueryValue[]> = Object.fromEntries(Object.keys(COLUMNS).map((name) => [name, []]))
  for await (const { columns } of warehouse.query('SELECT transaction_id FROM s2s_audit'))
    for (const [name, values] of Object.entries(columns)) all[name]!.push(...values)
  await warehouse.close()
  return all
}

const escaped = (text: string) => text.replace(/[+()]/g, '\\$&')

/** Each line of the tables with a number in its third column. */
function expectLines(stdout: string, tables: readonly BenchTable[], rows: string): void {
  for (const { title, unit, lines } of tables) {
    expect(stdout).toContain(`${title}: ${rows} ${unit}, 1 round\n`)
    for (const { name, what } of lines)
      expect(stdout).toMatch(new RegExp(`\\| ${name} +\\| ${escaped(what)} +\\| +[\\d,.]+ \\|`))
  }
}

const namesOf = (tables: readonly BenchTable[]) =>
  tables.flatMap(({ lines }) => lines.map(({ name }) => name))

describe('npm run bench', () => {
  it('measures each benchmark of the warehouses once a round and prints a line for it', async () => {
    const { stdout, stderr } = await bench(...namesOf(WAREHOUSE_TABLES), '--rows', '2000', '--rounds', '1')
    expect(stderr).toBe('')
    expectLines(stdout, WAREHOUSE_TABLES, '2,000')
  })

  it('delivers every event of every shape, to either sink', async () => {
    const { stdout, stderr } = await bench(...namesOf(DELIVERY_TABLES), '--rows', '200', '--rounds', '1')
    expect(stderr).toBe('')
    expectLines(stdout, DELIVERY_TABLES, '200')
    expect(stdout).toMatch(/The stages together: [\d,]+ ns of CPU an event; the whole run: [\d,]+\./)
    // Two dozen processes, one after the other.
  }, 180_000)

  it('refuses a name that it does not know, and says which there are', async () => {
    await expect(bench('read-oracle')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('read-arrow'),
    })
  })

  it('gives the same rows by REST and as Arrow, over several pages and in order', async () => {
    const rows = 13_500
    const server = await runScript<BigqueryServer>(join(BENCH, 'warehouse/bigquery-server.ts'), [
      String(rows),
    ])
    onTestFinished(() => stopScript(server))
    const pages = await read(server.message, 'pages')
    const numbers = Array.from({ length: rows }, (_, row) => row)
    expect(pages.transaction_id).toEqual(numbers.map(transactionId))
    expect(pages.occurred_at_micros).toEqual(numbers.map(occurredAtMicros))
    const arrow = await read(server.message, 'arrow')
    expect(arrow.transaction_id).toEqual(pages.transaction_id)
    expect(arrow.occurred_at_micros).toEqual(pages.occurred_at_micros)
    for (const [name, values] of Object.entries(arrow)) {
      // The first page and the first batch begin with the same rows.
      const first = Array.from({ length: 100 }, (_, row) => extractedRow(row)[name] ?? null)
      expect(values.slice(0, 100)).toEqual(first)
      expect(pages[name]!.slice(0, 100)).toEqual(first)
    }
  })

  it('takes the middle of the rounds', () => {
    expect(median([3, 100, 1])).toBe(3)
    expect(median([4, 1, 100, 2])).toBe(3)
  })
})
