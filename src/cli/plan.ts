import type { Config } from '../config.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import type { ReasonCount } from '../domain/settlement.ts'
import { shardName } from '../domain/shard.ts'
import { type Plan, planJob } from '../plan-job.ts'
import { shardOf } from '../selection.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { estimateText } from './estimate-text.ts'
import { type MaskedRequest, maskRequest } from './masked-request.ts'
import { nothingFound } from './nothing-found.ts'
import { openFor } from './open-warehouse.ts'
import {
  colour,
  commandLine,
  formatCount,
  formatDuration,
  formatInstant,
  formatTable,
  LEAVES_EARLIER,
  oneLine,
  paragraph,
} from './output.ts'
import { requestLines } from './request-lines.ts'
import { onStopSignal } from './stop-signal.ts'

/** Shows what a run would do. It opens the warehouse for reading only. */
export const runCommand: RunCommand<'plan'> = async (flags, context) => {
  const config = await context.loadConfig()
  const warehouse = await openFor('plan', config, context, {
    readOnly: true,
    tempDirectory: config.stateDir,
    labels: { shard: shardName(shardOf(flags)) },
  })
  const { signal, release } = onStopSignal((text) => context.stderr.write(`${text}\n`))
  try {
    const plan = await planJob({ config, warehouse, selection: flags, signal })
    const requests = plan.firstEvents.map((event) => maskRequest(event, config.adjust))
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify(planJson(plan, requests))}\n`
        : formatPlan(plan, requests, config, context),
    )
    const nothing = nothingFound(flags, plan.counts.read)
    if (nothing !== null) context.stderr.write(`warning: ${nothing}\n`)
    return ExitCode.ok
  } finally {
    await warehouse.close().finally(release)
  }
}

function planJson(
  { window, counts, reasons, warnings, tokens, leavesEarlier, estimate, bytesBilled }: Plan,
  requests: MaskedRequest[],
) {
  return {
    window: { from: new Date(window.fromMs).toISOString(), to: new Date(window.toMs).toISOString() },
    counts,
    reasons,
    warnings,
    tokens,
    leaves_earlier: leavesEarlier,
    requests,
    bytes_estimated: estimate.bytes,
    bytes_billed: bytesBilled,
    exit_code: ExitCode.ok,
  }
}

function formatPlan(
  plan: Plan,
  requests: MaskedRequest[],
  config: Config,
  { stdout, flags }: CommandContext,
): string {
  const { window, counts, reasons, warnings, tokens } = plan
  const { requestsPerSecond } = config.delivery
  const seconds = counts.delivered / requestsPerSecond
  const lines = [
    colour('bold', 'Plan: nothing was sent and nothing was written', stdout),
    `  ${formatInstant(window.fromMs)} up to ${formatInstant(window.toMs)}`,
    '',
    formatTable([['read', counts.read, ''], ...reasons.map(predictionRow)], {
      indent: 2,
      columns: stdout.columns,
    }),
    '',
    ...section('By app and event token', countRows(tokens)),
    ...section('Warnings', countRows(warnings)),
    ...requests.flatMap((request) => [...requestLines(request, stdout), '']),
  ]
  if (counts.delivered > 0) {
    lines.push(
      `At ${formatCount(requestsPerSecond)} requests per second this takes at least ${formatDuration(seconds * 1000)}.`,
    )
  }
  const reads = estimateText(plan.estimate, config)
  if (reads !== null) lines.push(`On BigQuery, ${reads}.`)
  if (plan.leavesEarlier)
    lines.push(paragraph(colour('yellow', LEAVES_EARLIER, stdout), { columns: stdout.columns }))
  if (counts.delivered > 0 && !flags.quiet)
    lines.push(`Next: ${commandLine('run', flags.config)}, with the same flags`)
  return `${lines.join('\n')}\n`
}

function predictionRow({ status, reason, count, example }: ReasonCount) {
  if (status === 'delivered') return ['to send', count, 'Adjust decides what becomes of them.']
  return [status, count, `${reason}, such as ${oneLine(example)}: ${REASONS[reason as Reason].meaning}`]
}

function countRows(counts: Record<string, number>) {
  return Object.entries(counts).sort(([, one], [, other]) => other - one)
}

function section(title: string, rows: [string, number][]): string[] {
  return rows.length === 0 ? [] : [`${title}:`, formatTable(rows, { indent: 2 }), '']
}
