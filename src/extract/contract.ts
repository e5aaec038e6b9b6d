import { closest, distance } from 'fastest-levenshtein'
import { TerminalError } from '../domain/errors.ts'
import { IDENTIFIERS, type Identifier, SENT_IDENTIFIERS } from '../domain/event.ts'
import type { ContractType, SourceColumn, Warehouse } from '../warehouse/warehouse.ts'

interface ContractColumn {
  name: string
  type: ContractType
  required?: true
}

/** The source contract: what the user's SELECT may yield. */
export const SOURCE_CONTRACT: readonly ContractColumn[] = [
  { name: 'transaction_id', type: 'text', required: true },
  { name: 'occurred_at', type: 'timestamp', required: true },
  { name: 'app_token', type: 'text', required: true },
  { name: 'event_token', type: 'text', required: true },
  { name: 'kind', type: 'text' },
  ...IDENTIFIERS.map((name): ContractColumn => ({ name, type: 'text' })),
  { name: 'revenue', type: 'decimal_text' },
  { name: 'currency', type: 'text' },
  { name: 'ip_address', type: 'text' },
  { name: 'user_agent', type: 'text' },
  { name: 'os_name', type: 'text' },
  { name: 'callback_params', type: 'text_json' },
  { name: 'partner_params', type: 'text_json' },
  { name: 'parameters', type: 'text_json' },
  { name: 'environment', type: 'text' },
]

/**
 * Compares what a SELECT yields with the source contract, without running it. Answers its projection: a SELECT in the warehouse's
 * own dialect that yields every column of the contract in its type, NULL for what is missing.
 *
 * Throws one `TerminalError` that lists everything that is wrong with its columns: missing, unknown (with the likely one), given
 * twice, or of a type that has no exact conversion (with the cast that mends it). `needed` are columns that this run cannot do without.
 */
export async function checkContract(
  warehouse: Warehouse,
  select: string,
  needed: readonly Identifier[] = [],
): Promise<string> {
  const columns = await warehouse.describe(select)
  const given = Map.groupBy(columns, ({ name }) => name.toLowerCase())
  const problems = [...missingColumns(given, needed), ...unknownColumns(given), ...doubleColumns(given)]
  const items = SOURCE_CONTRACT.map((wanted) =>
    projectColumn(warehouse, wanted, given.get(wanted.name)?.[0], problems),
  )
  if (problems.length > 0) throw contractError(problems)
  const projection = `SELECT\n  ${items.join(',\n  ')}\nFROM (\n${select}\n) AS source_rows`
  // Says at once whether the SELECT can stand in brackets, as a PRAGMA or a SHOW cannot.
  await warehouse.describe(projection)
  return projection
}

type GivenColumns = Map<string, SourceColumn[]>

function missingColumns(given: GivenColumns, needed: readonly Identifier[]): string[] {
  const missing = SOURCE_CONTRACT.filter(({ name, required }) => required && !given.has(name))
  const problems = missing.map(({ name }) => `column ${name} is missing`)
  for (const name of needed)
    if (!given.has(name)) problems.push(`column ${name} is missing: --shard tells the devices apart by it`)
  if (!SENT_IDENTIFIERS.some((name) => given.has(name)))
    problems.push(`an identifier is missing: at least one column of ${SENT_IDENTIFIERS.join(', ')}`)
  return problems
}

const CONTRACT_NAMES = SOURCE_CONTRACT.map(({ name }) => name)

/** More edits than this and the two words have nothing in common. */
const MAX_TYPOS = 3

function unknownColumns(given: GivenColumns): string[] {
  const unknown = [...given.keys()].filter((name) => !CONTRACT_NAMES.includes(name))
  return unknown.map((name) => {
    const likely = closest(name, CONTRACT_NAMES)
    const suggestion = distance(name, likely) <= MAX_TYPOS ? ` Did you mean ${likely}?` : ''
    return `column ${name} is not part of the source contract.${suggestion} Further Adjust parameters go into parameters, a JSON object`
  })
}

function doubleColumns(given: GivenColumns): string[] {
  return [...given]
    .filter(([, columns]) => columns.length > 1)
    .map(([name]) => `column ${name} is given twice`)
}

function projectColumn(
  warehouse: Warehouse,
  wanted: ContractColumn,
  column: SourceColumn | undefined,
  problems: string[],
): string {
  if (!column) return `CAST(NULL AS STRING) AS ${wanted.name}`
  const conversion = warehouse.convertColumn(column, wanted.type)
  if ('sql' in conversion) return `${conversion.sql} AS ${wanted.name}`
  problems.push(`column ${wanted.name} has type ${column.type}; write ${conversion.castHint}`)
  return ''
}

function contractError(problems: string[]): TerminalError {
  return new TerminalError(
    `the source SELECT does not fit:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    {
      hint: 'Correct the file that `source` names in the configuration.',
    },
  )
}
