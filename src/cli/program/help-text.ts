import type { Command } from 'commander'

/** What stands below the options of a command's help. */
export interface HelpDetails {
  /** Each with what it is for. The program's own name is left out. */
  examples: readonly (readonly [words: string, purpose: string])[]
  /** Short lines that are printed as they are. */
  notes?: string
  /** Where they mean more than the table of `adjust-s2s --help` says. */
  exitCodes?: readonly (readonly [code: number, meaning: string])[]
}

/** Longer lines are hard to read, whatever the terminal has room for. */
export const HELP_COLUMNS_MAX = 100

/** As many columns as the stream has, within reason. A pipe has none. */
export function helpColumns(stream: { columns?: number }): number {
  return Math.min(stream.columns ?? HELP_COLUMNS_MAX, HELP_COLUMNS_MAX)
}

/** `  adjust-s2s plan    what a run would send`; where a line would not fit, the purpose stands above as a comment. */
function exampleLines(examples: HelpDetails['examples'], columns: number): string[] {
  const commands = examples.map(([words]) => `adjust-s2s ${words}`.trim())
  const width = Math.max(...commands.map((command) => command.length))
  const besides = examples.map(([, purpose], i) => `  ${commands[i]!.padEnd(width)}  ${purpose}`)
  if (besides.every((line) => line.length <= columns)) return besides
  return examples.flatMap(([, purpose], i) => [`  # ${purpose}`, `  ${commands[i]}`])
}

function exitCodeLines(exitCodes: NonNullable<HelpDetails['exitCodes']>): string[] {
  return exitCodes.map(([code, meaning]) => `  ${String(code).padStart(2)}  ${meaning}`)
}

/** The text as it is printed at a width; `title` makes a heading of a word. */
export function helpText(
  { examples, notes, exitCodes }: HelpDetails,
  columns: number,
  title: (text: string) => string,
): string {
  const parts = [[title('Examples:'), ...exampleLines(examples, columns)]]
  if (notes !== undefined) parts.push([notes.trim()])
  if (exitCodes !== undefined) parts.push([title('Exit codes:'), ...exitCodeLines(exitCodes)])
  return `\n${parts.map((lines) => lines.join('\n')).join('\n\n')}`
}

/** Puts the details below a command's help. */
export function addDetails(command: Command, details: HelpDetails): Command {
  return command.addHelpText('after', ({ error, command: shown }) => {
    const columns = helpColumns(error ? process.stderr : process.stdout)
    const { styleTitle } = shown.createHelp()
    return helpText(details, columns, styleTitle)
  })
}
