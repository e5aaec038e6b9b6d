import { readFile } from 'node:fs/promises'
import { closest, distance } from 'fastest-levenshtein'
import { parse } from 'yaml'
import { z } from 'zod'
import { TerminalError } from '../domain/errors.ts'
import { type FaultPlan, faultPlanSchema, type KnownFaultPlan } from './fault-plan.ts'
import { type KnownWorld, type World, worldSchema } from './world.ts'

/** A scenario file (see docs/simulator.md). In YAML, a section with every line commented out is null. */
export const scenarioSchema = z.strictObject({
  world: worldSchema.nullish().describe('What the simulated Adjust knows.'),
  faults: faultPlanSchema.nullish().describe('What goes wrong on the wire.'),
})

export interface Scenario {
  world: World
  faults: FaultPlan
}

/** Reads a scenario from YAML or JSON. Throws TerminalError that names the file and the key. */
export async function loadScenario(path: string): Promise<Scenario> {
  const scenario = readYaml(path, await readText(path)) ?? {}
  check(scenarioSchema, scenario, `${path}: `)
  return { world: scenario.world ?? {}, faults: scenario.faults ?? {} }
}

/** Fills in the defaults of a world, or throws TerminalError with the key that is wrong. */
export function completeWorld(world: World): KnownWorld {
  return check(worldSchema, world, 'world.')
}

/** Fills in the defaults of a fault plan, or throws TerminalError with the key that is wrong. */
export function completeFaults(faults: FaultPlan): KnownFaultPlan {
  return check(faultPlanSchema, faults, 'faults.')
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new TerminalError(`Cannot read the scenario ${path} (${code}).`, {
      hint: 'Give --faults the path of a readable YAML or JSON file.',
      cause,
    })
  }
}

function readYaml(path: string, text: string): Partial<Scenario> | null {
  try {
    // Identifiers are keys, and 12345678e9012345 must not become a number.
    return parse(text, { stringKeys: true })
  } catch (cause) {
    throw new TerminalError(`${path} is neither YAML nor JSON: ${(cause as Error).message}`, {
      hint: 'docs/simulator.md has a full example of a scenario.',
      cause,
    })
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, place: string): z.output<Schema> {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const issue = innermost(checked.error.issues[0]!)
  if (issue.code === 'unrecognized_keys') throw unknownKey(schema, issue, place)
  const key = issue.path.join('.') || '(the whole)'
  throw new TerminalError(`${place}${key}: ${issue.message}.`, {
    hint: 'docs/simulator.md describes every key. Tokens and identifiers that look like numbers need quotes.',
  })
}

/** Of an issue with alternatives: what is wrong with the alternative that has the right shape. */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue
  const firsts = issue.errors.flatMap((issues) => issues.slice(0, 1))
  const found = firsts.find((first) => first.path.length > 0 || first.code !== 'invalid_type')
  return found ? innermost({ ...found, path: [...issue.path, ...found.path] }) : issue
}

function unknownKey(
  schema: z.ZodType,
  issue: z.core.$ZodIssueUnrecognizedKeys,
  place: string,
): TerminalError {
  const wrong = issue.keys[0]!
  const near = closest(wrong, keysOf(schema))
  const hint =
    distance(wrong, near) <= wrong.length / 2
      ? `Did you mean ${near}?`
      : 'docs/simulator.md lists every key that there is.'
  return new TerminalError(`${place}${[...issue.path, wrong].join('.')}: there is no such key.`, { hint })
}

/** Every key anywhere in a schema, for suggestions. */
function keysOf(schema: z.ZodType): string[] {
  const keys: string[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    if ('properties' in node) keys.push(...Object.keys(node.properties as object))
    Object.values(node).forEach(visit)
  }
  visit(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
  return keys
}
