import type { Config } from '../config.ts'
import { systemClock } from '../domain/clock.ts'
import { MS_PER_DAY, MS_PER_HOUR } from '../domain/durations.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import type { Counts } from '../domain/settlement.ts'
import { readLeases } from '../lease/lease-row.ts'
import { millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import { requireTables } from '../warehouse/require-tables.ts'
import type { QueryValue } from '../warehouse/warehouse.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { openFor } from './open-warehouse.ts'
import {
  type Cell,
  colour,
  commandLine,
  formatCount,
  formatDuration,
  formatInstant,
  formatTable,
} from './output.ts'
import { iso, type Row, withInstants } from './query-rows.ts'
import { leaseLines, leasesJson } from './status-lease.ts'

const SHOWN_RUNS = 8

type Limits = Pick<Config['delivery'], 'maxAgeDays' | 'inDoubtHoldHours'>

/** Who sends now, the last runs, and what waits or is in doubt. */
export const runCommand: RunCommand<'status'> = async (_flags, context) => {
  const config = await context.loadConfig()
  const warehouse = await openFor('status', config, context, { readOnly: true })
  try {
    await requireTables(warehouse)
    const runs = await readRows(warehouse, 'audit/runs.sql', { row_limit: SHOWN_RUNS })
    const open = await readRows(warehouse, 'audit/open.sql')
    const limits = config.delivery
    const leases = [await readLeases(warehouse), systemClock.now(), warehouse.isExclusive === true] as const
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify({ leases: leasesJson(...leases), ...statusJson(runs, open, limits) })}\n`
        : statusText(runs, open, limits, context, leaseLines(...leases)),
    )
    return ExitCode.ok
  } finally {
    await warehouse.close()
  }
}

/** Instants as ISO text, JSON columns as JSON. */
function statusJson(runs: Row[], open: Row[], limits: Limits) {
  return {
    runs: runs.map((run) => ({
      ...withInstants(run),
      counts: parsed(run.counts),
      reasons: parsed(run.reasons),
    })),
    open: open.map((row) => ({ ...withInstants(row), given_up_at: iso(endsAtMs(row, limits)) })),
  }
}

function statusText(
  runs: Row[],
  open: Row[],
  limits: Limits,
  context: CommandContext,
  sending: string[],
): string {
  const { stdout } = context
  const title = (text: string) => colour('bold', text, stdout)
  const lines = [
    title('Sending now'),
    ...sending,
    '',
    title('Last runs'),
    ...(runs.length === 0 ? ['  none yet'] : [runTable(runs, stdout)]),
    '',
    title('Open'),
  ]
  if (open.length === 0) lines.push('  nothing waits and nothing is in doubt')
  else lines.push(openTable(open, limits), '', ...nextLines(open, limits, context))
  return `${lines.join('\n')}\n`
}

function runTable(runs: Row[], stdout: NodeJS.WriteStream): string {
  const header = ['started', 'run', 'took', 'read', 'delivered', 'other', 'requests', 'exit']
  return formatTable(
    runs.map((run) => runRow(run, stdout)),
    { header, indent: 2 },
  )
}

function runRow(run: Row, stdout: NodeJS.WriteStream): Cell[] {
  const counts = parsed(run.counts) as Counts | null
  const started = withoutMillis(millis(run.started_at_micros)!)
  if (counts === null)
    return [
      started,
      run.run_id as string,
      colour('yellow', 'running, or died', stdout),
      null,
      null,
      null,
      null,
      null,
    ]
  const took = formatDuration(Number(run.duration_s) * 1000)
  const other = counts.read - counts.delivered
  return [
    started,
    run.run_id as string,
    took,
    counts.read,
    counts.delivered,
    other,
    run.requests as number,
    run.exit_code as number,
  ]
}

function openTable(open: Row[], limits: Limits): string {
  const now = systemClock.now()
  const header = ['status', 'reason', 'app/event', 'events', 'oldest', 'given up in']
  const rows = open.map((row): Cell[] => [
    row.status as string,
    row.reason as string,
    `${row.app_token ?? '–'}/${row.event_token ?? '–'}`,
    row.events as number,
    withoutMillis(millis(row.oldest_occurred_at_micros) ?? 0),
    formatDuration(Math.max(0, (endsAtMs(row, limits) ?? now) - now)),
  ])
  return formatTable(rows, { header, indent: 2 })
}

function nextLines(open: Row[], limits: Limits, { flags }: CommandContext): string[] {
  const [oldest] = open
  const expires = endsAtMs(oldest!, limits)
  const total = open.reduce((sum, row) => sum + Number(row.events), 0)
  return [
    `${formatCount(total)} wait or are in doubt; the oldest is given up ${expires === null ? 'never' : withoutMillis(expires)}.`,
    ...new Set(open.map((row) => `${row.reason}: ${REASONS[row.reason as Reason]?.meaning ?? ''}`)),
    `Next: ${commandLine(`explain ${oldest!.example}`, flags.config)}`,
  ]
}

/** When the oldest of a group is given up: a doubt after its hold, everything at the age limit. */
function endsAtMs(row: Row, { maxAgeDays, inDoubtHoldHours }: Limits): number | null {
  const occurredAtMs = millis(row.oldest_occurred_at_micros)
  const settledAtMs = millis(row.oldest_settled_at_micros)
  const expiresAtMs = occurredAtMs === null ? null : occurredAtMs + maxAgeDays * MS_PER_DAY
  if (row.status !== 'in_doubt' || settledAtMs === null) return expiresAtMs
  return settledAtMs + inDoubtHoldHours * MS_PER_HOUR
}

function withoutMillis(ms: number): string {
  return formatInstant(Math.floor(ms / 1000) * 1000)
}

function parsed(json: QueryValue | undefined): unknown {
  return typeof json === 'string' ? JSON.parse(json) : null
}
