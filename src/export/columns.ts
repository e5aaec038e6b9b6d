import { closest } from 'fastest-levenshtein'
import { TerminalError } from '../domain/errors.ts'

/** Names as the user typed them; null where the usual ones are to be looked for. */
export interface ColumnFlags {
  transactionId: string | null
  appToken: string | null
  eventToken: string | null
  time: string | null
}

/** Where things stand among the columns of an export; null for what it does not have. */
export interface ExportColumns {
  transactionId: number
  /** The column is a JSON object that holds `transaction_id`, as callback parameters are when they come in one. */
  isJson: boolean
  appToken: number | null
  eventToken: number | null
  time: number | null
}

/**
 * The names of Adjust's placeholders and of our callback parameter. In an upload's header a placeholder stands in braces and a callback
 * parameter in brackets, or bare (https://help.adjust.com/en/article/cloud-storage-uploads); loaded into BigQuery, `{event}` has become
 * `_event_`. So what stands around a name does not count, nor does its case.
 */
const USUAL_NAMES = {
  transactionId: ['transaction_id'],
  json: ['publisher_parameters', 'callback_parameters', 'callback_params'],
  appToken: ['app_token'],
  // https://help.adjust.com/en/article/event-callbacks: {event} is the token, {event_name} the name that may change.
  eventToken: ['event', 'event_token'],
  time: ['created_at', 'received_at'],
} as const

const FLAGS = {
  transactionId: '--transaction-id-column',
  appToken: '--app-token-column',
  eventToken: '--event-token-column',
  time: '--time-column',
} as const

/**
 * Finds the columns by the flags or by their usual names. Throws a TerminalError that lists the columns when there is none with the
 * transaction id, when a flag names one that is not there, or when two columns have the same usual name.
 */
export function findColumns(names: readonly string[], flags: ColumnFlags, where: string): ExportColumns {
  const find = (what: keyof typeof FLAGS, usual: readonly string[] = USUAL_NAMES[what]) =>
    flags[what] === null ? usualColumn(names, usual, where) : named(names, flags[what], FLAGS[what], where)
  const direct = find('transactionId')
  const json = direct === null ? usualColumn(names, USUAL_NAMES.json, where) : null
  const transactionId = direct ?? json
  if (transactionId === null)
    throw new TerminalError(`${where} has no column with our transaction_id: it has ${list(names)}`, {
      hint: `Put the callback parameter [transaction_id] into the CSV definition of the raw data export, or name the column: ${FLAGS.transactionId} NAME.`,
    })
  const isJson =
    json !== null || (USUAL_NAMES.json as readonly string[]).includes(bare(names[transactionId]!))
  return {
    transactionId,
    isJson,
    appToken: find('appToken'),
    eventToken: find('eventToken'),
    time: find('time'),
  }
}

function named(names: readonly string[], name: string, flag: string, where: string): number {
  const exact = names.indexOf(name)
  const index = exact >= 0 ? exact : names.findIndex((other) => bare(other) === bare(name))
  if (index >= 0) return index
  throw new TerminalError(`${flag} ${name}: ${where} has no such column, it has ${list(names)}`, {
    hint: names.length === 0 ? 'Give another export.' : `Did you mean ${closest(name, [...names])}?`,
  })
}

/** The first of the usual names that is there. */
function usualColumn(names: readonly string[], usual: readonly string[], where: string): number | null {
  for (const name of usual) {
    const found = names.flatMap((other, index) => (bare(other) === name ? index : []))
    if (found.length > 1)
      throw new TerminalError(
        `${where} has column ${name} twice: ${list(found.map((index) => names[index]!))}`,
        {
          hint: 'Name the one that counts, with --transaction-id-column, --app-token-column, --event-token-column or --time-column.',
        },
      )
    if (found.length === 1) return found[0]!
  }
  return null
}

/** `{created_at}`, `[transaction_id]`, `_event_` without what stands around them. */
function bare(name: string): string {
  return name
    .trim()
    .replace(/^[{[_"]+|[}\]_"]+$/g, '')
    .toLowerCase()
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => (name === '' ? '(nameless)' : name)).join(', ')
}
