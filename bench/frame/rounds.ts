import { join } from 'node:path'
import type { Benchmark, BenchTable, Sample } from './benchmark.ts'
import { runScript, type Script, stopScript } from './script.ts'

const MEASURE = join(import.meta.dirname, 'measure.ts')

export interface Measured {
  line: Benchmark
  samples: Sample[]
}

/** Runs lines of tables round by round. What their fixtures made is kept until `close`. */
export class Rounds {
  readonly #tables: readonly BenchTable[]
  readonly #rounds: number
  readonly #execArgv: string[]
  readonly #fixtures = new Map<string, Promise<Script<unknown>>>()

  /** `execArgv` are options of Node for the processes that measure, such as `--cpu-prof`. */
  constructor(tables: readonly BenchTable[], rounds: number, execArgv: string[]) {
    this.#tables = tables
    this.#rounds = rounds
    this.#execArgv = execArgv
  }

  /** Each line in turn, again and again: what else the machine does meanwhile then meets all of them. */
  async measure(table: BenchTable, lines: readonly Benchmark[], rows: number): Promise<Measured[]> {
    const measured = lines.map((line): Measured => ({ line, samples: [] }))
    for (let round = 0; round < this.#rounds; round++)
      for (const { line, samples } of measured) samples.push(await this.#once(table, line, rows))
    return measured
  }

  async close(): Promise<void> {
    for (const fixture of this.#fixtures.values()) await fixture.then(stopScript, () => {})
  }

  async #once(table: BenchTable, line: Benchmark, rows: number): Promise<Sample> {
    const fixture = line.fixture === undefined ? null : (await this.#fixture(line.fixture, rows)).message
    const indexes = [this.#tables.indexOf(table), table.lines.indexOf(line)].map(String)
    const args = [...indexes, String(rows), JSON.stringify(fixture)]
    const script = await runScript<Sample>(MEASURE, args, this.#execArgv)
    await stopScript(script)
    return script.message
  }

  #fixture(path: string, rows: number): Promise<Script<unknown>> {
    const key = `${path} ${rows}`
    const found = this.#fixtures.get(key) ?? runScript(path, [String(rows)])
    this.#fixtures.set(key, found)
    return found
  }
}
