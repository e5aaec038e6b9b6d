import { fieldsByPath, sectionPaths } from './fields.ts'
import type { GivenSettings } from './given.ts'
import { type Problem, shown } from './problem.ts'
import { suggest } from './suggest.ts'

type Section = Record<string, unknown>

const isSection = (value: unknown): value is Section =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const LOOKS_SECRET = /token|secret|password|bearer|authorization|credential/i

function unknownKey(path: string): string {
  // Whatever stands there is not repeated: it may be the secret itself.
  if (LOOKS_SECRET.test(path)) {
    return `${path} is not a setting: secrets never stand in this file. Put the token into ADJUST_S2S_TOKEN, or into a file named by ADJUST_S2S_TOKEN_FILE`
  }
  const known = [...fieldsByPath.keys(), ...sectionPaths]
  const meant = suggest(path, known) ?? suggest(path.slice(path.lastIndexOf('.') + 1), known)
  return `${path} is not a setting${meant === null ? '' : `; did you mean ${meant}?`}`
}

/**
 * Finds the settings in the tree of a configuration file, and the keys that are none.
 * `locate` says where a path stands in the file.
 */
export function readFileSettings(
  tree: unknown,
  locate: (path: string) => string | null,
): { settings: GivenSettings; problems: Problem[] } {
  const settings: GivenSettings = new Map()
  const problems: Problem[] = []
  const visit = (path: string, value: unknown) => {
    const where = locate(path)
    if (fieldsByPath.has(path)) settings.set(path, { value, where, origin: 'file' })
    else if (!sectionPaths.has(path)) problems.push({ where, message: unknownKey(path) })
    else if (isSection(value)) visitSection(value, `${path}.`)
    // A section whose settings are all commented out reads as null: it has none.
    else if (value !== null)
      problems.push({ where, message: `${path} is ${shown(value)}; a section belongs there` })
  }
  const visitSection = (section: Section, prefix: string) => {
    for (const [key, value] of Object.entries(section)) visit(prefix + key, value)
  }
  if (isSection(tree)) visitSection(tree, '')
  else problems.push({ where: 'line 1', message: 'settings belong there, each as `key: value`' })
  return { settings, problems }
}
