import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Report } from '../report-data.ts'
import { headerSection } from './header-section.ts'
import { Html, html } from './html.ts'
import { historySection, openSection } from './open-section.ts'
import { revenueSection } from './revenue-section.ts'
import { reasonsSection, rowsSection } from './rows-section.ts'
import { sendingSection, timesSection } from './times-section.ts'

/** The report as one HTML page that needs nothing beside itself: no script, no font, no picture, no network. */
export function renderPage(report: Report): string {
  const style = readFileSync(new URL('page.css', import.meta.url), 'utf8')
  // Whatever got past the escaping would not run: the page may load and run nothing, and has only this one style.
  const policy = `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'`
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer"><title>adjust-s2s run ${report.run.run_id}</title><style>${new Html(style)}</style></head>
<body><main>
${headerSection(report)}
${rowsSection(report)}
${reasonsSection(report)}
${revenueSection(report)}
${sendingSection(report)}
${timesSection(report)}
${openSection(report)}
${historySection(report)}
</main></body></html>
`
  return page.text
}
