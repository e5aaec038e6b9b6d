import { type CheckSettings, check, type Violation } from './check/check.ts'
import { findStuck } from './check/progress.ts'
import type { SourcePurchase, Witnesses } from './check/witnesses.ts'
import { lastWords, wrongExit } from './run/exits.ts'
import type { EndedRun } from './run/run-process.ts'
import type { AdjustProcess } from './shop/adjust.ts'
import type { Policy } from './shop/shop-plan.ts'

/** The promise of progress: once faults stop, so many runs settle what can be settled. */
const RUNS_TO_SETTLE = 3
/** Answers still come, and take a moment. */
const CALM = { latency_ms: 5 }

/** What the end of a shop takes, whatever its warehouse. */
export interface SettledShop {
  plan: { requestsPerSecond: number; concurrency: number; inDoubt: { revenue: Policy; other: Policy } }
  adjust: Pick<AdjustProcess, 'setFaults'>
  configure(inDoubt: { revenue: Policy; other: Policy }): Promise<void>
  run(): Promise<EndedRun>
  witnesses(): Promise<Witnesses>
}

export interface Verdict {
  runs: EndedRun[]
  witnesses: Witnesses
  violations: Violation[]
}

/**
 * The end of a shop: no faults, three runs, and everything is settled but what is in doubt and what waits for it; then nothing waits any
 * more (`skip`), three runs again, and everything is settled but what is in doubt. Then all the rules are checked.
 */
export async function settleAndCheck(
  shop: SettledShop,
  story: Pick<CheckSettings, 'endedThemselves' | 'losesJournal'>,
): Promise<Verdict> {
  const { plan } = shop
  await shop.adjust.setFaults(CALM)
  const isHeld = ({ hasRevenue }: SourcePurchase) => plan.inDoubt[hasRevenue ? 'revenue' : 'other'] !== 'skip'
  const held = await runUntilSettled(shop, isHeld)
  await shop.configure({ revenue: 'skip', other: 'skip' })
  const skipped = await runUntilSettled(shop, () => false)
  const { witnesses } = skipped
  const settings = { ...plan, ...story }
  const runs = [...held.runs, ...skipped.runs]
  return {
    runs,
    witnesses,
    violations: [...held.stuck, ...skipped.stuck, ...check(witnesses, settings), ...runs.flatMap(judge)],
  }
}

async function runUntilSettled(shop: SettledShop, isHeld: (row: SourcePurchase) => boolean) {
  const runs: EndedRun[] = []
  for (;;) {
    runs.push(await shop.run())
    const witnesses = await shop.witnesses()
    const stuck = findStuck(witnesses, isHeld)
    if (stuck.length === 0 || runs.length === RUNS_TO_SETTLE) return { runs, witnesses, stuck }
  }
}

function judge(run: EndedRun): Violation[] {
  const wrong = wrongExit(run, [0])
  return wrong === null
    ? []
    : [{ rule: 'exits', what: `a run that nobody disturbed: ${wrong} | ${lastWords(run)}` }]
}
