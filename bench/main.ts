import { parseArgs } from 'node:util'
import { TABLES } from './benchmarks.ts'
import type { Benchmark, BenchTable, Size } from './frame/benchmark.ts'
import { machine, reportTable } from './frame/report.ts'
import { Rounds } from './frame/rounds.ts'

const ROUNDS = 3

const names = [...new Set(TABLES.flatMap(({ lines }) => lines.map(({ name }) => name)))]
const USAGE = `npm run bench -- [${names.join(' | ')}] ... [--rounds N] [--rows N] [--large] [--profile DIR]\n`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    rows: { type: 'string' },
    large: { type: 'boolean', default: false },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const isKnown = positionals.every((name) => names.includes(name))
const isNumber = (text: string | undefined) => text === undefined || /^[1-9]\d*$/.test(text)
if (values.help || !isKnown || !isNumber(values.rounds) || !isNumber(values.rows)) {
  process.stderr.write(USAGE)
  process.exit(values.help ? 0 : 2)
}
await run()

async function run(): Promise<void> {
  const execArgv = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
  const measuring = new Rounds(TABLES, execArgv)
  process.stdout.write(`${machine()}\n`)
  try {
    for (const table of TABLES)
      for (const size of values.rows === undefined ? table.sizes : [{ rows: Number(values.rows) }])
        await measure(measuring, table, size)
  } finally {
    await measuring.close()
  }
}

async function measure(measuring: Rounds, table: BenchTable, size: Size): Promise<void> {
  const lines = table.lines.filter((line) => isWanted(line, size))
  if (lines.length === 0) return
  const rounds = Number(values.rounds ?? size.rounds ?? ROUNDS)
  const medians = rounds === 1 ? '1 round' : `medians of ${rounds} rounds`
  process.stdout.write(`\n${table.title}: ${size.rows.toLocaleString('en-US')} ${table.unit}, ${medians}\n\n`)
  process.stdout.write(`${reportTable(table, await measuring.measure(table, lines, size.rows, rounds))}\n`)
}

function isWanted({ name }: Benchmark, { names }: Size): boolean {
  const isMeasured = names === undefined || names[values.large ? 'large' : 'usually'].includes(name)
  return isMeasured && (positionals.length === 0 || positionals.includes(name))
}
