import { distributionChart } from '../chart/distribution-chart.ts'
import { sendingChart, spanName } from '../chart/sending-chart.ts'
import type { Distribution, Report, Sending } from '../report-data.ts'
import { count, duration, instant, milliseconds, share } from './format.ts'
import { type Html, html } from './html.ts'
import { details, section, table } from './parts.ts'

/** When it sent, against the limit, and where the busiest second was. */
export function sendingSection({ sending }: Report): Html {
  if (sending === null) return section('sending', 'Sending', html`<p>This run made no request.</p>`)
  const { busiest_second: busiest, limit_per_s: limit } = sending
  const within =
    busiest.requests <= limit
      ? `within the limit of ${count(limit)}`
      : `above the limit of ${count(limit)} that is configured now`
  return section('sending', 'Sending', [
    html`<p>The busiest second had <strong>${count(busiest.requests)} requests</strong> (from ${instant(busiest.at)} on, looked for at every tenth of a second), ${within}. ${count(sending.sent)} requests, ${count(sending.answered)} answered, ${count(sending.unanswered)} not.</p>`,
    sendingChart(sending),
    details('The same as a table', spanTable(sending)),
  ])
}

function spanTable({ spans, span_s: spanS }: Sending): Html {
  const columns = [
    { title: `${spanName(spanS)} from` },
    { title: 'requests', kind: 'number' },
    { title: 'answers', kind: 'number' },
    { title: 'no answer', kind: 'number' },
    { title: 'busiest second', kind: 'number' },
  ] as const
  const rows = spans.map(({ at, sent, answered, unanswered, busiest_second }) => [
    instant(at),
    count(sent),
    count(answered),
    count(unanswered),
    count(busiest_second),
  ])
  return table('Requests and answers over time', columns, rows)
}

/** How long Adjust took to answer, and how long events were on their way. */
export function timesSection({ answer_time_ms: answers, delivery_lag_s: lag }: Report): Html | null {
  if (answers === null && lag === null) return null
  return html`<div class="pair">${answers === null ? null : answerTimes(answers)}${lag === null ? null : deliveryLag(lag)}</div>`
}

function answerTimes(distribution: Distribution): Html {
  const chart = distributionChart({
    id: 'answer-time',
    title: 'Time to an answer',
    distribution,
    name: milliseconds,
  })
  return section('answers', 'Time to an answer', [
    percentiles(distribution, milliseconds),
    chart,
    details('The same as a table', binTable('Time to an answer', distribution, milliseconds)),
  ])
}

function deliveryLag(distribution: Distribution): Html {
  const chart = distributionChart({
    id: 'delivery-lag',
    title: 'From the event to its delivery',
    distribution,
    name: duration,
  })
  const table = details(
    'The same as a table',
    binTable('From the event to its delivery', distribution, duration),
  )
  return section('lag', 'From the event to its delivery', [percentiles(distribution, duration), chart, table])
}

function percentiles({ p50, p90, p99, max }: Distribution, name: (value: number) => string): Html {
  const values = [
    ['p50', p50],
    ['p90', p90],
    ['p99', p99],
    ['slowest', max],
  ] as const
  return html`<dl class="percentiles">${values.map(([title, value]) => html`<div><dt>${title}</dt><dd>${name(value)}</dd></div>`)}</dl>`
}

function binTable(title: string, { bins, events }: Distribution, name: (value: number) => string): Html {
  const columns = [
    { title: 'from' },
    { title: 'up to' },
    { title: 'events', kind: 'number' },
    { title: 'share', kind: 'number' },
  ] as const
  const rows = bins.map((bin) => [
    bin.from === null ? 'less' : name(bin.from),
    bin.to === null ? 'more' : name(bin.to),
    count(bin.events),
    share(bin.events, events),
  ])
  return table(title, columns, rows)
}
