#!/usr/bin/env node
// Plain JavaScript that any Node runs: it hands over to the Node that came with the dependencies when this one is too old.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const start = new URL('start.js', import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import(start.href)
} else {
  const suffix = process.platform === 'win32' ? '.cmd' : ''
  const bundled = fileURLToPath(new URL(`../node_modules/.bin/node${suffix}`, import.meta.url))
  if (!existsSync(bundled)) {
    process.stderr.write(
      `adjust-s2s needs Node 24 or later, this is ${process.version}, and the one that npm brings is not installed.\n` +
        'Run `npm ci` (with optional dependencies) in the project folder, or install a newer Node.\n',
    )
    process.exit(2)
  }
  const child = spawn(bundled, [fileURLToPath(start), ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both processes; a supervisor signals only this one.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)))
}
