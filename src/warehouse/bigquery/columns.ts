import type { ContractType, SourceColumn } from '../warehouse.ts'
import type { FieldSchema } from './rest-types.ts'

type Conversion = { sql: string } | { castHint: string }

const TYPE_NAMES: Record<string, string> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  RECORD: 'STRUCT',
}

/** The type as GoogleSQL spells it, for the REST API still uses the names of legacy SQL. */
export function sqlType({ type = '', mode }: FieldSchema): string {
  const upper = type.toUpperCase()
  const name = TYPE_NAMES[upper] ?? upper
  return mode === 'REPEATED' ? `ARRAY<${name}>` : name
}

/** BigQuery's part of `Warehouse.convertColumn`: a conversion changes no digit and no instant, or is refused. */
export function convertBigqueryColumn(column: SourceColumn, to: ContractType): Conversion {
  const name = `\`${column.name}\``
  switch (to) {
    case 'text':
      return toText(name, column)
    case 'timestamp':
      return toTimestamp(name, column)
    case 'decimal_text':
      return toDecimalText(name, column)
    case 'text_json':
      return toJsonText(name, column)
  }
}

function toText(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'STRING') return { sql: name }
  if (type === 'INT64') return { sql: `CAST(${name} AS STRING)` }
  return { castHint: `CAST(${bare} AS STRING) AS ${bare}` }
}

/** Only an instant is an instant: the zone of a civil time, a date or a text would be a guess. */
function toTimestamp(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'TIMESTAMP') return { sql: name }
  if (type === 'INT64') return { castHint: `TIMESTAMP_SECONDS(${bare}) AS ${bare} (if it counts seconds)` }
  if (type === 'DATETIME' || type === 'DATE') return { castHint: `TIMESTAMP(${bare}, 'UTC') AS ${bare}` }
  return { castHint: `TIMESTAMP(${bare}) AS ${bare}` }
}

function toDecimalText(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'STRING') return { sql: name }
  if (type === 'NUMERIC' || type === 'BIGNUMERIC' || type === 'INT64')
    return { sql: `CAST(${name} AS STRING)` }
  const why = type === 'FLOAT64' ? ' (a binary fraction is not exact)' : ''
  return { castHint: `CAST(${bare} AS NUMERIC) AS ${bare}${why}` }
}

function toJsonText(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'STRING') return { sql: name }
  // A NULL literal is an INT64; a whole number in earnest is refused later, row by row, as no JSON object.
  if (type === 'INT64') return { sql: `CAST(${name} AS STRING)` }
  // TO_JSON_STRING makes the text 'null' of a NULL.
  if (type === 'JSON' || type === 'STRUCT')
    return { sql: `IF(${name} IS NULL, NULL, TO_JSON_STRING(${name}))` }
  return { castHint: `TO_JSON_STRING(${bare}) AS ${bare}` }
}
