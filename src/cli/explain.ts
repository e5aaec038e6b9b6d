import type { Config } from '../config.ts'
import { MS_PER_HOUR } from '../domain/durations.ts'
import { ExitCode } from '../domain/exit-code.ts'
import { REASONS, type Reason } from '../domain/reason.ts'
import { OPEN_STATUSES } from '../domain/settlement.ts'
import { shellWord } from '../domain/shell-word.ts'
import { type Explanation, explainJob } from '../explain-job.ts'
import { millis } from '../warehouse/instants.ts'
import type { CommandContext, RunCommand } from './command.ts'
import { maskRequest } from './masked-request.ts'
import { openFor } from './open-warehouse.ts'
import { colour, commandLine, formatInstant, formatTable, oneLine, paragraph } from './output.ts'
import { type Row, withInstants } from './query-rows.ts'
import { requestLines } from './request-lines.ts'

/** A gateway's page is long and says little. */
const SHOWN_CHARACTERS = 70

/** One transaction's whole story: its row, its request, what it waits for, every attempt, what Adjust said, and what to do. */
export const runCommand: RunCommand<'explain'> = async ({ transactionId }, context) => {
  const config = await context.loadConfig()
  const warehouse = await openFor('explain', config, context, {
    readOnly: true,
    tempDirectory: config.stateDir,
  })
  try {
    const explanation = await explainJob({ config, warehouse }, transactionId)
    context.stdout.write(
      context.flags.json
        ? `${JSON.stringify(explanationJson(explanation, config, context.flags.config))}\n`
        : explanationText(explanation, config, context),
    )
    return exitCodeOf(explanation)
  } finally {
    await warehouse.close()
  }
}

/** Neither the source nor the audit table knows it: a wrong id, most often. */
function exitCodeOf({ rows, history }: Explanation): ExitCode {
  return rows.length === 0 && history.length === 0 ? ExitCode.usage : ExitCode.ok
}

function explanationJson(explanation: Explanation, config: Config, configFlag: string | undefined) {
  const { transactionId, history, waitsFor } = explanation
  const event = eventOf(explanation)
  return {
    transaction_id: transactionId,
    source_rows: explanation.rows.length,
    next: nextJson(explanation),
    request: event === null ? null : maskRequest(event, config.adjust),
    history: history.map(withInstants),
    waits_for: waitsFor === null ? null : withInstants(waitsFor),
    verdict: verdict(explanation, config, configFlag),
    exit_code: exitCodeOf(explanation),
  }
}

/** What the next run would make of it; null when it is settled, or gone from the source. */
function nextJson({ next, history }: Explanation) {
  const last = history.at(-1)
  const isOpen = last === undefined || (OPEN_STATUSES as readonly unknown[]).includes(last.status)
  if (next === null || !isOpen) return null
  if (next.kind === 'event') return { outcome: 'sent', reason: null, message: null }
  const outcome = next.kind === 'settled' ? next.status : 'held'
  return { outcome, reason: next.reason, message: next.message }
}

function explanationText(
  explanation: Explanation,
  config: Config,
  { stdout, flags }: CommandContext,
): string {
  const { transactionId, rows, history, waitsFor } = explanation
  const title = (text: string) => colour('bold', text, stdout)
  const event = eventOf(explanation)
  const lines = [
    title(transactionId),
    ...verdict(explanation, config, flags.config).map((sentence) =>
      paragraph(sentence, { indent: 2, columns: stdout.columns }),
    ),
    '',
  ]
  lines.push(title('In the source'), ...sourceLines(explanation, stdout.columns), '')
  if (history.length > 0) lines.push(title('What happened'), historyTable(history, stdout), '')
  if (waitsFor !== null) lines.push(title('It waits for'), historyTable([waitsFor], stdout), '')
  if (event !== null && rows.length > 0) {
    lines.push(
      title('Its request, ids masked'),
      ...requestLines(maskRequest(event, config.adjust), stdout).map((line) => `  ${line}`),
      '',
    )
  }
  return lines.join('\n')
}

function eventOf({ next }: Explanation) {
  return next === null || next.kind === 'settled' ? null : next.event
}

