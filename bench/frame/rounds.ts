import { join } from 'node:path'
import type { Benchmark, BenchTable, Fixture, Measured, Sample } from './benchmark.ts'
import { runScript, type Script, stopScript } from './script.ts'

const MEASURE = join(import.meta.dirname, 'measure.ts')

/** Runs lines of tables round by round. What their fixtures made is kept until `close`. */
export class Rounds {
  readonly #tables: readonly BenchTable[]
  readonly #execArgv: readonly string[]
  readonly #fixtures = new Map<string, Promise<Script<unknown>>>()

  /** `execArgv` are options of Node for the processes that measure, such as `--cpu-prof`. */
  constructor(tables: readonly BenchTable[], execArgv: readonly string[]) {
    this.#tables = tables
    this.#execArgv = execArgv
  }

  /** Each line in turn, again and again: what else the machine does meanwhile then meets all of them. */
  async measure(
    table: BenchTable,
    lines: readonly Benchmark[],
    rows: number,
    rounds: number,
  ): Promise<Measured[]> {
    const measured = lines.map((line): Measured => ({ line, samples: [] }))
    for (let round = 0; round < rounds; round++)
      for (const { line, samples } of measured) samples.push(await this.#once(table, line, rows))
    return measured
  }

  async close(): Promise<void> {
    for (const fixture of this.#fixtures.values()) await fixture.then(stopScript, () => {})
  }

  async #once(table: BenchTable, line: Benchmark, rows: number): Promise<Sample> {
    const fixtures: unknown[] = []
    for (const fixture of line.fixtures ?? []) fixtures.push((await this.#fixture(fixture, rows)).message)
    const indexes = [this.#tables.indexOf(table), table.lines.indexOf(line)].map(String)
    const args = [...indexes, String(rows), JSON.stringify(fixtures)]
    const execArgv = [...(line.nodeOptions ?? []), ...this.#execArgv]
    const script = await runScript<Sample>(MEASURE, args, execArgv)
    await stopScript(script)
    return script.message
  }

  #fixture({ script, args }: Fixture, rows: number): Promise<Script<unknown>> {
    const values = [...args(rows)]
    const key = [script, ...values].join(' ')
    const found = this.#fixtures.get(key) ?? runScript(script, values)
    this.#fixtures.set(key, found)
    return found
  }
}
