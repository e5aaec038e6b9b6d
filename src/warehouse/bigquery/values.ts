import { trimZeros } from '../numeric.ts'
import type { QueryParameter, QueryParameters, QueryValue } from '../warehouse.ts'
import type { QueryParameterResource } from './rest-types.ts'

/** Named parameters as the REST API takes them: only those that the text names. A number is a whole one. */
export function queryParameters(
  parameters: QueryParameters,
  names: ReadonlySet<string>,
): QueryParameterResource[] {
  return [...names].map((name) => {
    const value = parameters[name]
    if (value === undefined) throw new Error(`no value for the parameter @${name}`)
    const [type, text] = typedText(value)
    return { name, parameterType: { type }, parameterValue: text === null ? {} : { value: text } }
  })
}

function typedText(value: QueryParameter): [type: string, text: string | null] {
  if (value === null) return ['STRING', null]
  if (typeof value === 'number') return ['INT64', String(value)]
  if (typeof value === 'boolean') return ['BOOL', String(value)]
  if (typeof value === 'string') return ['STRING', value]
  return ['TIMESTAMP', timestampText(value.timestampMicros)]
}

/** BigQuery's TIMESTAMP begins with the year 1 and ends with the year 9999; a limit beyond that means all of it. */
const FIRST_MICROS = Date.parse('0001-01-01T00:00:00Z') * 1000
const LAST_MICROS = Date.parse('9999-12-31T23:59:59.999Z') * 1000

/** `2025-05-20 12:00:00.123456+00:00`, every microsecond kept. */
function timestampText(timestampMicros: number): string {
  const micros = Math.min(LAST_MICROS, Math.max(FIRST_MICROS, Math.round(timestampMicros)))
  const seconds = Math.floor(micros / 1_000_000)
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0')
  const [date, time] = new Date(seconds * 1000).toISOString().split('T') as [string, string]
  return `${date} ${time.slice(0, 8)}.${fraction}+00:00`
}

export type CellReader = (cell: string) => QueryValue

/** How to read the cells of a column, which the REST API gives as text. A type that no query should return is a bug. */
export function cellReader({
  name,
  type,
}: {
  name?: string | undefined
  type?: string | undefined
}): CellReader {
  switch (type) {
    case 'STRING':
      return (cell) => cell
    case 'INTEGER':
    case 'INT64':
      return (cell) => wholeNumber(cell)
    case 'BOOLEAN':
    case 'BOOL':
      return (cell) => cell === 'true'
    case 'NUMERIC':
    case 'BIGNUMERIC':
      return (cell) => trimZeros(cell)
    default:
      throw new Error(`column ${name} has type ${type}, which no query may return`)
  }
}

/** As text where a JavaScript number would lose digits. */
export function wholeNumber(value: string | bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
