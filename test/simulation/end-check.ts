import { MS_PER_DAY } from '../../src/domain/durations.ts'
import { summarizeTruth } from '../../src/simulator/truth-summary.ts'
import type { TableRow } from '../../src/warehouse/warehouse.ts'
import type { Exchange } from './network.ts'
import { INACTIVE_APP, START_MS } from './plan.ts'
import type { Simulation } from './simulation.ts'
import type { SourceRecord } from './tables.ts'
import { mustBeInOrder, type Violation } from './witness.ts'

type Story = Pick<Simulation, 'tables' | 'network' | 'plan' | 'records' | 'broughtAtMs' | 'witness'>

/** Wall clocks of the machines are off by at most so much. */
const CLOCKS_DIFFER_MS = 20_000

/**
 * Compares the three witnesses, source rows, what Adjust saw and the audit table, after calm runs. The program's own journal and memory
 * are not asked.
 *
 * @param mayHold what is in doubt may still wait for evidence.
 */
export function checkEnd(story: Story, { mayHold }: { mayHold: boolean }): Violation[] {
  const latest = latestRows(story.tables.audit)
  return [
    ...checkTruth(story),
    ...checkOvertaken(story),
    ...checkRate(story),
    ...checkAuditIds(story),
    ...checkUnknowns(story),
    ...checkCounts(story),
    ...checkAccounted(story, latest),
    ...checkOutcomes(story, latest),
    ...checkOpen(story, latest, mayHold),
  ]
}

/** Nothing counted twice, nothing out of order, nothing refused for its order. */
function checkTruth(story: Story): Violation[] {
  const { network, plan } = story
  const { countedTwice, outOfOrder, violations } = summarizeTruth(network.truth.entries)
  const policies = [plan.config, plan.otherConfig].map(({ delivery }) => delivery.inDoubt)
  const isResent = (id: string) => {
    const { hasRevenue } = network.exchanges.find(({ transactionId }) => transactionId === id)!
    // Copies with and without revenue under one id fall under both policies.
    if (story.tables.source.filter((row) => row.transaction_id === id).length > 1) return true
    return policies.some(({ revenue, other }) => (hasRevenue ? revenue : other) === 'resend')
  }
  const refused = network.exchanges.filter((one) => one.judged === 'badEventState' && !isExcused(one, story))
  return [
    ...countedTwice.filter((id) => !isResent(id)).map((id) => broken('twice', `${id} was counted twice`)),
    ...outOfOrder.map((sequence) => broken('order', `request ${sequence} was counted out of order`)),
    ...refused.map(({ transactionId }) =>
      broken('order', `${transactionId} was refused for its order or age`),
    ),
    ...Object.keys(violations).map((code) => broken('audit', `a request was careless: ${code}`)),
  ]
}

/**
 * Adjust may refuse an event for its order, and the sender could not know better: it was kept on the way for minutes, and its device was
 * to go on (`skip`); it is sent again (`resend`), and the first may have been counted; the names were not known yet to be those of one device; or it reached the warehouse after a later one whose outcome
 * nobody knows.
 */
function isExcused(refused: Exchange, story: Story): boolean {
  if (refused.fault === 'handled_late' || wasSentBefore(refused, story) || hasCopies(refused, story))
    return true
  const { exchanges } = story.network
  const earlier = exchanges.filter(({ process }) => process.number < refused.process.number)
  const [known, all] = [namesOfDevice(refused, earlier), namesOfDevice(refused, exchanges)]
  const rivals = exchanges.filter(
    (one) =>
      isOf(one, all) &&
      one.counted &&
      one.startedAtMs < refused.startedAtMs &&
      one.createdAtMs > refused.createdAtMs &&
      mustBeInOrder(one, refused),
  )
  const isUnavoidable = (rival: Exchange) => {
    if (rival.process === refused.process) return false
    if (hasCopies(rival, story)) return true
    return !isOf(rival, known) || (isUnknown(rival, refused, story) && !wasBefore(refused, rival, story))
  }
  return rivals.length > 0 && rivals.every(isUnavoidable)
}

/** It is sent again. With one policy throughout its device has waited, so then only the first sending can stand in its way. */
function wasSentBefore({ transactionId, process }: Exchange, { network, plan, tables }: Story): boolean {
  const isCounted = network.exchanges.some(
    (one) => one.transactionId === transactionId && one.process.number < process.number && one.counted,
  )
  if (isCounted || plan.config === plan.otherConfig) return isCounted
  return tables.audit.some((row) => row.transaction_id === transactionId && row.status === 'in_doubt')
}

/** Several rows of the source have its id: which of them was sent, and when it came, is then another question. */
function hasCopies({ transactionId }: Exchange, { tables }: Story): boolean {
  return tables.source.filter((row) => row.transaction_id === transactionId).length > 1
}

