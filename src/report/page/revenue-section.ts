import { STATUSES } from '../../domain/settlement.ts'
import type { Report, Revenue } from '../report-data.ts'
import { amount, count, statusWord } from './format.ts'
import { type Html, html } from './html.ts'
import { details, section, table } from './parts.ts'

/** For those who ask why revenue is missing: what Adjust has, what is still coming, what nobody knows, and what is lost. */
export function revenueSection({ revenue, run, open }: Report): Html {
  if (revenue.length === 0)
    return section('revenue', 'Revenue', html`<p>No event of this run carried revenue.</p>`)
  const columns = [
    { title: 'currency' },
    { title: 'delivered', kind: 'number' },
    { title: 'still coming', kind: 'number' },
    { title: 'not known', kind: 'number' },
    { title: 'not delivered', kind: 'number' },
  ] as const
  const rows = revenue.map(({ currency, delivered, still_coming, unknown, lost }) => [
    html`<strong>${currency ?? 'no currency'}</strong>`,
    money(delivered, currency),
    money(still_coming, currency),
    money(unknown, currency),
    money(lost, currency),
  ])
  return section('revenue', 'Revenue', [
    table('Revenue by currency', columns, rows),
    html`<p class="footnote">Exact sums of amounts that Adjust takes (above 0). <b>Still coming</b>: deferred, a later run sends it. <b>Not known</b>: in doubt or abandoned, Adjust may have counted it. <b>Not delivered</b>: rejected or invalid (mended rows are sent with <code>run --resend failed</code>), expired, late, or of a device that has opted out. ${openNote(run.ended_at, open)}</p>`,
    details('By status', byStatus(revenue)),
  ])
}

function openNote(endedAt: string | null, { settled_since: settled }: Report['open']): string {
  const when = endedAt === null ? 'as this report was made' : 'as the run ended'
  const since = settled > 0 ? `; ${count(settled)} of those events are settled since` : ''
  return `What is open is that of the whole window ${when}${since}.`
}

function money(decimal: string, currency: string | null): Html {
  return html`<span class="${decimal === '0' ? 'none' : 'some'}">${amount(decimal, currency)}</span>`
}

function byStatus(revenue: readonly Revenue[]): Html {
  const columns = [
    { title: 'status', kind: 'word' },
    { title: 'currency' },
    { title: 'events', kind: 'number' },
    { title: 'amount', kind: 'number' },
  ] as const
  const rows = STATUSES.flatMap((status) =>
    revenue.flatMap(({ currency, by_status }) =>
      by_status
        .filter((entry) => entry.status === status)
        .map((entry) => [
          html`<span class="swatch ${status}"></span>${statusWord(status)}`,
          currency ?? 'no currency',
          count(entry.events),
          amount(entry.amount, currency),
        ]),
    ),
  )
  return table('Revenue by status and currency', columns, rows)
}
