import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { play } from '../play.ts'
import type { SimulationResult } from '../simulation.ts'
import { GUARDS } from './guards.ts'
import { without } from './take-out.ts'

const proof = readFileSync(new URL('../../../docs/proof.md', import.meta.url), 'utf8')
const table = proof.slice(proof.indexOf('<!-- sabotage table'))

/** The seed that docs/proof.md names for a guard. */
function seedOf(name: string): number {
  const row = table.split('\n').find((line) => line.startsWith(`| ${name} |`))
  return Number(row?.split('|')[3])
}

async function playWithout(name: string, seed: number): Promise<SimulationResult[]> {
  const results: SimulationResult[] = []
  await play({
    fromSeed: seed,
    seeds: 1,
    without: name,
    threads: 1,
    onResult: (result) => results.push(result),
  })
  return results
}

describe('a guard that is taken out', () => {
  it.each(GUARDS.map((guard) => [guard.name, guard] as const))(
    '%s stands where the list says',
    (_, guard) => {
      const source = readFileSync(new URL(`../../../src/${guard.file}`, import.meta.url), 'utf8')
      expect(without(source, guard)).not.toBe(source)
    },
  )

  it.each(GUARDS.map(({ name }) => [name]))(
    '%s breaks a promise in the seed of docs/proof.md',
    async (name) => {
      const [result] = await playWithout(name, seedOf(name))
      expect(result!.violations).not.toEqual([])
    },
  )
})
