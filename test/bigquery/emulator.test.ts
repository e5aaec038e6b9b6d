import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'

const EMULATOR = join(import.meta.dirname, 'support/emulator.ts')

/** A process of its own that starts an emulator and tells where it is. */
async function startElsewhere() {
  const script = `const { startEmulator } = await import(${JSON.stringify(EMULATOR)}); console.log((await startEmulator()).restUrl)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout, 'data')
  return { child, restUrl: String(line).trim() }
}

describe('the emulator', () => {
  it('goes with the process that started it, even with one that is killed', async () => {
    const { child, restUrl } = await startElsewhere()
    expect((await fetch(`${restUrl}/healthz`)).ok).toBe(true)
    child.kill('SIGKILL')
    await expect
      .poll(
        () =>
          fetch(restUrl).then(
            () => 'up',
            () => 'gone',
          ),
        { timeout: 20_000 },
      )
      .toBe('gone')
    await text(child.stdout)
  })
})
