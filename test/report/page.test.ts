import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { amount, duration, share } from '../../src/report/page/format.ts'
import { html } from '../../src/report/page/html.ts'
import { renderPage } from '../../src/report/page/page.ts'
import type { Report } from '../../src/report/report-data.ts'
import { duckdb } from '../warehouse/duckdb-engine.ts'
import { logRun, reportOf } from './logged-run.ts'

const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>\u202e`

/** Every text that somebody else writes, in every place that shows one. */
async function hostileReport(): Promise<Report> {
  const warehouse = await duckdb.open()
  const texts = { appToken: HOSTILE, eventToken: HOSTILE, message: HOSTILE, revenue: '1', currency: HOSTILE }
  const doubt = { status: 'in_doubt', reason: HOSTILE, httpStatus: null, latencyMs: null } as const
  await logRun(warehouse, {
    start: { command: `run ${HOSTILE}`, host: HOSTILE, version: HOSTILE, app: HOSTILE, event: HOSTILE },
    rows: [
      { transactionId: HOSTILE, ...texts, status: 'rejected', reason: 'refused' },
      { transactionId: `${HOSTILE}2`, ...texts, ...doubt },
      { transactionId: `${HOSTILE}3`, ...texts, status: 'retried', reason: HOSTILE },
    ],
  })
  const failure = { message: HOSTILE, hint: HOSTILE, exitCode: 75 }
  return { ...(await reportOf(warehouse, { failure })) }
}

/** Rather than `toMatch`, which would print the whole page. */
const found = (page: string, pattern: RegExp) => pattern.exec(page)?.[0] ?? null

describe('the page', () => {
  it('shows what looks like HTML as the text that it is', async () => {
    const page = renderPage(await hostileReport())
    expect(page).toContain(
      '&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;&lt;img src=x onerror=alert(2)&gt;',
    )
    expect(found(page, /<script|<img|\u202e/i)).toBeNull()
    const tags = new Set(page.match(/<[a-z0-9]+/g))
    expect(
      [...tags].filter((tag) => /<(script|img|iframe|object|embed|a|link|base|form)\b/.test(tag)),
    ).toEqual([])
  })

  it('may load and run nothing: its only style is named by its hash', async () => {
    const page = renderPage(await hostileReport())
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!.replaceAll('&#39;', "'")
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src 'sha256-${hash('sha256', style, 'base64')}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(found(page, / style="|url\(|@import|https?:/)).toBeNull()
  })

  it('gives each chart words for those who cannot see it, under ids that are unique', async () => {
    const page = renderPage(await hostileReport())
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!)
    expect(new Set(ids).size).toBe(ids.length)
    const charts = [...page.matchAll(/<svg class="chart[^>]* role="img" aria-labelledby="([^"]+) ([^"]+)"/g)]
    expect(charts.length).toBeGreaterThan(4)
    for (const [, title, description] of charts)
      expect(ids).toEqual(expect.arrayContaining([title, description]))
  })

  it('shows amounts in full, and no float', async () => {
    const warehouse = await duckdb.open()
    const eur = (revenue: string) => ({ revenue, currency: 'EUR' })
    await logRun(warehouse, {
      rows: [
        { transactionId: 't1', ...eur('0.1') },
        { transactionId: 't2', ...eur('1234567.2') },
      ],
    })
    const page = renderPage(await reportOf(warehouse))
    expect(page).toContain('1,234,567.30')
    expect(found(page, /\d\.\d*0{6}\d*/)).toBeNull()
  })

  it('draws a run without rows', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse)
    const page = renderPage(await reportOf(warehouse))
    expect(page).toContain('All is well: there was nothing to send.')
    expect(found(page, /NaN|Infinity|undefined|null/)).toBeNull()
  })

  it('draws a run of which nothing but its beginning is known', async () => {
    const warehouse = await duckdb.open()
    await logRun(warehouse, { counts: null })
    const page = renderPage(await reportOf(warehouse))
    expect(page).toContain('The run died before it had sent anything.')
    expect(found(page, /NaN|Infinity|undefined|null/)).toBeNull()
  })
})

describe('a piece of HTML', () => {
  it('escapes text, and only text', () => {
    expect(String(html`<b title="${'"&'}">${html`<i>${'<'}</i>`}${[1, ' ', null, false]}</b>`)).toBe(
      '<b title="&quot;&amp;"><i>&lt;</i>1 </b>',
    )
  })

  it('shows what cannot be seen as a placeholder, and half a character, too', () => {
    expect(String(html`${'a\u0000b\u202ec\ud800d\ne'}`)).toBe('a\ufffdb\ufffdc\ufffdd\ne')
  })
})

describe('numbers for people', () => {
  it.each([
    ['6926.5', 'USD', '6,926.50'],
    ['1234567.125', 'EUR', '1,234,567.125'],
    ['5', 'JPY', '5'],
    ['0.1', null, '0.1'],
  ])('%s %s is %s', (decimal, currency, shown) => {
    expect(amount(decimal, currency)).toBe(shown)
  })

  it.each([
    [1, 1_000_000, '< 0.1 %'],
    [999_999, 1_000_000, '> 99.9 %'],
    [1, 2, '50.0 %'],
    [0, 2, '0 %'],
    [2, 2, '100 %'],
    [0, 0, '–'],
  ])('%i of %i is %s', (part, whole, shown) => {
    expect(share(part, whole)).toBe(shown)
  })

  it.each([
    [0, '0 s'],
    [1.243, '1.2 s'],
    [59.6, '1 min'],
    [3600, '1 h'],
    [90_061, '1 d 1 h'],
    [-90, '−1 min 30 s'],
  ])('%d seconds are %s', (seconds, shown) => {
    expect(duration(seconds)).toBe(shown)
  })
})
