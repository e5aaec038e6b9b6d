import type { Unproven } from '../export/completeness.ts'
import type { Examples } from '../export/quality.ts'
import type { Standing } from '../reconcile-doubts.ts'
import type { ExportStatistics, Reconciliation } from '../reconcile-job.ts'
import type { CommandContext } from './command.ts'
import { colour, commandLine, formatCount, formatInstant, formatTable, oneLine } from './output.ts'
import { countFindings, type FindingCount } from './reconcile-json.ts'

const UNPROVEN: Record<Unproven, string> = {
  other_token: 'the export has its id under another app or event token',
  app_not_in_export: 'the export has nothing of its app that Adjust delivered',
  token_not_in_export: 'the export has no delivered event of its event token',
  id_unlike_others: 'no id as long and of such characters came back unchanged',
  too_recent: 'the export has to reach an hour past it: reconcile again later',
  no_later_neighbour: 'the export has no delivered event of its token from an hour or more after it',
  no_earlier_neighbour: 'the export has no delivered event of its token from before it',
  neighbours_missing: 'the export lacks a delivered event beside it',
  too_few_neighbours:
    'the export has fewer than ten delivered events of its hour to show that the hour is whole',
}

const FOUND: Record<Standing, string> = {
  in_doubt: 'the export has it: delivered',
  abandoned: 'the export has it: delivered',
  opened: 'said not to be delivered, and the export has it: delivered',
}

const ABSENT: Record<Standing, string> = {
  in_doubt: 'absent, and the export is complete there: the next run sends it',
  abandoned: 'absent, and the export is complete there; it stays abandoned (adjust-s2s resolve opens it)',
  opened: 'absent, and the export is complete there; the next run sends it, as was said before',
}

/** For a person: what became of what was in doubt, then what the export says of what was delivered. */
export function formatReconciliation(
  reconciliation: Reconciliation,
  { stdout, flags }: Pick<CommandContext, 'stdout' | 'flags'>,
): string {
  const { runId, window, findings, isWritten } = reconciliation
  const title = (text: string) => colour('bold', text, stdout)
  const counts = countFindings(findings)
  const lines = [
    title(isWritten ? `Reconciliation ${runId}` : 'Reconciliation: nothing was written'),
    `  sent from ${formatInstant(window.fromMs)} up to ${formatInstant(window.toMs)}`,
    ...exportLines(reconciliation.export),
    '',
    title('Outcome unknown'),
    counts.length === 0 ? '  none in the window' : formatTable(counts.map(findingRow), { indent: 2 }),
    '',
    title('Delivered, by the answers of Adjust'),
    formatTable(qualityRows(reconciliation), { indent: 2 }),
  ]
  const opened = findings.some(({ resolution }) => resolution?.status === 'deferred')
  if (opened && isWritten) lines.push('', `Next: ${commandLine('run', flags.config)}`)
  return `${lines.join('\n')}\n`
}

function exportLines({ names, rows, rowsWithId, foreignRows, fromMs, toMs }: ExportStatistics): string[] {
  const shown = names.length <= 3 ? names.join(', ') : `${names.length} files, ${names[0]} to ${names.at(-1)}`
  const lines = [
    `  export ${shown}`,
    `  ${formatCount(rows)} rows, ${formatCount(rowsWithId)} of them with a transaction_id`,
  ]
  if (fromMs !== null && toMs !== null)
    lines.push(`  by its own time from ${formatInstant(fromMs)} to ${formatInstant(toMs)}`)
  if (foreignRows > 0)
    lines.push(`  ${formatCount(foreignRows)} rows have one of our ids under another app or event token`)
  return lines
}

function findingRow({ standing, finding, count, example, missing }: FindingCount) {
  const meaning =
    finding === 'found'
      ? FOUND[standing]
      : finding === 'absent'
        ? ABSENT[standing]
        : `not proven: ${UNPROVEN[finding]}`
  const lacks = missing === null ? '' : ` (${oneLine(missing)})`
  return [standing.replace('_', ' '), count, `${meaning}${lacks}; such as ${oneLine(example)}`]
}

function qualityRows({ quality, unknown }: Reconciliation) {
  const { delivered, measured, missing, duplicated, notMeasured, contradicted } = quality
  const rows: [string, number, string][] = [
    [
      'delivered',
      delivered,
      `${formatCount(measured)} of them in the time and of the tokens that the export is of`,
    ],
    ['missing', missing.count, lossText(missing, measured)],
    ['duplicated', duplicated.count, lossText(duplicated, measured)],
  ]
  const { outsideTheExport, inHoles, tokenNotInExport } = notMeasured
  if (outsideTheExport > 0)
    rows.push(['not measured', outsideTheExport, 'sent before or after the time that the export is of'])
  if (inHoles > 0)
    rows.push(['not measured', inHoles, 'ten or more in a row are missing: is a file not there?'])
  if (tokenNotInExport > 0)
    rows.push(['not measured', tokenNotInExport, 'the export has nothing of their event token'])
  for (const [outcome, examples] of contradicted)
    rows.push([
      'contradicted',
      examples.count,
      `${outcome}, and the export has them${suchAs(examples.examples)}`,
    ])
  if (unknown.count > 0)
    rows.push([
      'unknown ids',
      unknown.count,
      unknown.isExact
        ? `in the export and not in the audit table: another sender's${suchAs(unknown.examples)}`
        : 'rows that no event of the window has; too many to look up whose they are',
    ])
  return rows
}

/** Whatever is not nothing is shown with as many digits as say something. */
function lossText({ count, examples }: Examples, measured: number): string {
  if (measured === 0) return count === 0 ? 'nothing to measure' : `no share${suchAs(examples)}`
  return `${((100 * count) / measured).toPrecision(count === 0 ? 1 : 2)} % of those measured${suchAs(examples)}`
}

function suchAs(examples: readonly string[]): string {
  return examples.length === 0 ? '' : `, such as ${oneLine(examples.join(', '))}`
}
