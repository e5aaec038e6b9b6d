import type { Violation } from './check/check.ts'
import { between } from './draw.ts'
import { type EndedRun, runIdOf, summaryOf } from './run/run-process.ts'
import { metFullDisk, type Score } from './score.ts'
import { settleAndCheck } from './settle.ts'
import type { Shop } from './shop/shop.ts'
import { drawTrouble, type Kill } from './trouble/kinds.ts'
import { Pace } from './trouble/pace.ts'
import { phasesOf } from './trouble/phases.ts'
import { makeTrouble } from './trouble/troubles.ts'

/**
 * The life of a shop: purchases come, runs are killed and disturbed again and again until `isOver`; then it is settled and checked. The
 * score grows as it goes. Answers what broke.
 */
export async function liveThrough(
  shop: Shop,
  score: Score,
  isOver: (shopKills: number) => boolean,
): Promise<Violation[]> {
  const pace = new Pace(shop.plan.purchasesPerSecond)
  const kills: Kill[] = []
  const wrong: Violation[] = []
  const endedThemselves = new Set<string>()
  while (!isOver(kills.length) && wrong.length === 0) {
    await sellSome(shop, pace)
    const trouble = drawTrouble(shop.random, shop.disk !== null)
    const { value: round, requests } = await counting(shop, () => makeTrouble(trouble, shop, pace))
    score.count(trouble)
    score.kills += round.kills.length
    score.addRuns(round.runs, requests)
    kills.push(...round.kills)
    wrong.push(...round.wrong.map((what) => ({ rule: 'exits' as const, what })))
    for (const run of round.runs.filter(isOwnEnd)) endedThemselves.add(runIdOf(run) ?? '')
    pace.learn(round.runs, requests)
  }
  const { value: verdict, requests } = await counting(shop, () =>
    settleAndCheck(shop, { endedThemselves, losesJournal: false }),
  )
  const violations = [...wrong, ...verdict.violations]
  score.addRuns(verdict.runs, requests)
  score.addShop(verdict.witnesses, violations)
  for (const phase of phasesOf(kills, verdict.witnesses.truth)) score.countPhase(phase)
  return violations
}

/** What was done, and how many requests arrived meanwhile. */
async function counting<Value>({ adjust }: Shop, act: () => Promise<Value>) {
  const before = await adjust.requestCount()
  const value = await act()
  return { value, requests: (await adjust.requestCount()) - before }
}

/** As much as keeps the next run busy for up to two seconds and a half, unless that much is left over. */
async function sellSome(shop: Shop, pace: Pace): Promise<void> {
  const { purchasesPerSecond } = shop.plan
  if (pace.pending > purchasesPerSecond * 1.5) return
  const count = Math.ceil(purchasesPerSecond * between(shop.random, 0.3, 2.4))
  await shop.sell(count)
  pace.sold(count)
}

/** Without a journal to write to, a run that breaks off may leave unknowns like one that died. */
function isOwnEnd(run: EndedRun): boolean {
  return summaryOf(run) !== null && !metFullDisk(run)
}
