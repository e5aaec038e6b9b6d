import { describe, expect, it } from 'vitest'
import { openShop, purchase } from '../end-to-end/shop.ts'

describe('a token that no open row has', () => {
  it.each(['run', 'plan'])('is said to be so by %s, on standard error', async (command) => {
    const shop = await openShop({ purchases: [purchase('one')] })
    const { code, stdout, stderr } = await shop.command(command, '--app', 'abcdefghijkI', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).counts.read).toBe(0)
    expect(stderr).toContain('no row of the window with --app abcdefghijkI is left to be sent')
    expect((await shop.command(command)).stderr).not.toContain('is left to be sent')
  })
})
