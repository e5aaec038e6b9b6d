import { parseArgs } from 'node:util'
import { Simulation } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
  },
})
const from = Number(values.seed ?? values.from)
const count = values.seed ? 1 : Number(values.seeds)
const began = performance.now()
const kinds = new Map<string, number>()
let bad = 0,
  runs = 0,
  requests = 0
for (let seed = from; seed < from + count; seed++) {
  const result = await new Simulation(seed).play()
  runs += result.runs
  requests += result.requests
  for (const [k, n] of result.injected) kinds.set(k, (kinds.get(k) ?? 0) + n)
  if (result.violations.length > 0) {
    bad++
    if (bad <= 12)
      console.log(
        seed,
        result.violations
          .slice(0, values.seed ? 99 : 2)
          .map((v) => `${v.promise}: ${v.what.slice(0, values.seed ? 2000 : 400)}`),
      )
  }
}
console.log(
  { seeds: count, bad, runs, requests, perS: Math.round(count / ((performance.now() - began) / 1000)) },
  Object.fromEntries([...kinds].sort()),
)
