import { type Field, fields, VARIABLE_PREFIX } from './fields.ts'
import type { GivenSettings } from './given.ts'
import type { Problem } from './problem.ts'
import { suggest } from './suggest.ts'

/** Environment variables by name, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Variables that are no settings of the file. */
export const OTHER_VARIABLES = {
  token: 'ADJUST_S2S_TOKEN',
  tokenFile: 'ADJUST_S2S_TOKEN_FILE',
  tokensFile: 'ADJUST_S2S_TOKENS_FILE',
  logLevel: 'ADJUST_S2S_LOG_LEVEL',
} as const

/**
 * Kubernetes gives every pod variables for each Service of its namespace: a Service named `adjust-s2s` or
 * `adjust-s2s-simulator` makes `ADJUST_S2S_PORT=tcp://10.0.0.7:8090`. They are nobody's slip.
 */
const KUBERNETES_SERVICE = /_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/

const settingsByVariable: ReadonlyMap<string, Field> = new Map(fields.map((field) => [field.variable, field]))
const knownNames = [...settingsByVariable.keys(), ...Object.values(OTHER_VARIABLES)]

function isForeign(name: string): boolean {
  const isOther = (Object.values(OTHER_VARIABLES) as string[]).includes(name)
  return isOther || (KUBERNETES_SERVICE.test(name) && !settingsByVariable.has(name))
}

/** Text to the type of its setting; what does not convert stays text, and the schema says what is allowed. */
function convert(field: Field, text: string): unknown {
  return field.isNumber && /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text
}

function unknownVariable(name: string): Problem {
  const meant = suggest(
    name.slice(VARIABLE_PREFIX.length),
    knownNames.map((known) => known.slice(VARIABLE_PREFIX.length)),
  )
  const suggestion = meant === null ? '' : `; did you mean ${VARIABLE_PREFIX}${meant}?`
  return { where: name, message: `is not a setting${suggestion}` }
}

/** Finds the settings among the variables. An empty one is a problem: it is what a template with a hole leaves behind. */
export function readEnvironment(env: Environment): { settings: GivenSettings; problems: Problem[] } {
  const settings: GivenSettings = new Map()
  const problems: Problem[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || text === undefined || isForeign(name)) continue
    const field = settingsByVariable.get(name)
    if (!field) problems.push(unknownVariable(name))
    else if (text.trim() === '')
      problems.push({ where: name, message: 'is set but empty; give it a value, or unset it' })
    else settings.set(field.path, { value: convert(field, text), where: name, origin: 'environment' })
  }
  return { settings, problems }
}
