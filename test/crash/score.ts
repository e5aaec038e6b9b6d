import { RULES, type Rule, type Violation } from './check/check.ts'
import { unknownsByRun } from './check/unknowns.ts'
import type { Witnesses } from './check/witnesses.ts'
import type { EndedRun } from './run/run-process.ts'
import { PHASES, type Phase, TROUBLES, type Trouble } from './trouble/kinds.ts'

/** Sums over all shops. */
export class Score {
  readonly troubles = new Map<Trouble, number>()
  readonly phases = new Map<Phase, number>()
  readonly violations = new Map<Rule, number>()
  kills = 0
  shops = 0
  runs = 0
  purchases = 0
  requests = 0
  delivered = 0
  inDoubt = 0
  unknowns = 0
  mostUnknowns = 0
  fullDisks = 0

  count(trouble: Trouble): void {
    add(this.troubles, trouble)
  }

  countPhase(phase: Phase): void {
    add(this.phases, phase)
  }

  /** A round, or any other few runs, with the requests that arrived in it. */
  addRuns(runs: readonly EndedRun[], requests: number): void {
    this.runs += runs.length
    this.requests += requests
    this.fullDisks += runs.filter(metFullDisk).length
  }

  /** A shop that is settled and checked. */
  addShop({ purchases, latest, audit }: Witnesses, violations: readonly Violation[]): void {
    const unknowns = [...unknownsByRun(audit).values()]
    this.shops++
    this.purchases += purchases.length
    this.delivered += latest.filter(({ status }) => status === 'delivered').length
    this.inDoubt += latest.filter(({ status }) => status === 'in_doubt').length
    this.unknowns += unknowns.reduce((sum, count) => sum + count, 0)
    this.mostUnknowns = Math.max(this.mostUnknowns, ...unknowns)
    for (const { rule } of violations) add(this.violations, rule)
  }

  /** One line for somebody who waits. */
  progress(wanted: { kills: number; pauses: number }, seconds: number): string {
    const { kills, runs, requests, violations } = this
    const paused = this.troubles.get('paused past the lease') ?? 0
    const pauses = wanted.pauses > 0 ? `, ${paused} of ${wanted.pauses} pauses` : ''
    const wrong = [...violations].map(([rule, count]) => `, ${rule} ${count}`).join('')
    const rate = seconds > 0 ? ((60 * kills) / seconds).toFixed(0) : '–'
    return `${seconds.toFixed(0)} s: ${kills} of ${wanted.kills} kills (${rate} a minute)${pauses}, ${runs} runs, ${requests} requests${wrong}`
  }

  table(seconds: number): string {
    const rule = (name: Rule) => this.violations.get(name) ?? 0
    const rows: [string, string | number][] = [
      ['rounds of trouble', this.troubles.values().reduce((sum, count) => sum + count, 0)],
      ...TROUBLES.map((name): [string, number] => [`  ${name}`, this.troubles.get(name) ?? 0]),
      ['', ''],
      ['kills (of living processes)', this.kills],
      ...PHASES.map((name): [string, number] => [`  ${name}`, this.phases.get(name) ?? 0]),
      ['', ''],
      ['shops', this.shops],
      ['runs', this.runs],
      ['runs that met a full disk', this.fullDisks],
      ['purchases', this.purchases],
      ['requests', this.requests],
      ['delivered', this.delivered],
      ['in doubt at the end', this.inDoubt],
      ['in flight at a death: unknown', this.unknowns],
      ['  most of one death', this.mostUnknowns],
      ['', ''],
      ...RULES.map((name): [string, number] => [name.replaceAll('_', ' '), rule(name)]),
      ['seconds', seconds.toFixed(0)],
    ]
    const width = Math.max(...rows.map(([name]) => name.length))
    return rows
      .map(([name, value]) => (name === '' ? '' : `${name.padEnd(width)}  ${String(value).padStart(9)}`))
      .join('\n')
  }
}

/** Whether its journal had no room. */
export function metFullDisk({ stderr }: EndedRun): boolean {
  return stderr.includes('ENOSPC')
}

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