/** What became of it, what that means, and what to do: the answer to "why was my event not counted?". */
function verdict(
  { rows, history, next, dueAtMs, nowMs, waitsFor }: Explanation,
  config: Config,
  configFlag: string | undefined,
): string[] {
  const last = history.findLast(({ reason }) => reason !== 'source_duplicate') ?? history.at(-1)
  if (last === undefined) return unseen(rows.length, next, dueAtMs, nowMs)
  const { meaning, advice } = REASONS[last.reason as Reason] ?? { meaning: String(last.reason), advice: '' }
  const sentences = [`${last.status}: ${meaning}`]
  if (waitsFor !== null) {
    sentences.push(`It waits for ${last.message}, which is ${waitsFor.status}.`)
    sentences.push(`What to do: ${commandLine(`explain ${shellWord(String(last.message))}`, configFlag)}`)
  } else {
    if (last.message !== null) sentences.push(`The words: ${excerpt(last.message)}`)
    sentences.push(`What to do: ${advice}`)
  }
  if (last.status === 'in_doubt') sentences.push(heldUntil(last, config))
  else if (last.status === 'deferred') sentences.push('It is open: the next run looks at it again.')
  return sentences
}

function heldUntil(last: Row, { delivery }: Config): string {
  const policy = last.revenue === null ? delivery.inDoubt.other : delivery.inDoubt.revenue
  if (policy === 'resend') return 'It is open: a later run sends it again (delivery.in_doubt: resend).'
  const until = formatInstant((millis(last.settled_at_micros) ?? 0) + delivery.inDoubtHoldHours * MS_PER_HOUR)
  const waiting = policy === 'hold' ? 'Later events of its device wait until then.' : 'Nothing waits for it.'
  return `It is open until ${until} and then abandoned. ${waiting}`
}

function excerpt(words: unknown): string {
  const line = oneLine(String(words)).trim()
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line
}

function unseen(
  rowCount: number,
  next: Explanation['next'],
  dueAtMs: number | null,
  nowMs: number,
): string[] {
  if (rowCount === 0)
    return [
      'No run has seen it, and the source SELECT yields no row with this transaction_id.',
      'What to do: check the id, and the WHERE of the source SELECT.',
    ]
  if (dueAtMs !== null && dueAtMs > nowMs)
    return [
      `No run has taken it up yet: rows wait for the settle time, so it is due from ${formatInstant(dueAtMs)}.`,
    ]
  if (next?.kind === 'settled')
    return [
      `No run has taken it up yet. The next one would settle it: ${next.status}, ${REASONS[next.reason].meaning}`,
      `What to do: ${REASONS[next.reason].advice}`,
    ]
  return ['No run has taken it up yet; the next one would, if its window holds it.']
}

function sourceLines({ rows }: Explanation, columns: number | undefined): string[] {
  const [row] = rows
  if (row === undefined) return ['  no such row (any more)']
  const occurredAt =
    row.occurredAtMicros === null ? 'without a time' : formatInstant(Math.floor(row.occurredAtMicros / 1000))
  const money = row.revenue === null ? 'no revenue' : `${row.revenue} ${row.currency ?? '(no currency)'}`
  const lines = [
    paragraph(
      `${occurredAt} · app ${row.appToken} · event ${row.eventToken} · ${money} · ids: ${Object.keys(row.identifiers).join(', ') || 'none'}`,
      { indent: 2, columns },
    ),
  ]
  if (rows.length > 1) lines.push(`  ${rows.length} rows share this transaction_id; only the first is sent.`)
  return lines
}

function historyTable(history: Row[], { columns }: CommandContext['stdout']): string {
  const header = ['when', 'run', 'attempt', 'status', 'reason', 'HTTP', 'ms', 'words']
  const rows = history.map((row) => [
    formatInstant(Math.floor(Number(row.settled_at_micros) / 1000)).replace(' UTC', ''),
    String(row.run_id),
    row.attempt as number,
    String(row.status),
    String(row.reason),
    row.http_status === null ? null : String(row.http_status),
    row.latency_ms as number | null,
    excerpt(row.message ?? ''),
  ])
  // The words count most, then what became of it: on a narrow terminal the rest is in --json.
  return formatTable(rows, { header, indent: 2, columns, droppable: ['run', 'ms', 'attempt'] })
}
