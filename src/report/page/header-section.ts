import { groupedDigits } from '../../domain/grouped-digits.ts'
import type { Status } from '../../domain/settlement.ts'
import type { Level, Report, RunFacts, RunState } from '../report-data.ts'
import { amount, count, counted, duration, excerpt, instant, share } from './format.ts'
import { type Content, type Html, html } from './html.ts'
import { code, prose, wholeCode } from './parts.ts'

/** A sign beside the colour, for those who cannot tell colours apart. */
const SIGNS: Record<Level, { sign: string; word: string }> = {
  good: { sign: '✓', word: '' },
  attention: { sign: '!', word: 'Needs a look' },
  bad: { sign: '✕', word: 'Trouble' },
}

const STATES: Record<RunState, string> = {
  ended: 'ended',
  failed: 'failed',
  running: 'not ended yet',
  died: 'did not end',
  recovered: 'did not end; settled by a later run',
  lost: 'did not end; its journal is gone',
}

/** What a reader sees first: which run, whether all is well, what to do, and the figures that say so. */
export function headerSection(report: Report): Html {
  const { run, headline } = report
  const { sign, word } = SIGNS[headline.level]
  return html`<header><p class="product">adjust-s2s · run report</p><h1>Run <code>${run.run_id}</code></h1><div class="headline ${headline.level}"><p><strong><span aria-hidden="true">${sign}</span> ${word}</strong> ${prose(headline.sentence)}</p>${nextSteps(headline.next)}</div>${newerRuns(report)}${keyFigures(report)}${facts(report)}</header>`
}

function nextSteps(next: Report['headline']['next']): Html | null {
  if (next.length === 0) return null
  const step = ({ command, why }: (typeof next)[number]) =>
    html`<li>${command === null ? null : [wholeCode(`adjust-s2s ${command}`), ' – ']}${prose(why)}</li>`
  return html`<p class="next">What to do next</p><ol>${next.map(step)}</ol>`
}

/** Whoever reads the report of an old run should know that things have gone on. */
function newerRuns({ newer_runs: newer }: Report): Html | null {
  const [last] = newer
  if (last === undefined) return null
  return html`<p class="note">This is not the newest run: ${code(last.run_id)} started ${instant(last.started_at)} and ${last.state === 'ended' ? 'ended' : STATES[last.state]}.</p>`
}

/** Settled for good, without a delivery. A duplicate is none of them: Adjust has its event. */
const NOT_DELIVERED = [
  'rejected',
  'invalid',
  'expired',
  'late',
  'suppressed',
  'abandoned',
] as const satisfies Status[]

function keyFigures({ run, counts, revenue, sending }: Report): Html {
  const { read, delivered } = counts
  const lost = NOT_DELIVERED.reduce((sum, status) => sum + counts[status], 0)
  const money = revenue.find(({ currency }) => currency !== null)
  const requests = run.requests ?? sending?.sent ?? 0
  return html`<dl class="figures">${[
    figure(
      'read',
      read === null ? 'not known' : count(read),
      read === null ? 'the run did not say' : counted(requests, 'request'),
    ),
    figure(
      'delivered',
      count(delivered),
      read === null || read === 0 ? null : `${share(delivered, read)} of what was read`,
    ),
    figure('not delivered', count(lost), lost === 0 ? 'nothing lost' : 'see “Why, and what to do”'),
    figure(
      'open',
      count(counts.deferred + counts.in_doubt),
      `${count(counts.deferred)} waiting, ${count(counts.in_doubt)} in doubt`,
    ),
    figure(
      'took',
      took(run),
      sending === null
        ? 'nothing was sent'
        : `at most ${count(sending.busiest_second.requests)} requests in a second`,
    ),
    money === undefined
      ? null
      : figure(
          'revenue delivered',
          html`${amount(money.delivered, money.currency)} <small class="unit">${money.currency}</small>`,
          otherCurrencies(revenue),
        ),
  ]}</dl>`
}

function figure(name: string, value: Content, further: string | null): Html {
  return html`<div><dt>${name}</dt><dd>${value}${further === null ? null : html`<small>${further}</small>`}</dd></div>`
}

function otherCurrencies(revenue: Report['revenue']): string {
  const others = revenue.filter(({ currency }) => currency !== null).slice(1)
  const shown = others
    .slice(0, 2)
    .map(({ currency, delivered }) => `${amount(delivered, currency)} ${currency}`)
  const more = others.length - shown.length
  return others.length === 0
    ? 'one currency'
    : `and ${shown.join(', ')}${more > 0 ? ` and ${counted(more, 'currency', 'currencies')} more` : ''}`
}

function took({ duration_s, started_at, last_seen_at }: RunFacts): string {
  if (duration_s !== null) return duration(duration_s)
  if (last_seen_at === null) return 'not known'
  return `≥ ${duration((Date.parse(last_seen_at) - Date.parse(started_at)) / 1000)}`
}

/** The rest of what is known, for those who have to find it again in a log. */
function facts({ run, generated_at, generated_by }: Report): Html {
  const rate =
    run.requests !== null && run.duration_s
      ? ` · ${groupedDigits(Math.round(run.requests / run.duration_s))} per second`
      : ''
  const entries: [string, Content][] = [
    ['state', run.state_meaning],
    [
      'exit code',
      run.exit_code === null ? 'none' : `${run.exit_code}: ${run.exit_meaning ?? 'of another version'}`,
    ],
    [
      'started, ended',
      `${instant(run.started_at)} – ${run.ended_at === null ? `? (last seen ${instant(run.last_seen_at)})` : instant(run.ended_at)}`,
    ],
    ['window', `${instant(run.window.from)} up to ${instant(run.window.to)}`],
    ['only', scopeOf(run)],
    ['command', run.command === null ? '–' : wholeCode(run.command)],
    [
      'requests',
      run.requests === null
        ? 'not known'
        : `${counted(run.requests, 'request')}, ${counted(run.retries ?? 0, 'retry', 'retries')}${rate}`,
    ],
    [
      'billed',
      run.bytes_billed === null
        ? null
        : `${groupedDigits(Number((run.bytes_billed / 2 ** 30).toFixed(2)))} GB`,
    ],
    [
      'where',
      `${excerpt(run.host ?? '–', 60)}, process ${run.pid === null ? '–' : String(run.pid)}, shard ${run.shard}, adjust-s2s ${excerpt(run.version ?? '–', 60)}`,
    ],
    ['this report', `${instant(generated_at)}, adjust-s2s ${generated_by}; all times are UTC`],
  ]
  const shown = entries.filter(([, value]) => value !== null)
  return html`<dl class="facts">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function scopeOf({ app_token, event_token, resend }: RunFacts): Content {
  const parts = [
    app_token === null ? null : html`app ${code(app_token)}`,
    event_token === null ? null : html`event ${code(event_token)}`,
    resend === null || resend === 'none' ? null : html`${code(`--resend ${resend}`)}`,
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.map((part, index) => (index === 0 ? part : [', ', part]))
}
