import { parseArgs } from 'node:util'
import { TABLES } from './benchmarks.ts'
import { machine, reportTable } from './frame/report.ts'
import { Rounds } from './frame/rounds.ts'

const names = [...new Set(TABLES.flatMap(({ lines }) => lines.map(({ name }) => name)))]
const USAGE = `npm run bench -- [${names.join(' | ')}] ... [--rounds N] [--rows N] [--profile DIR]\n`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    rows: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
const rounds = positive(values.rounds)
const isKnown = positionals.every((name) => names.includes(name))
if (values.help || !isKnown || rounds === null || positive(values.rows ?? '1') === null) {
  process.stderr.write(USAGE)
  process.exit(values.help ? 0 : 2)
}
await run(rounds)

async function run(rounds: number): Promise<void> {
  const execArgv = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]
  const measuring = new Rounds(TABLES, rounds, execArgv)
  process.stdout.write(`${machine()}; medians of ${rounds} rounds\n`)
  try {
    for (const table of TABLES) {
      const lines = table.lines.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
      const rows = Number(values.rows ?? table.rows)
      if (lines.length === 0) continue
      process.stdout.write(`\n${table.title}: ${rows.toLocaleString('en-US')} rows\n\n`)
      process.stdout.write(`${reportTable(await measuring.measure(table, lines, rows))}\n`)
    }
  } finally {
    await measuring.close()
  }
}

function positive(text: string): number | null {
  return /^[1-9]\d*$/.test(text) ? Number(text) : null
}
