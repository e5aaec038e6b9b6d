import { stringify } from 'yaml'
import { type SchemaNode, schemaTree } from './fields.ts'

const HEADER = `# adjust-s2s.yaml
# A setting that is left out takes the value that it has here, except warehouse and source, which have to be given.
# Paths start at this file's folder. Each setting is also an environment variable, which wins over this file:
# delivery.timeout_ms is ADJUST_S2S_DELIVERY_TIMEOUT_MS.
# Adjust's tokens never stand here: ADJUST_S2S_TOKEN holds one for all apps, ADJUST_S2S_TOKEN_FILE names a file with it,
# and ADJUST_S2S_TOKENS_FILE names a JSON file with one per app, {"<app token>": "<secret>"}.
`

const keyOf = (node: SchemaNode) => node.path.slice(node.path.lastIndexOf('.') + 1)

function leafLines(node: SchemaNode): string[] {
  const { description, defaultValue, example, range } = node.field!
  const line = `${keyOf(node)}: ${stringify(defaultValue ?? example).trim()}`
  return [`# ${description}`, range === null ? line : `${line} # ${range}`]
}

function lines(node: SchemaNode): string[] {
  if (node.field) return leafLines(node)
  const [first, ...others] = node.variants ?? [node]
  const body = (variant: SchemaNode) => (variant.children ?? []).flatMap(lines).map((line) => `  ${line}`)
  const insteadOf = (other: SchemaNode) => [
    '# or:',
    ...[`${keyOf(node)}:`, ...body(other)].map((line) => `# ${line}`),
  ]
  return [`# ${node.description}`, `${keyOf(node)}:`, ...body(first!), ...others.flatMap(insteadOf)]
}

/** A complete `adjust-s2s.yaml` with every default, each setting under what it means and what is allowed. */
export function exampleYaml(): string {
  return `${[HEADER.trimEnd(), ...(schemaTree.children ?? []).flatMap((node) => ['', ...lines(node)])].join('\n')}\n`
}
