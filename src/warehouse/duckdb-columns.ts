import type { ContractType, SourceColumn } from './warehouse.ts'

const WHOLE_NUMBERS = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|^BIGNUM$/
const DECIMAL = /^DECIMAL\(/
const FLOAT = /^(FLOAT|DOUBLE)$/
const TEXT = /^(VARCHAR|UUID|ENUM\()/
const NESTED = /^(STRUCT|MAP)\(/

type Conversion = { sql: string } | { castHint: string }

/** DuckDB's part of `Warehouse.convertColumn`: a conversion changes no digit and no instant, or is refused. */
export function convertDuckdbColumn(column: SourceColumn, to: ContractType): Conversion {
  const name = `"${column.name.replaceAll('"', '""')}"`
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
  if (type === 'VARCHAR') return { sql: name }
  if (TEXT.test(type) || WHOLE_NUMBERS.test(type)) return { sql: `CAST(${name} AS VARCHAR)` }
  return { castHint: `CAST(${bare} AS VARCHAR) AS ${bare}` }
}

/** Only an instant is an instant: the zone of a civil time, a date or a text would be a guess. */
function toTimestamp(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'TIMESTAMP WITH TIME ZONE') return { sql: name }
  if (WHOLE_NUMBERS.test(type)) return { castHint: `to_timestamp(${bare}) AS ${bare} (if it counts seconds)` }
  if (type.startsWith('TIMESTAMP')) return { castHint: `${bare} AT TIME ZONE 'UTC' AS ${bare}` }
  if (type === 'DATE') return { castHint: `CAST(${bare} AS TIMESTAMP) AT TIME ZONE 'UTC' AS ${bare}` }
  return { castHint: `CAST(${bare} AS TIMESTAMPTZ) AS ${bare}` }
}

function toDecimalText(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'VARCHAR') return { sql: name }
  if (DECIMAL.test(type) || WHOLE_NUMBERS.test(type)) return { sql: `CAST(${name} AS VARCHAR)` }
  const why = FLOAT.test(type) ? ' (a binary fraction is not exact)' : ''
  return { castHint: `CAST(${bare} AS DECIMAL(18,3)) AS ${bare}${why}` }
}

function toJsonText(name: string, { name: bare, type }: SourceColumn): Conversion {
  if (type === 'VARCHAR') return { sql: name }
  // A NULL literal is an INTEGER to DuckDB; a whole number in earnest is refused later, row by row, as no JSON object.
  if (type === 'JSON' || WHOLE_NUMBERS.test(type)) return { sql: `CAST(${name} AS VARCHAR)` }
  if (NESTED.test(type)) return { sql: `CAST(to_json(${name}) AS VARCHAR)` }
  return { castHint: `CAST(to_json(${bare}) AS VARCHAR) AS ${bare}` }
}
