import { readFile } from 'node:fs/promises'
import { inspect } from 'node:util'
import { TerminalError } from '../domain/errors.ts'
import { type Environment, OTHER_VARIABLES } from './environment.ts'

const HINT =
  `Give the token from the Adjust dashboard in ${OTHER_VARIABLES.token} or in a file named by ${OTHER_VARIABLES.tokenFile}; ` +
  `for several apps, ${OTHER_VARIABLES.tokensFile} names a JSON file: {"<app token>": "<secret>"}.`

/** Adjust's S2S tokens. Printing, inspecting, copying or serialising it shows nothing of them. */
export class Secrets {
  readonly #perApp: ReadonlyMap<string, string>
  readonly #forAll: string | null

  constructor(perApp: ReadonlyMap<string, string>, forAll: string | null) {
    this.#perApp = perApp
    this.#forAll = forAll
  }

  /** The token for an app: its own, else the one for all, else null (Adjust asks for none until S2S security is on). */
  forApp(appToken: string): string | null {
    return this.#perApp.get(appToken) ?? this.#forAll
  }

  /** Whether no app has a token. */
  get isEmpty(): boolean {
    return this.#forAll === null && this.#perApp.size === 0
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** What goes into an HTTP header: visible ASCII. The value itself never stands in a message. */
function checkedToken(text: string, origin: string): string {
  const token = text.trim()
  const fault =
    token === ''
      ? 'is empty'
      : /^bearer\s/i.test(token)
        ? 'begins with "Bearer": the token alone is wanted'
        : /[^\x21-\x7e]/.test(token)
          ? 'holds white space or characters that no token has'
          : null
  if (fault) throw new TerminalError(`${origin} ${fault}.`, { hint: HINT })
  return token
}

async function readSecretFile(file: string, variable: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const reason =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'does not exist'
        : `cannot be read: ${(cause as Error).message}`
    throw new TerminalError(`The token file ${file} (${variable}) ${reason}.`, { cause, hint: HINT })
  }
}

function parseTokens(text: string, origin: string): Map<string, string> {
  let tokens: unknown
  try {
    tokens = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, so it goes neither into ours nor along as a cause.
    throw new TerminalError(`${origin} is not valid JSON.`, { hint: HINT })
  }
  if (
    typeof tokens !== 'object' ||
    tokens === null ||
    Array.isArray(tokens) ||
    Object.keys(tokens).length === 0
  ) {
    throw new TerminalError(`${origin} is not a JSON object with at least one app.`, { hint: HINT })
  }
  return new Map(
    Object.entries(tokens).map(([appToken, secret]: [string, unknown]) => {
      const place = `${origin}: the token of app ${appToken}`
      if (typeof secret !== 'string') throw new TerminalError(`${place} is not text.`, { hint: HINT })
      return [appToken, checkedToken(secret, place)]
    }),
  )
}

async function tokenForAll(env: Environment): Promise<string | null> {
  const { token, tokenFile } = OTHER_VARIABLES
  const [text, file] = [env[token], env[tokenFile]]
  if (text !== undefined && file !== undefined) {
    throw new TerminalError(`${token} and ${tokenFile} are both set: which one counts?`, {
      hint: `Unset one of them.`,
    })
  }
  if (text !== undefined) return checkedToken(text, token)
  if (file === undefined) return null
  return checkedToken(await readSecretFile(file, tokenFile), `The token file ${file} (${tokenFile})`)
}

/** Reads the tokens from the environment and the files that it names. Throws a TerminalError that names the culprit. */
export async function readSecrets(env: Environment): Promise<Secrets> {
  const variable = OTHER_VARIABLES.tokensFile
  const file = env[variable]
  const forAll = await tokenForAll(env)
  if (file === undefined) return new Secrets(new Map(), forAll)
  const origin = `The token file ${file} (${variable})`
  return new Secrets(parseTokens(await readSecretFile(file, variable), origin), forAll)
}