/** Whether the audit table did not know yet that Adjust had taken it. */
function isUnknown({ transactionId }: Exchange, refused: Exchange, { tables, records }: Story): boolean {
  const known = tables.audit.slice(0, records[refused.process.number - 1]!.auditRows)
  return !known.some((row) => row.transaction_id === transactionId && row.status === 'delivered')
}

/** Whether the run that sent the other one had this one before it, and could know that they are of one device. */
function wasBefore(
  refused: Exchange,
  rival: Exchange,
  { network, records, tables, broughtAtMs }: Story,
): boolean {
  const { selection, startedAtMs } = records[rival.process.number - 1]!
  const sentBefore = network.exchanges.filter((one) => one.startedAtMs < rival.startedAtMs)
  if (!isOf(rival, namesOfDevice(refused, sentBefore))) return false
  return tables.source.some((row) => {
    const atMs = (row.occurred_at_micros ?? 0) / 1000
    return (
      row.transaction_id === refused.transactionId &&
      broughtAtMs.get(row)! <= startedAtMs &&
      (selection.event === null || selection.event === row.event_token) &&
      atMs >= (selection.from ?? Number.NEGATIVE_INFINITY) &&
      atMs < (selection.to ?? Number.POSITIVE_INFINITY)
    )
  })
}

function isOf({ identifiers }: Exchange, device: Set<string>): boolean {
  return identifiers.some((name) => device.has(name))
}

function namesOfDevice({ identifiers }: Exchange, exchanges: readonly Exchange[]): Set<string> {
  const names = new Set(identifiers)
  for (let size = 0; size < names.size; ) {
    size = names.size
    for (const one of exchanges) if (isOf(one, names)) for (const name of one.identifiers) names.add(name)
  }
  return names
}

function checkOvertaken({ witness, tables }: Story): Violation[] {
  const isGivenUp = (id: string, runId: string) =>
    tables.audit.some((row) => row.transaction_id === id && row.run_id === runId && row.status !== 'in_doubt')
  return witness.overtaken
    .filter(({ transactionId, by }) => !isGivenUp(transactionId, `run-${by.process.number}`))
    .map(({ transactionId, by }) =>
      broken('order', `${by.transactionId} left while the outcome of ${transactionId} was unknown`),
    )
}

function checkRate({ network, plan }: Story): Violation[] {
  const limit = plan.config.delivery.requestsPerSecond
  const arrivals = network.exchanges.map(({ arrivedAtMs }) => arrivedAtMs).sort((one, other) => one - other)
  const index = arrivals.findIndex(
    (atMs, first) => (arrivals[first + limit] ?? Number.POSITIVE_INFINITY) - atMs < 1_000,
  )
  return index < 0
    ? []
    : [
        broken(
          'rate',
          `more than ${limit} requests within a second from ${arrivals[index]! - START_MS} ms on`,
        ),
      ]
}

/**
 * Writing a row again changes nothing. (But a run that was paused past its lease, and whose successor has read its journal meanwhile, still
 * says what it knows when it wakes up.)
 */
function checkAuditIds({ tables, records }: Story): Violation[] {
  const paused = new Set(
    records.filter(({ process }) => process.wasPaused).map(({ process }) => `run-${process.number}`),
  )
  const seen = new Map<unknown, string>()
  return tables.audit.flatMap((row) => {
    const text = JSON.stringify(row)
    const first = seen.get(row.audit_id)
    seen.set(row.audit_id, text)
    if (first === undefined || first === text || paused.has(row.run_id as string)) return []
    return [broken('audit', `${row.audit_id} stands there twice, and not the same`)]
  })
}

/** A crash leaves at most as many unknowns as requests were in flight. */
function checkUnknowns({ tables, plan }: Story): Violation[] {
  const died = new Map(
    tables.audit
      // A later run that cannot settle one keeps its reason, in words of its own.
      .filter(
        ({ reason, message }) =>
          reason === 'process_died' && message === 'the process ended before the answer came',
      )
      .map((row) => [row.audit_id as string, row.run_id as string]),
  )
  const { concurrency } = plan.config.delivery
  return [...Map.groupBy(died, ([, runId]) => runId)]
    .filter(([, rows]) => rows.length > concurrency)
    .map(([runId, rows]) =>
      broken('unknowns', `${runId} left ${rows.length} unknowns, ${concurrency} were allowed in flight`),
    )
}

function checkCounts({ records }: Story): Violation[] {
  return records.flatMap(({ process, summary }) => {
    if (summary === null) return []
    const { read, ...settled } = summary.counts
    const sum = Object.values(settled).reduce((all, count) => all + count, 0)
    return sum === read ? [] : [broken('accounted', `run ${process.number} read ${read} and settled ${sum}`)]
  })
}

/** Every row has one answer to what became of it. */
function checkAccounted(story: Story, latest: Map<string, TableRow>): Violation[] {
  if (areCredentialsRefused(story)) return []
  return story.tables.source.flatMap((row) => {
    const { transaction_id: id } = row
    if (id === null || latest.has(id) || cameTooOld(row, story)) return []
    return [broken('accounted', `${id} has no audit row`)]
  })
}

