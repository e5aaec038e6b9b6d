import type { z } from 'zod'

/** Every key that a schema allows, as the tables of docs/json.md write it: `window.from` and `instant`, `reasons[].count` and `whole number`. */
export function keysOf(schema: z.ZodType): [key: string, type: string][] {
  return below(schema, '')
}

function below(schema: z.ZodType, path: string): [string, string][] {
  const { inner, isNullable } = peel(schema)
  const or = isNullable ? ' or null' : ''
  // A list or object stands in the table by itself only where it may be missing.
  const own = (name: string): [string, string][] => (isNullable ? [[path, `${name}${or}`]] : [])
  if (isSpelledOut(inner, path)) {
    const shape = Object.entries((inner as z.ZodObject).shape as Record<string, z.ZodType>)
    const key = (name: string) => (path === '' ? name : `${path}.${name}`)
    return [...own('object'), ...shape.flatMap(([name, child]) => below(child, key(name)))]
  }
  if (inner.def.type !== 'array') return [[path, `${typeName(inner)}${or}`]]
  const { element } = inner as z.ZodArray<z.ZodType>
  if (isSpelledOut(element, `${path}[]`)) return [...own('list'), ...below(element, `${path}[]`)]
  return [[path, `list of ${typeName(element)}${or}`]]
}

/** One with a name has a section of its own, and is spelled out there. */
function isSpelledOut(schema: z.ZodType, path: string): boolean {
  return schema.def.type === 'object' && (path === '' || schema.meta()?.type === undefined)
}

function peel(schema: z.ZodType): { inner: z.ZodType; isNullable: boolean } {
  if (schema.def.type !== 'nullable') return { inner: schema, isNullable: false }
  return { inner: (schema as z.ZodNullable<z.ZodType>).unwrap(), isNullable: true }
}

function typeName(schema: z.ZodType): string {
  const named = schema.meta()?.type
  if (typeof named === 'string') return named
  switch (schema.def.type) {
    case 'string':
      return (schema as z.ZodString).format === 'datetime' ? 'instant' : 'text'
    case 'number':
      return (schema as z.ZodNumber).isInt ? 'whole number' : 'number'
    case 'boolean':
      return 'true or false'
    case 'enum':
      return (schema as z.ZodEnum).options.map((option) => `\`${option}\``).join(', ')
    case 'record':
      return `object of ${typeName((schema as z.ZodRecord).valueType as z.ZodType)}s by name`
    default:
      throw new Error(`There is no word for ${schema.def.type} yet.`)
  }
}
