import type { SimulationResult } from './simulation.ts'

/** Sums up what was played. */
export class SimulationTally {
  seeds = 0
  runs = 0
  requests = 0
  inDoubtAfterCrash = 0
  readonly broken: SimulationResult[] = []
  readonly injected = new Map<string, number>()

  add(result: SimulationResult): void {
    this.seeds++
    this.runs += result.runs
    this.requests += result.requests
    this.inDoubtAfterCrash += result.inDoubtAfterCrash
    if (result.violations.length > 0) this.broken.push(result)
    for (const [kind, count] of result.injected)
      this.injected.set(kind, (this.injected.get(kind) ?? 0) + count)
  }
}

/** The broken promises of one seed, and what plays it again. */
export function describeBroken({ seed, violations }: SimulationResult, shown = 3): string {
  const lines = violations.slice(0, shown).map(({ promise, what }) => `  ${promise}: ${what}`)
  if (violations.length > shown) lines.push(`  and ${violations.length - shown} more`)
  return [`seed ${seed}: again with npm run check:simulation -- --seed ${seed}`, ...lines].join('\n')
}
