// The software bill of materials of an installed folder, as CycloneDX JSON on standard output: `npm run sbom`, `node sbom.ts [FOLDER]`.
// It imports nothing but Node, for it also runs while the image is built.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

interface Component {
  'bom-ref': string
  name: string
  type: string
  [key: string]: unknown
}

/** What of CycloneDX is touched here. */
export interface Sbom {
  serialNumber?: string
  metadata: { timestamp?: string; component: Component; [key: string]: unknown }
  components: Component[]
  dependencies: { ref: string; dependsOn?: string[] }[]
  [key: string]: unknown
}

/**
 * npm writes a random serial number, the time and the folder's name into it. Here the same packages give the same text: the serial number
 * is a hash of all else, the time is left out, and the program is called by its name.
 */
export function reproducible(sbom: Sbom, name: string): Sbom {
  const { timestamp: _timestamp, component, ...metadata } = sbom.metadata
  const { serialNumber: _serialNumber, ...rest } = sbom
  const fixed: Sbom = {
    ...rest,
    metadata: { ...metadata, component: { ...component, type: 'application', name } },
    components: sorted(sbom.components, (part) => part['bom-ref']),
    dependencies: sorted(sbom.dependencies, ({ ref }) => ref),
  }
  const { bomFormat, specVersion, ...others } = fixed
  return {
    bomFormat,
    specVersion,
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(fixed))}`,
    ...others,
  } as Sbom
}

function sorted<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return items.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : keyOf(a) > keyOf(b) ? 1 : 0))
}

/** A UUID of version 8, which leaves its bits to whoever makes it. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

function main(folder: string): void {
  const { name } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const options = { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 } as const
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], options)
  process.stdout.write(`${JSON.stringify(reproducible(JSON.parse(text), name), null, 1)}\n`)
}

if (import.meta.main) main(process.argv[2] ?? '.')
