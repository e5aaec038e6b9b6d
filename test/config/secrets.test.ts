import path from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { errorOf, folderWith, load, REQUIRED } from './config-folder.ts'

async function file(text: string): Promise<string> {
  return path.join(await folderWith({ token: text }), 'token')
}

describe('tokens', () => {
  it('are none when nobody gave any', async () => {
    expect((await load(REQUIRED)).secrets.forApp('app1')).toBeNull()
  })

  it('come from the environment for all apps', async () => {
    const { secrets } = await load(REQUIRED, { ADJUST_S2S_TOKEN: 'hunter2' })
    expect(secrets.forApp('app1')).toBe('hunter2')
  })

  it('come from a file, without the new line at its end', async () => {
    const { secrets } = await load(REQUIRED, { ADJUST_S2S_TOKEN_FILE: await file('hunter2\n') })
    expect(secrets.forApp('app1')).toBe('hunter2')
  })

  it("of an app's own beat the one for all", async () => {
    const { secrets } = await load(REQUIRED, {
      ADJUST_S2S_TOKEN: 'hunter2',
      ADJUST_S2S_TOKENS_FILE: await file('{"app1": "own"}'),
    })
    expect(secrets.forApp('app1')).toBe('own')
    expect(secrets.forApp('app2')).toBe('hunter2')
    expect(secrets.forApp('constructor')).toBe('hunter2')
  })

  it('are never printed with the configuration', async () => {
    const config = await load(REQUIRED, {
      ADJUST_S2S_TOKEN: 'hunter2',
      ADJUST_S2S_TOKENS_FILE: await file('{"app1": "own-secret"}'),
    })
    const printed = [
      JSON.stringify(config),
      inspect(config, { depth: null, showHidden: true }),
      inspect(config.secrets, { customInspect: false, showHidden: true, depth: null }),
      `${config.secrets}`,
      JSON.stringify({ ...config.secrets }),
    ].join('\n')
    expect(printed).not.toContain('hunter2')
    expect(printed).not.toContain('own-secret')
  })
})

describe('a token that cannot be used', () => {
  it.each([
    ['', 'is empty'],
    ['  \n', 'is empty'],
    ['Bearer hunter2', 'begins with "Bearer"'],
    ['hunter2 hunter3', 'holds white space'],
    ['hunter2\nX-Header: 1', 'holds white space'],
    ['hüntér2', 'holds white space or characters that no token has'],
  ])('is refused without being repeated (%j)', async (token, message) => {
    const fromVariable = await errorOf(load(REQUIRED, { ADJUST_S2S_TOKEN: token }))
    const tokenFile = await file(token)
    const fromFile = await errorOf(load(REQUIRED, { ADJUST_S2S_TOKEN_FILE: tokenFile }))
    expect(fromVariable.message).toContain(`ADJUST_S2S_TOKEN ${message}`)
    expect(fromFile.message).toContain(tokenFile)
    expect(fromFile.message).toContain(message)
    expect(`${fromVariable.message}${fromFile.message}`).not.toMatch(/hunter|hünt/)
  })

  it('is refused when its file is missing, with the name of the file', async () => {
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_TOKEN_FILE: '/nowhere/token' }))
    expect(error.message).toBe('The token file /nowhere/token (ADJUST_S2S_TOKEN_FILE) does not exist.')
    expect(error.hint).toContain('ADJUST_S2S_TOKEN')
  })

  it('is refused when its file is a folder', async () => {
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_TOKENS_FILE: await folderWith() }))
    expect(error.message).toContain('(ADJUST_S2S_TOKENS_FILE) cannot be read')
  })

  it('is refused when variable and file are both given', async () => {
    const env = { ADJUST_S2S_TOKEN: 'hunter2', ADJUST_S2S_TOKEN_FILE: await file('hunter3') }
    expect((await errorOf(load(REQUIRED, env))).message).toContain('both set')
  })

  it.each([
    ['{"app1": hunter2}', 'is not valid JSON'],
    ['["hunter2"]', 'is not a JSON object'],
    ['{}', 'is not a JSON object with at least one app'],
    ['null', 'is not a JSON object'],
    ['{"app1": 5}', 'the token of app app1 is not text'],
    ['{"app1": ""}', 'the token of app app1 is empty'],
  ])('is refused in a tokens file that reads %s', async (text, message) => {
    const error = await errorOf(load(REQUIRED, { ADJUST_S2S_TOKENS_FILE: await file(text) }))
    expect(error.message).toContain(message)
    expect(inspect(error)).not.toContain('hunter2')
  })

  it.each([
    'adjust: { token: hunter2 }',
    'token: hunter2',
    'adjust: { auth_token: hunter2 }',
    'adjust: { secrets: { a: hunter2 } }',
  ])('is refused in the file (%s) with where it goes', async (line) => {
    const error = await errorOf(load(`${REQUIRED}${line}\n`))
    expect(error.message).toContain('secrets never stand in this file')
    expect(error.message).toContain('ADJUST_S2S_TOKEN_FILE')
    expect(inspect(error)).not.toContain('hunter2')
  })
})
