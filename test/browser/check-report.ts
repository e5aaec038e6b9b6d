import { spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** Runs the browser tests, and leaves screenshots and PDFs of all kinds of runs for somebody to look at. */
const folder = await mkdtemp(path.join(os.tmpdir(), 'adjust-s2s-report-'))
const child = spawn('vitest', ['run', '--config', 'vitest.browser.config.ts'], {
  stdio: 'inherit',
  env: { ...process.env, REPORT_SHOTS: folder },
})
child.on('close', (code) => {
  process.stdout.write(`\nScreenshots and PDFs are in ${folder}\n`)
  process.exitCode = code ?? 1
})
