import { systemClock } from '../domain/clock.ts'
import { ExitCode } from '../domain/exit-code.ts'
import type { OpenLimits } from '../domain/given-up.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import type { Counts } from '../domain/settlement.ts'
import { shardName, WHOLE } from '../domain/shard.ts'
import { shellWord } from '../domain/shell-word.ts'
import { readLeases } from '../lease/lease-row.ts'
import { givenUpAtMs, readOpenGroups } from '../monitor/open-rows.ts'
import { millis } from '../warehouse/instants.ts'
import { readRows } from '../warehouse/read-rows.ts'
import { requireTables } from '../warehouse/require-tables.ts'
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
  paragraph,
} from './output.ts'
import type { Row } from './query-rows.ts'
import { parsed, type RunState, runState, type Standing, statusJson } from './status-json.ts'
import { leaseLines } from './status-lease.ts'

const SHOWN_RUNS = 8

/** Who sends now, the last runs, and what waits or is in doubt. */
export const runCommand: RunCommand<'status'> = async (_flags, context) => {
  const config = await context.loadConfig()
  const warehouse = await openFor('status', config, context, { readOnly: true })
  try {
    await requireTables(warehouse)
    const runs = await readRows(warehouse, 'audit/runs.sql', { row_limit: SHOWN_RUNS })
    const open = await readOpenGroups(warehouse, config.delivery, systemClock.now())
    const leases = await readLeases(warehouse)
    const nowMs = systemClock.now()
    const standing: Standing = { runs, open, leases, nowMs, isExclusive: warehouse.isExclusive === true }
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify(statusJson(standing, config.delivery))}\n`
        : statusText(standing, config.delivery, context),
    )
    return ExitCode.ok
  } finally {
    await warehouse.close()
  }
}

function statusText(standing: Standing, limits: OpenLimits, context: CommandContext): string {
  const { runs, open, leases, nowMs, isExclusive } = standing
  const { stdout } = context
  const title = (text: string) => colour('bold', text, stdout)
  const lines = [
    title('Sending now'),
    ...leaseLines(leases, nowMs, isExclusive),
    '',
    title('Last runs'),
    ...(runs.length === 0 ? ['  none yet'] : [runTable(standing, stdout)]),
    '',
    title('Open'),
  ]
  if (open.length === 0) lines.push('  nothing waits and nothing is in doubt')
  else lines.push(openTable(open, limits, stdout), '', ...nextLines(open, limits, context))
  return `${lines.join('\n')}\n`
}

function runTable(standing: Standing, stdout: NodeJS.WriteStream): string {
  const isSharded = standing.runs.some(({ shard }) => shard !== shardName(WHOLE))
  const shardOf = ({ shard }: Row): Cell[] => (isSharded ? [shard as string] : [])
  const header = ['started', 'run', 'took', 'read', 'delivered', 'other', 'requests', 'exit']
  if (isSharded) header.push('shard')
  const rows = standing.runs.map((run) => [...runRow(run, runState(run, standing), stdout), ...shardOf(run)])
  // The name of a run begins with its start.
  return formatTable(rows, { header, indent: 2, columns: stdout.columns, droppable: ['started'] })
}

function runRow(run: Row, state: RunState, stdout: NodeJS.WriteStream): Cell[] {
  const started = withoutMillis(millis(run.started_at_micros)!)
  const runId = run.run_id as string
  const counts = parsed(run.counts) as Counts | null
  if (counts === null) {
    const word = colour(state === 'running' ? 'green' : 'yellow', state, stdout)
    return [started, runId, word, null, null, null, null, null]
  }
  const took = formatDuration(Number(run.duration_s) * 1000)
  const other = counts.read - counts.delivered
  const numbers = [counts.read, counts.delivered, other, run.requests as number, run.exit_code as number]
  return [started, runId, took, ...numbers]
}

function openTable(open: Row[], limits: OpenLimits, stdout: NodeJS.WriteStream): string {
  const now = systemClock.now()
  const header = ['status', 'reason', 'app/event', 'events', 'oldest', 'given up in']
  const rows = open.map((row): Cell[] => [
    row.status as string,
    row.reason as string,
    `${row.app_token ?? '–'}/${row.event_token ?? '–'}`,
    row.events as number,
    withoutMillis(millis(row.oldest_occurred_at_micros) ?? 0),
    formatDuration(Math.max(0, (givenUpAtMs(row, limits) ?? now) - now)),
  ])
  return formatTable(rows, { header, indent: 2, columns: stdout.columns, droppable: ['oldest', 'app/event'] })
}

function reasonLine({ reason }: Row): string {
  return `${reason}: ${REASONS[reason as Reason]?.meaning ?? ''}`
}

function nextLines(open: Row[], limits: OpenLimits, { flags, stdout }: CommandContext): string[] {
  const [first] = open
  const expires = givenUpAtMs(first!, limits)
  const total = open.reduce((sum, row) => sum + Number(row.events), 0)
  return [
    `${formatCount(total)} wait or are in doubt; the first is given up ${expires === null ? 'never' : withoutMillis(expires)}.`,
    ...[...new Set(open.map(reasonLine))].map((line) => paragraph(line, { columns: stdout.columns })),
    ...(flags.quiet
      ? []
      : [`Next: ${commandLine(`explain ${shellWord(String(first!.example))}`, flags.config)}`]),
  ]
}

function withoutMillis(ms: number): string {
  return formatInstant(Math.floor(ms / 1000) * 1000)
}
