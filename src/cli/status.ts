import { systemClock } from '../domain/clock.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import type { Counts } from '../domain/settlement.ts'
import { openWarehouse } from '../warehouse/open-warehouse.ts'
import { readRows } from '../warehouse/read-rows.ts'
import { requireTables } from '../warehouse/require-tables.ts'
import type { QueryValue } from '../warehouse/warehouse.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { type Cell, colour, formatCount, formatDuration, formatInstant, formatTable } from './output.ts'
import { iso, millis, type Row, withInstants } from './query-rows.ts'

const SHOWN_RUNS = 8
const DAY_MS = 86_400_000

/** The last runs, and what waits or is in doubt. */
export const runCommand: RunCommand<'status'> = async (_flags, context) => {
  const config = await context.loadConfig()
  const warehouse = await openWarehouse(config.warehouse, { readOnly: true })
  try {
    await requireTables(warehouse)
    const runs = await readRows(warehouse, 'audit/runs.sql', { row_limit: SHOWN_RUNS })
    const open = await readRows(warehouse, 'audit/open.sql')
    const { maxAgeDays } = config.delivery
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify(statusJson(runs, open, maxAgeDays))}\n`
        : statusText(runs, open, maxAgeDays, context),
    )
    return ExitCode.ok
  } finally {
    await warehouse.close()
  }
}

/** Instants as ISO text, JSON columns as JSON. */
function statusJson(runs: Row[], open: Row[], maxAgeDays: number) {
  return {
    runs: runs.map((run) => ({
      ...withInstants(run),
      counts: parsed(run.counts),
      reasons: parsed(run.reasons),
    })),
    open: open.map((row) => ({ ...withInstants(row), expires_at: iso(expiresAtMs(row, maxAgeDays)) })),
  }
}

function statusText(runs: Row[], open: Row[], maxAgeDays: number, context: CommandContext): string {
  const { stdout } = context
  const title = (text: string) => colour('bold', text, stdout)
  const lines = [
    title('Last runs'),
    ...(runs.length === 0 ? ['  none yet'] : [runTable(runs, stdout)]),
    '',
    title('Open'),
  ]
  if (open.length === 0) lines.push('  nothing waits and nothing is in doubt')
  else lines.push(openTable(open, maxAgeDays), '', ...nextLines(open, maxAgeDays, context))
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

function openTable(open: Row[], maxAgeDays: number): string {
  const now = systemClock.now()
  const header = ['status', 'reason', 'app/event', 'events', 'oldest', 'expires in']
  const rows = open.map((row): Cell[] => [
    row.status as string,
    row.reason as string,
    `${row.app_token ?? '–'}/${row.event_token ?? '–'}`,
    row.events as number,
    withoutMillis(millis(row.oldest_occurred_at_micros) ?? 0),
    formatDuration(Math.max(0, (expiresAtMs(row, maxAgeDays) ?? now) - now)),
  ])
  return formatTable(rows, { header, indent: 2 })
}

function nextLines(open: Row[], maxAgeDays: number, { flags }: CommandContext): string[] {
  const [oldest] = open
  const expires = expiresAtMs(oldest!, maxAgeDays)
  const total = open.reduce((sum, row) => sum + Number(row.events), 0)
  const config = flags.config === undefined ? '' : ` --config ${flags.config}`
  return [
    `${formatCount(total)} wait or are in doubt; the oldest expires ${expires === null ? 'never' : withoutMillis(expires)}.`,
    ...new Set(open.map((row) => `${row.reason}: ${REASONS[row.reason as Reason]?.meaning ?? ''}`)),
    `Next: adjust-s2s explain ${oldest!.example}${config}`,
  ]
}

function expiresAtMs(row: Row, maxAgeDays: number): number | null {
  const occurredAtMs = millis(row.oldest_occurred_at_micros)
  return occurredAtMs === null ? null : occurredAtMs + maxAgeDays * DAY_MS
}

function withoutMillis(ms: number): string {
  return formatInstant(Math.floor(ms / 1000) * 1000)
}

function parsed(json: QueryValue | undefined): unknown {
  return typeof json === 'string' ? JSON.parse(json) : null
}
