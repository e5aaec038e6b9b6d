import type { z } from 'zod'
import { groupedDigits } from '../domain/grouped-digits.ts'
import { settingsSchema } from './schema.ts'

/** One setting: a leaf of the schema. A key that both warehouses have is one field. */
export interface Field {
  /** As a person names it: `delivery.requests_per_second`. */
  path: string
  /** The environment variable that sets it. */
  variable: string
  description: string
  /** What may stand there, as the end of "allowed is …". */
  allowed: string
  /** The same in a few signs, `skip | send` or `1 to 58`; null where only words say it. */
  range: string | null
  isNumber: boolean
  /** Absent where the setting has to be given. */
  defaultValue?: unknown
  /** A value for the printed example, where there is no default. */
  example?: string
  /** The `warehouse.type` that has this key; null for settings of every warehouse. */
  warehouseType: string | null
  accepts(value: unknown): boolean
}

/** A node of the schema with what the walk needs; wrappers (default, prefault) are peeled off. */
export interface SchemaNode {
  path: string
  description: string
  /** Children of an object by key; null for a leaf. */
  children: SchemaNode[] | null
  /** One object per variant of a union; null for everything else. */
  variants: SchemaNode[] | null
  field: Field | null
}

export const VARIABLE_PREFIX = 'ADJUST_S2S_'

/** `delivery.timeout_ms` is set by `ADJUST_S2S_DELIVERY_TIMEOUT_MS`. */
export function variableName(path: string): string {
  return VARIABLE_PREFIX + path.replaceAll('.', '_').toUpperCase()
}

function describeType(schema: z.ZodType): { allowed: string; range: string | null } {
  if (schema.def.type === 'enum') {
    const options = (schema as z.ZodEnum).options
    return { allowed: options.join(', ').replace(/, (?=[^,]*$)/, ' or '), range: options.join(' | ') }
  }
  if (schema.def.type !== 'number') return { allowed: 'text', range: null }
  const { isInt, minValue, maxValue } = schema as z.ZodNumber
  const [least, most] = [groupedDigits(minValue ?? 0), groupedDigits(maxValue ?? 0)]
  // The library names the least value without saying whether it is itself allowed, but for its own bookkeeping.
  const isAbove = schema._zod.bag.exclusiveMinimum !== undefined
  if (isAbove)
    return { allowed: `a number above ${least}, at most ${most}`, range: `above ${least}, at most ${most}` }
  return {
    allowed: `a ${isInt ? 'whole ' : ''}number from ${least} to ${most}`,
    range: `${least} to ${most}`,
  }
}

function peel(schema: z.ZodType): { inner: z.ZodType; defaultValue?: unknown } {
  if (schema.def.type === 'default') {
    const wrapper = schema as z.ZodDefault<z.ZodType>
    return { inner: wrapper.unwrap(), defaultValue: wrapper.def.defaultValue }
  }
  return { inner: schema.def.type === 'prefault' ? (schema as z.ZodPrefault<z.ZodType>).unwrap() : schema }
}

function toField(schema: z.ZodType, path: string, warehouseType: string | null): Field {
  const { inner, ...defaults } = peel(schema)
  const meta = { ...inner.meta(), ...schema.meta() } as {
    allowed?: string
    examples?: string[]
    description?: string
  }
  const example = inner.def.type === 'literal' ? String((inner as z.ZodLiteral).value) : meta.examples?.[0]
  return {
    path,
    variable: variableName(path),
    description: meta.description ?? '',
    ...describeType(inner),
    ...(meta.allowed === undefined ? {} : { allowed: meta.allowed }),
    isNumber: inner.def.type === 'number',
    ...defaults,
    ...(example === undefined ? {} : { example }),
    warehouseType,
    accepts: (value) => schema.safeParse(value).success,
  }
}

function walk(schema: z.ZodType, path: string, warehouseType: string | null): SchemaNode {
  const { inner } = peel(schema)
  const node = {
    path,
    description: schema.meta()?.description ?? '',
    children: null,
    variants: null,
    field: null,
  }
  if (inner.def.type === 'object') {
    const shape = Object.entries((inner as z.ZodObject).shape as Record<string, z.ZodType>)
    const type = shape.find(([key]) => key === 'type')?.[1] as z.ZodLiteral | undefined
    const below = (key: string) => (path === '' ? key : `${path}.${key}`)
    return {
      ...node,
      children: shape.map(([key, child]) =>
        walk(child, below(key), type ? String(type.value) : warehouseType),
      ),
    }
  }
  if (inner.def.type === 'union') {
    const options = (inner as z.ZodUnion<z.ZodType[]>).options
    return { ...node, variants: options.map((option) => walk(option, path, warehouseType)) }
  }
  return { ...node, field: toField(schema, path, warehouseType) }
}

/** The schema as a tree, in the order in which it is written: the printed example follows it. */
export const schemaTree: SchemaNode = walk(settingsSchema, '', null)

function leaves(node: SchemaNode): Field[] {
  return node.field ? [node.field] : [...(node.children ?? []), ...(node.variants ?? [])].flatMap(leaves)
}

/** The switch between the variants is a leaf of each; here it is one field that takes the name of any. */
function mergeSwitches(all: Field[]): Field[] {
  const types = all.filter((field) => field.path === 'warehouse.type')
  const names = types.map((field) => field.example ?? '')
  const merged = {
    ...types[0]!,
    allowed: names.join(' or '),
    warehouseType: null,
    accepts: (value: unknown) => types.some((field) => field.accepts(value)),
  }
  return [merged, ...all.filter((field) => field.path !== 'warehouse.type')]
}

/** Every setting, each once. */
export const fields: readonly Field[] = mergeSwitches(leaves(schemaTree))
export const fieldsByPath: ReadonlyMap<string, Field> = new Map(fields.map((field) => [field.path, field]))

/** Paths of the sections, such as `delivery.in_doubt`. */
function sectionsOf(node: SchemaNode): string[] {
  const own = node.path !== '' && (node.children || node.variants) ? [node.path] : []
  return [...own, ...(node.children ?? []).flatMap(sectionsOf)]
}
export const sectionPaths: ReadonlySet<string> = new Set(sectionsOf(schemaTree))
