import path from 'node:path'
import { RunLog } from '../audit/run-log.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../domain/clock.ts'
import type { SourceRow } from '../domain/event.ts'
import { REASONS } from '../domain/reason.ts'
import { checkContract, loadSource } from '../extract/extract.ts'
import {
  estimateFor,
  extractFor,
  type Scope,
  type Selection,
  transformRules,
  windowOf,
} from '../selection.ts'
import { createTransform, type Transformed } from '../transform/transform.ts'
import { costUsd, formatGb } from '../warehouse/gigabytes.ts'
import type { QueryEstimate, Warehouse } from '../warehouse/warehouse.ts'
import type { Seen } from './finding.ts'

/** The source as a run would read it. */
export interface Reader {
  config: Config
  warehouse: Warehouse
  clock: Clock
  /** The user's SELECT in the shape of the contract. */
  projection: string
}

const WHOLE_WINDOW: Selection = { from: null, to: null, app: null, event: null, limit: null, resend: 'none' }

/** Enough to meet one that would be sent behind a few that would not. */
const SAMPLE_ROWS = 100

/** As often as the newest rows become due with the usual settle time. */
const RUNS_A_DAY = 24 * 4
const DAYS_A_MONTH = 30

/** Throws a TerminalError when there is no file, or not one SELECT in it. */
export async function checkSourceFile({ source }: Config): Promise<Seen<string>> {
  const select = loadSource(source)
  return { detail: `${source} holds one statement`, value: select }
}

/** Throws a TerminalError that lists what the columns lack, each with its mend. */
export async function checkColumns(
  reader: Omit<Reader, 'projection'>,
  select: string,
): Promise<Seen<Reader>> {
  const { warehouse } = reader
  const projection = await checkContract(warehouse, select)
  const names = (await warehouse.describe(select)).map(({ name }) => name)
  return { detail: `they fit the source contract: ${names.join(', ')}`, value: { ...reader, projection } }
}

/** What one run over everything reads. Throws a TerminalError above the limit. */
export async function checkQuerySize(reader: Reader): Promise<Seen<QueryEstimate>> {
  const value = await withWindow(reader, WHOLE_WINDOW, estimateFor)
  const { bytes, maximumBytes } = value
  if (bytes === null || maximumBytes === null) return { detail: 'nothing is billed', value }
  const detail = `a run's query reads ${formatGb(bytes)}${costText(bytes, reader.config)}; the limit is ${formatGb(maximumBytes)}`
  if (bytes <= maximumBytes / 2) return { detail, value }
  const mend =
    'It will pass the limit as the table grows: partition the source by the column behind occurred_at, or raise warehouse.maximum_gb_billed.'
  return { detail, value, mend }
}

function costText(bytes: number, { warehouse }: Config): string {
  if (warehouse.type !== 'bigquery' || warehouse.usdPerTib === 0) return ''
  const usd = costUsd(bytes, warehouse.usdPerTib)
  const [day, month] = [usd * RUNS_A_DAY, usd * RUNS_A_DAY * DAYS_A_MONTH]
  return `, about $${usd.toFixed(2)}; every 15 minutes that is $${day.toFixed(2)} a day and $${month.toFixed(2)} a month`
}

/** Reads a few rows as a run would, and says what would become of the first. The value is null when there are none. */
export async function checkSample(reader: Reader): Promise<Seen<SourceRow | null>> {
  const nowMs = reader.clock.now()
  const rows = await firstRows(reader, { ...WHOLE_WINDOW, limit: SAMPLE_ROWS })
  if (rows.length === 0) return settledSample(reader)
  const transform = createTransform(transformRules(reader.config, { resend: 'none' }))
  const samples = rows.map((row) => ({ row, result: transform(row, nowMs) }))
  const sent = samples.find(({ result }) => result.kind === 'event')
  const { row, result } = sent ?? samples[0]!
  const detail = `${row.transactionId} ${fateText(result)}${othersText(samples, sent !== undefined)}`
  if (result.kind !== 'settled') return { detail, value: row, event: result.event }
  return { detail, value: row, mend: REASONS[result.reason].advice }
}

type Sample = { row: SourceRow; result: Transformed }

function fateText(result: Transformed): string {
  if (result.kind === 'event') return 'would be sent'
  const message = result.message === null ? '' : `, ${result.message}`
  const verb = result.kind === 'held' ? 'would wait' : 'would not be sent'
  return `${verb}: ${result.reason}${message} (${REASONS[result.reason].meaning})`
}

/** Only of what would not be sent for good: what waits is nobody's fault. */
function othersText(samples: readonly Sample[], isSent: boolean): string {
  const settled = samples.filter(({ result }) => result.kind === 'settled')
  const [first] = settled
  if (first?.result.kind !== 'settled') return ''
  const of = `${settled.length} of the first ${samples.length} rows`
  return isSent
    ? `; not so ${of}, such as ${first.row.transactionId}: ${first.result.reason}`
    : `; nor would ${of}`
}

/** Everything may have been sent already, which is as it should be; or the SELECT finds nothing at all. */
async function settledSample(reader: Reader): Promise<Seen<SourceRow | null>> {
  const [row] = await firstRows(reader, { ...WHOLE_WINDOW, limit: 1, resend: 'all' })
  if (row === undefined)
    return {
      detail: `the SELECT yields no row of the last ${reader.config.delivery.maxAgeDays} days`,
      value: null,
      mend: `Look at ${path.basename(reader.config.source)}: a wrong table, a filter, or a time zone?`,
    }
  const { status = 'settled', reason = '' } = row.earlier ?? {}
  return { detail: `all rows are settled, such as ${row.transactionId}: ${status} (${reason})`, value: row }
}

async function firstRows(reader: Reader, selection: Selection): Promise<SourceRow[]> {
  const rows: SourceRow[] = []
  const batches = await withWindow(reader, selection, async (...scope) => extractFor(...scope))
  for await (const batch of batches) rows.push(...batch)
  return rows
}

type InWindow = Parameters<typeof estimateFor>

async function withWindow<T>(
  { config, warehouse, clock, projection }: Reader,
  selection: Selection,
  work: (...scope: InWindow) => Promise<T>,
): Promise<T> {
  const nowMs = clock.now()
  const scope: Scope = { config, warehouse, selection, signal: new AbortController().signal }
  const window = await windowOf(scope, new RunLog(warehouse), nowMs)
  return work(scope, projection, window, nowMs)
}