/** No window reaches back to what was past the age limit before the first full run, or came when it was past that of the last one. */
function cameTooOld(row: SourceRecord, { tables, records, broughtAtMs }: Story): boolean {
  const micros = row.occurred_at_micros
  if (micros === null) return false
  const full = tables.runs
    .filter(
      ({ event, full_window, exit_code }) =>
        event === 'ended' && full_window && (exit_code === 0 || exit_code === 3),
    )
    .map(({ run_id }) => records.find(({ process }) => run_id === `run-${process.number}`)!.startedAtMs)
  const before = full.findLast((startedAtMs) => startedAtMs <= broughtAtMs.get(row)!) ?? full[0]
  return before === undefined || micros / 1000 < before - 58 * MS_PER_DAY + CLOCKS_DIFFER_MS
}

/** What the audit table says of a transaction, and what Adjust did. */
function checkOutcomes({ network, tables }: Story, latest: Map<string, TableRow>): Violation[] {
  const counted = new Set(
    network.truth.entries.filter((entry) => entry.counted).map(({ transactionId }) => transactionId),
  )
  const mayBeCounted = ['delivered', 'in_doubt', 'abandoned', 'duplicate']
  const found: Violation[] = []
  for (const [id, { status, reason }] of latest) {
    if (status === 'delivered' && !counted.has(id))
      found.push(broken('accounted', `${id} is called delivered, and Adjust does not have it`))
    // Of two rows under one id the other one may be what was counted.
    const isOneRow = tables.source.filter((row) => row.transaction_id === id).length === 1
    if (counted.has(id) && isOneRow && !mayBeCounted.includes(status as string))
      found.push(broken('accounted', `${id} is called ${status} (${reason}), and Adjust has counted it`))
  }
  for (const id of counted)
    if (!latest.has(id!)) found.push(broken('accounted', `${id} was counted, and no audit row knows it`))
  return found
}

/** Then every run stops at its first request, before it has read on. */
function areCredentialsRefused({ records }: Pick<Story, 'records'>): boolean {
  return records.at(-1)?.summary?.stopped === 'credentials_refused'
}

const MAY_STAY_OPEN = [
  'device_not_found',
  'app_stopped',
  'token_stopped',
  'credentials_refused',
  'rejection_storm',
]

/** What may still be open after calm runs: what Adjust refuses to settle, what waits for evidence, and what waits for one of these. */
function checkOpen({ records, plan }: Story, latest: Map<string, TableRow>, mayHold: boolean): Violation[] {
  if (areCredentialsRefused({ records })) return []
  const isOpen = (id: unknown) => ['deferred', 'in_doubt'].includes(latest.get(String(id))?.status as string)
  const { inDoubt } = plan.config.delivery
  const hasUnknownDevice = Object.values(plan.world.devices ?? {}).some(({ known }) => known !== undefined)
  return [...latest].flatMap(([id, { status, reason, message, app_token, revenue }]) => {
    if (!isOpen(id) || MAY_STAY_OPEN.includes(reason as string)) return []
    // It would be sent again, if Adjust took anything of its app, or knew its device.
    const policy = revenue === null ? inDoubt.other : inDoubt.revenue
    const isRefused = app_token === INACTIVE_APP || hasUnknownDevice
    if (status === 'in_doubt' && policy === 'resend' && isRefused) return []
    if (status === 'in_doubt' && mayHold) return []
    const waits = reason === 'waits_for_earlier' || reason === 'waits_for_in_doubt'
    // What it waits for may have been settled a moment ago, by a run that had read this one as waiting.
    const isNews = latest.get(String(message))?.run_id === `run-${records.length}`
    if (waits && (isOpen(message) || isNews)) return []
    return [broken('progress', `${id} is still ${status} (${reason}: ${message})`)]
  })
}

/** As `s2s_latest` says it: delivered for good; then the last request; a wait says less than an outcome; then the newest. */
function latestRows(audit: readonly TableRow[]): Map<string, TableRow> {
  const latest = new Map<string, TableRow>()
  for (const row of audit) {
    if (row.status === 'retried' || row.reason === 'source_duplicate') continue
    const id = row.transaction_id as string
    const known = latest.get(id)
    if (known === undefined || compare(row, known) > 0) latest.set(id, row)
  }
  return latest
}

function compare(one: TableRow, other: TableRow): number {
  return (
    Number(one.status === 'delivered') - Number(other.status === 'delivered') ||
    (one.attempt as number) - (other.attempt as number) ||
    Number(other.status === 'deferred') - Number(one.status === 'deferred') ||
    settledAt(one) - settledAt(other) ||
    (one.audit_id! > other.audit_id! ? 1 : -1)
  )
}

function settledAt({ settled_at }: TableRow): number {
  return (settled_at as { timestampMicros: number }).timestampMicros
}

function broken(promise: Violation['promise'], what: string): Violation {
  return { promise, what }
}
