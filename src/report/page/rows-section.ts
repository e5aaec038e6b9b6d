import { STATUSES, type Status } from '../../domain/settlement.ts'
import { statusBar } from '../chart/status-bar.ts'
import type { OutcomeOfReason, Report } from '../report-data.ts'
import { count, counted, excerpt, share, statusWord } from './format.ts'
import { Html, html } from './html.ts'
import { code, details, prose, section, table, word } from './parts.ts'

/** What a status says, in a few words. */
const MEANINGS: Record<Status, string> = {
  delivered: 'Adjust answered OK',
  duplicate: 'counted before, or twice in the source',
  rejected: 'refused by Adjust for good',
  invalid: 'the row breaks the source contract; not sent',
  expired: 'too old when its turn came',
  late: 'a later event of its device was faster',
  suppressed: 'the device has opted out',
  abandoned: 'in doubt for too long; not sent again',
  in_doubt: 'sent, and no answer says whether it counted',
  deferred: 'waits for a later run',
}

/** The account: what was read is the sum of ten numbers. */
export function rowsSection({ counts, run }: Report): Html {
  const sum = STATUSES.reduce((total, status) => total + counts[status], 0)
  const rows = STATUSES.map((status) => [
    html`<span class="swatch ${status}"></span>${statusWord(status)}`,
    html`<span class="${counts[status] === 0 ? 'none' : 'some'}">${count(counts[status])}</span>`,
    share(counts[status], sum),
    MEANINGS[status],
  ])
  const columns = [
    { title: 'status', kind: 'word' },
    { title: 'rows', kind: 'number' },
    { title: 'share', kind: 'number' },
    { title: 'meaning', kind: 'aside' },
  ] as const
  return section('rows', 'Where every row went', [
    equation({ counts, run }, sum),
    sum === 0 ? null : statusBar(counts),
    table('Rows by status', columns, rows),
  ])
}

function equation({ counts, run }: Pick<Report, 'counts' | 'run'>, sum: number): Html {
  if (counts.counted_by === 'audit_table')
    return html`<p>The run ${run.state === 'running' ? 'has not said yet' : 'never said'} how many rows it read. ${counted(sum, 'row has', 'rows have')} an outcome of this run in the audit table${run.state === 'running' ? ' so far' : ''}.</p>`
  const present = STATUSES.filter((status) => counts[status] > 0)
  const terms = present.map((status) => `${count(counts[status])} ${statusWord(status)}`).join(' + ')
  const verdict = counts.adds_up ? 'Every row is accounted for:' : 'The sum does not add up:'
  const before = counts.waiting_as_before
  return html`<p>${verdict} <strong>${count(counts.read ?? 0)} read = ${terms === '' ? '0' : terms}.</strong>${before > 0 ? ` ${counted(before, 'of these waits', 'of these wait')} as before; ${before === 1 ? 'its audit row is' : 'their audit rows are'} an earlier run’s.` : null}</p>${counts.differences.map(
    ({ status, counted: said, audited }) =>
      html`<p class="note bad">The run counted ${count(said)} ${statusWord(status)}; the audit table has ${count(audited)}.</p>`,
  )}`
}

/** Why rows went where they went, what that means and what to do; delivered ones need no words. */
export function reasonsSection({ reasons, tokens, tokens_left_out: left, repeats }: Report): Html {
  const telling = reasons.filter(({ status, reason }) => status !== 'delivered' || reason !== 'ok')
  const list =
    telling.length === 0
      ? html`<p>Nothing to explain.</p>`
      : html`<ul class="reasons">${telling.map(reasonItem)}</ul>`
  const again = repeats.map(
    ({ reason, meaning, requests }) => html`<li>${count(requests)} × ${word(reason)}: ${prose(meaning)}</li>`,
  )
  return section('reasons', 'Why, and what to do', [
    list,
    again.length === 0 ? null : html`<h3>Requests that were repeated</h3><ul>${again}</ul>`,
    tokens.length === 0 ? null : html`<h3>By app and event token</h3>${tokenTable(tokens)}`,
    left > 0 ? html`<p>${counted(left, 'event')} of smaller groups left out.</p>` : null,
  ])
}

function reasonItem({ status, reason, events, example, meaning, advice }: OutcomeOfReason): Html {
  const nothingToDo = advice.startsWith('Nothing to do')
  return html`<li><p><span class="swatch ${status}"></span><strong>${count(events)} ${statusWord(status)}</strong> ${word(reason)}</p><p>${prose(meaning)}</p><p${nothingToDo ? new Html(' class="calm"') : null}>${nothingToDo ? null : html`<b>Do:</b> `}${prose(advice)}</p><p class="example">${events === 1 ? '' : 'such as '}${code(example)}</p></li>`
}

const TOKEN_COLUMNS = [
  { title: 'app / event', kind: 'id' },
  { title: 'status', kind: 'word' },
  { title: 'reason', kind: 'code' },
  { title: 'events', kind: 'number' },
  { title: 'such as', kind: 'id' },
  { title: 'words' },
] as const

/** More rows than these are for those who look for something. */
const ROWS_AT_ONCE = 10

function tokenTable(tokens: Report['tokens']): Html {
  const rows = tokens.map(
    ({ app_token, event_token, status, reason, events, example, http_status, words }) => [
      html`${code(app_token ?? '–')} / ${code(event_token ?? '–')}`,
      html`<span class="swatch ${status}"></span>${statusWord(status)}`,
      word(reason),
      count(events),
      code(example),
      [http_status === null ? null : `${http_status} `, words === null ? null : excerpt(words)],
    ],
  )
  const first = table('Outcomes by app and event token', TOKEN_COLUMNS, rows.slice(0, ROWS_AT_ONCE))
  if (rows.length <= ROWS_AT_ONCE) return first
  const rest = rows.slice(ROWS_AT_ONCE)
  return html`${first}${details(`${count(rest.length)} smaller groups`, table('Further outcomes by app and event token', TOKEN_COLUMNS, rest))}`
}
