type CamelCase<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Text

/** The same object with keys as code spells them: `timeout_ms` is `timeoutMs`. */
export type CamelKeys<T> =
  T extends Record<string, unknown> ? { [Key in keyof T as CamelCase<Key & string>]: CamelKeys<T[Key]> } : T

/** Spells the keys of a tree of plain objects as code does. */
export function camelKeys<T>(value: T): CamelKeys<T> {
  if (typeof value !== 'object' || value === null) return value as CamelKeys<T>
  const camel = (key: string) => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [camel(key), camelKeys(inner)]),
  ) as CamelKeys<T>
}
