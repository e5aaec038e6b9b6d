import { historyChart } from '../chart/history-chart.ts'
import type { OpenEvent, PastRun, Report } from '../report-data.ts'
import { amount, count, counted, duration, instant, statusWord } from './format.ts'
import { type Html, html } from './html.ts'
import { code, details, prose, section, table, word } from './parts.ts'

/** What waits, what is in doubt, and until when. */
export function openSection({ open, run, generated_at }: Report): Html {
  const when = run.ended_at === null ? 'as this report was made' : 'when the run ended'
  const title = 'Waiting and in doubt'
  if (open.groups.length === 0)
    return section(
      'open',
      title,
      html`<p>Nothing waited and nothing was in doubt in the window of this run ${when}.</p>`,
    )
  const columns = [
    { title: 'status', kind: 'word' },
    { title: 'reason' },
    { title: 'events', kind: 'number' },
    { title: 'oldest', kind: 'word' },
    { title: 'by now', kind: 'word' },
  ] as const
  const rows = open.groups.map(({ status, reason, meaning, events, oldest_occurred_at, by_now }) => [
    html`<span class="swatch ${status}"></span>${statusWord(status)}`,
    html`${word(reason)}<br>${prose(meaning)}`,
    count(events),
    instant(oldest_occurred_at),
    by_now.length === 1 && by_now[0]!.status === status
      ? 'the same'
      : by_now.map(
          (part, index) => `${index > 0 ? ', ' : ''}${count(part.events)} ${statusWord(part.status)}`,
        ),
  ])
  return section('open', title, [
    html`<p>In the window of this run ${when}: <strong>${counted(open.deferred, 'event')} waiting, ${count(open.in_doubt)} in doubt</strong>. ${nextToGiveUp(open.next_to_give_up, generated_at)}</p>`,
    table('Waiting and in doubt by reason', columns, rows),
    doubtList(open),
  ])
}

/** The one that somebody has to hurry for. */
function nextToGiveUp(event: OpenEvent | null, nowIso: string): Html {
  if (event === null) return html`All of them are settled by now.`
  const seconds = (Date.parse(event.given_up_at) - Date.parse(nowIso)) / 1000
  const how = event.status === 'in_doubt' ? 'is abandoned' : 'expires'
  const left = seconds > 0 ? `in ${duration(seconds)}` : 'at the next run'
  return html`The first to be given up is ${code(event.transaction_id)} of ${instant(event.occurred_at)}: it ${how} <strong>${left}</strong> (${instant(event.given_up_at)}).`
}

function doubtList({ in_doubt_events: events, in_doubt_left_out: left }: Report['open']): Html | null {
  if (events.length === 0) return null
  const columns = [
    { title: 'transaction', kind: 'id' },
    { title: 'occurred', kind: 'word' },
    { title: 'app / event', kind: 'id' },
    { title: 'reason', kind: 'code' },
    { title: 'amount', kind: 'number' },
    { title: 'given up', kind: 'word' },
  ] as const
  const rows = events.map((event) => [
    code(event.transaction_id),
    instant(event.occurred_at),
    html`${code(event.app_token ?? '–')} / ${code(event.event_token ?? '–')}`,
    word(event.reason),
    event.amount === null ? '–' : `${amount(event.amount, event.currency)} ${event.currency ?? ''}`,
    instant(event.given_up_at),
  ])
  const more =
    left > 0
      ? html`<p>${count(left)} more, younger than these: <code>SELECT transaction_id FROM s2s_latest WHERE status = 'in_doubt'</code></p>`
      : null
  return html`<h3>Still in doubt</h3>${table('Events in doubt, the oldest first', columns, rows)}${more}`
}

/** What is usual, so that a reader sees what is not. */
export function historySection({ history, run }: Report): Html {
  const columns = [
    { title: 'started', kind: 'word' },
    { title: 'run' },
    { title: 'read', kind: 'number' },
    { title: 'delivered', kind: 'number' },
    { title: 'took', kind: 'number' },
    { title: 'exit code' },
  ] as const
  const cells = (past: PastRun) => [
    instant(past.started_at),
    html`${code(past.run_id)}${past.run_id === run.run_id ? ' (this run)' : ''}`,
    past.read === null ? '–' : count(past.read),
    past.delivered === null ? '–' : count(past.delivered),
    past.duration_s === null ? '–' : duration(past.duration_s),
    past.exit_code === null ? past.state : String(past.exit_code),
  ]
  const newestFirst = history.toReversed().map(cells)
  const shown = table('The last runs', columns, newestFirst.slice(0, 8))
  const rest =
    newestFirst.length > 8
      ? details(
          `${count(newestFirst.length - 8)} earlier runs`,
          table('Earlier runs', columns, newestFirst.slice(8)),
        )
      : null
  const shard = run.shard === '0/1' ? '' : ` of shard ${run.shard}`
  return section('history', 'The last runs', [
    history.length > 1
      ? html`<p>The runs${shard} up to this one, which is underlined. A number above a bar is an exit code other than 0; ✕ did not end.</p>`
      : html`<p>There is no earlier run${shard} in the log.</p>`,
    history.length > 1 ? historyChart(history, run.run_id) : null,
    shown,
    rest,
  ])
}
