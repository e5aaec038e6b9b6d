import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import pLimit from 'p-limit'
import { play } from '../play.ts'
import type { SimulationResult } from '../simulation.ts'
import { GUARDS, type Guard } from './guards.ts'

const PROOF = new URL('../../../docs/proof.md', import.meta.url)
const BEGIN = '<!-- sabotage table: written by npm run check:sabotage -->'
const END = '<!-- end of the sabotage table -->'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20000' }, guard: { type: 'string' } },
})
const most = Number(values.seeds)

interface Caught {
  guard: Guard
  /** The first seed, from 1, in which a promise is broken without the guard; null when none was found. */
  result: SimulationResult | null
}

async function sabotage(guard: Guard): Promise<Caught> {
  let result: SimulationResult | null = null
  await play({
    fromSeed: 1,
    seeds: most,
    stopAtFirst: true,
    without: guard.name,
    threads: 1,
    onResult: (one) => {
      if (result === null && one.violations.length > 0) result = one
    },
  })
  const caught = { guard, result }
  process.stdout.write(`${row(caught)}\n`)
  return caught
}

function row({ guard, result }: Caught): string {
  if (result === null) return `| ${guard.name} | ${guard.protects} | not in ${most} seeds | |`
  const [first] = result.violations
  return `| ${guard.name} | ${guard.protects} | ${result.seed} | ${first!.promise}: ${first!.what.split('\n')[0]!.slice(0, 120)} |`
}

function table(all: readonly Caught[]): string {
  const head = [
    '| guard taken out | what it protects | caught by seed | what the checker says |',
    '|---|---|---:|---|',
  ]
  return [BEGIN, ...head, ...all.map(row), END].join('\n')
}

const guards = GUARDS.filter(({ name }) => values.guard === undefined || name === values.guard)
const inParallel = pLimit(availableParallelism())
const all = await Promise.all(guards.map((guard) => inParallel(() => sabotage(guard))))
const missed = all.filter(({ result }) => result === null)
if (values.guard === undefined) {
  const proof = readFileSync(PROOF, 'utf8')
  const [before, rest] = proof.split(BEGIN)
  writeFileSync(PROOF, `${before}${table(all)}${rest!.split(END)[1]}`)
}
process.stdout.write(`${all.length - missed.length} of ${all.length} guards are missed when they are gone\n`)
process.exitCode = missed.length === 0 ? 0 : 1
