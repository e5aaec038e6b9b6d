import { parseArgs } from 'node:util'
import { play } from './play.ts'
import { describeBroken, SimulationTally } from './tally.ts'

const USAGE = `Plays weeks of production on a made-up clock, disk, network and warehouse, and looks for a broken promise.

  npm run check:simulation -- --seeds 200000          so many seeds, on all cores
  npm run check:simulation -- --seeds 1000 --from 7   beginning with seed 7
  npm run check:simulation -- --seed 42               one seed again, with every broken promise
  npm run check:simulation -- --without rate          without a guard (see test/simulation/sabotage/guards.ts)
`

const whole = (text: string | undefined, fallback: number): number => {
  const number = Number(text ?? fallback)
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${text} is no whole number\n\n${USAGE}`)
  return number
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string' },
    seed: { type: 'string' },
    without: { type: 'string' },
    help: { type: 'boolean' },
  },
})

async function main(): Promise<number> {
  const out = (text: string) => process.stdout.write(`${text}\n`)
  if (values.help) {
    out(USAGE)
    return 0
  }
  const one = values.seed !== undefined
  const fromSeed = one ? whole(values.seed, 0) : whole(values.from, 1)
  const seeds = one ? 1 : whole(values.seeds, 2_000)
  const tally = new SimulationTally()
  const startedAt = performance.now()
  const perSecond = () => Math.round(tally.seeds / ((performance.now() - startedAt) / 1_000))
  let toldAt = startedAt
  out(`seeds ${fromSeed} to ${fromSeed + seeds - 1}${values.without ? `, without ${values.without}` : ''}`)
  await play({
    fromSeed,
    seeds,
    ...(values.without === undefined ? {} : { without: values.without }),
    onResult: (result) => {
      tally.add(result)
      if (result.violations.length > 0 && tally.broken.length <= 20)
        out(describeBroken(result, one ? 100 : 3))
      if (performance.now() - toldAt < 10_000) return
      toldAt = performance.now()
      out(`${tally.seeds} seeds, ${perSecond()}/s, ${tally.broken.length} with a broken promise`)
    },
  })
  out('')
  for (const [kind, count] of [...tally.injected].sort()) out(`${String(count).padStart(9)}  ${kind}`)
  out('')
  out(
    `${tally.seeds} seeds (${perSecond()}/s): ${tally.runs} runs, ${tally.requests} requests, ` +
      `${tally.inDoubtAfterCrash} in doubt after a crash; ${tally.broken.length} seeds with a broken promise`,
  )
  return tally.broken.length === 0 ? 0 : 1
}

process.exitCode = await main()
