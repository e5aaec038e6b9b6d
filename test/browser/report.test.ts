import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { KINDS, type Kind, makePages } from './pages.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where screenshots and PDFs go, for people to look at; `npm run check:report` sets it. */
const SHOTS = process.env.REPORT_SHOTS

const LOOKS = {
  desktop: { viewport: { width: 1200, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 780 }, colorScheme: 'light' },
  'phone-dark': { viewport: { width: 360, height: 780 }, colorScheme: 'dark' },
  tablet: { viewport: { width: 760, height: 900 }, colorScheme: 'light' },
} as const satisfies Record<string, BrowserContextOptions>
type Look = keyof typeof LOOKS
const EVERY_LOOK = Object.keys(LOOKS) as Look[]

let browser: Browser
let folder: string
const cleanUps: (() => Promise<void>)[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adjust-s2s-pages-'))
  cleanUps.push(() => rm(folder, { recursive: true, force: true }))
  await makePages(folder, (cleanUp) => cleanUps.push(cleanUp))
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  browser = await chromium.launch({ executablePath, args: FLAGS })
  cleanUps.push(() => browser.close())
})
afterAll(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp()
})

/** The page as somebody sees it, and what it complained of or asked for. */
async function show(kind: Kind, look: Look, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ ...LOOKS[look], ...options })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  const address = pathToFileURL(path.join(folder, `${kind}.html`)).href
  await page.goto(address)
  return { page, complaints, requests, address }
}

/** What stands out to the right of the window, if anything does. */
function overflow(page: Page): Promise<{ scrolls: boolean; elements: string[] }> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll('body *')].filter((element) => {
      const { right, width } = element.getBoundingClientRect()
      return width > 1 && right > window.innerWidth + 1 && element.closest('svg') === null
    })
    return {
      scrolls: document.documentElement.scrollWidth > window.innerWidth,
      elements: wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)),
    }
  })
}

describe.each(KINDS)('the page of a run: %s', (kind) => {
  it.each(EVERY_LOOK)('fits, complains of nothing and asks for nothing (%s)', async (look) => {
    const { page, complaints, requests, address } = await show(kind, look)
    if (SHOTS !== undefined)
      await page.screenshot({ path: path.join(SHOTS, `${kind}-${look}.png`), fullPage: true })
    expect(await overflow(page)).toEqual({ scrolls: false, elements: [] })
    expect(complaints).toEqual([])
    expect(requests).toEqual([address])
  })

  it('fits with all its details open', async () => {
    const { page } = await show(kind, 'phone')
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true
    })
    expect(await overflow(page)).toEqual({ scrolls: false, elements: [] })
  })

  it.each(['desktop', 'dark', 'phone', 'phone-dark'] as const)(
    'can be read by everybody (%s)',
    async (look) => {
      // Only the checker needs the page to run something.
      const { page } = await show(kind, look, { bypassCSP: true })
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run())
      expect(violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`)).toEqual([])
    },
  )

  it('can be printed: A4, on white, with no chart that is cut', async () => {
    const { page } = await show(kind, 'dark')
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(paper).toBe('rgb(255, 255, 255)')
    const pdf = await page.pdf({
      preferCSSPageSize: true,
      ...(SHOTS === undefined ? {} : { path: path.join(SHOTS, `${kind}.pdf`) }),
    })
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    await page.setViewportSize({ width: PRINTED_WIDTH, height: 1000 })
    expect(await overflow(page)).toEqual({ scrolls: false, elements: [] })
    const broken = await page.evaluate(
      () =>
        [...document.querySelectorAll('svg.chart')].filter(
          (chart) => getComputedStyle(chart).breakInside !== 'avoid',
        ).length,
    )
    expect(broken).toBe(0)
  })
})

/** What 14 mm of margin leave of A4, in CSS pixels. */
const PRINTED_WIDTH = 688

/** A server that counts who asks it. */
async function listener(): Promise<{ url: string; asked: () => number }> {
  let requests = 0
  const server = createServer((_request, response) => {
    requests++
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/x.png`, asked: () => requests }
}

describe('a page', () => {
  it.each([
    ['desktop', 'wide', 'narrow'],
    ['phone', 'narrow', 'wide'],
  ] as const)('shows one drawing of each chart (%s: %s)', async (look, shown, hidden) => {
    const { page } = await show('ten-outcomes', look)
    const visible = (width: string) =>
      page.locator(`section:not(.pair section) svg.chart.${width}`).filter({ visible: true }).count()
    expect([await visible(shown), await visible(hidden)]).toEqual([3, 0])
    expect(await page.locator('.pair svg.chart').filter({ visible: true }).count()).toBe(2)
  })

  it('runs nothing that stands in it, and says what it was', async () => {
    const { page } = await show('hostile', 'desktop')
    expect(await page.title()).toMatch(/^adjust-s2s run /)
    expect(await page.locator('script, img, iframe, a, form').count()).toBe(0)
    expect(await page.getByText("<script>document.title='gone'</script>").first().isVisible()).toBe(true)
  })

  it('lets nothing in, even what gets past the escaping', async () => {
    const { page } = await show('ten-outcomes', 'desktop')
    const { url, asked } = await listener()
    await page.evaluate((source) => {
      const image = `<img id="i" src="${source}" onerror="document.title = 'gone'">`
      document.body.insertAdjacentHTML('beforeend', `${image}<p id="p" style="color: red">`)
      return new Promise((resolve) => document.querySelector('#i')!.addEventListener('error', resolve))
    }, url)
    expect(asked()).toBe(0)
    expect(await page.title()).toMatch(/^adjust-s2s run /)
    expect(await page.locator('#p').evaluate((element) => getComputedStyle(element).color)).not.toBe(
      'rgb(255, 0, 0)',
    )
  })
})
