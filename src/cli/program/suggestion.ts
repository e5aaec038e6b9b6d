import type { Command, CommanderError } from 'commander'
import { suggest } from '../../config/suggest.ts'

/** The commands that have a flag, by its name with hyphens. */
function ownersOf(flag: string, program: Command): string[] {
  const owners = program.commands.filter((command) => command.options.some(({ long }) => long === flag))
  return owners.map((command) => command.name())
}

/** Two letters are too few to guess from. */
function suggestFlag(flag: string, all: readonly string[]): string | null {
  const word = (name: string) => name.slice(2).replaceAll('-', '_')
  const meant = flag.length > 4 ? suggest(word(flag), all.map(word)) : null
  return meant === null ? null : `--${meant.replaceAll('_', '-')}`
}

/** For a flag that the command lacks: what was meant, or whose flag it is. */
function flagSuggestion(typed: string, program: Command, current: Command): string | null {
  const own = [...program.options, ...current.options].flatMap(({ long }) => long ?? [])
  const all = [
    ...new Set([...own, ...program.commands.flatMap((command) => command.options.map(({ long }) => long!))]),
  ]
  // Of the shell's habits: one hyphen for two, and a beginning for the whole.
  const flag = typed.replace(/^-+/, '--').replace(/=.*/s, '')
  const begun = own.filter((name) => name.startsWith(flag))
  if (flag.length > 4 && begun.length === 1) return `Did you mean ${begun[0]}?`
  const meant = all.includes(flag) ? flag : suggestFlag(flag, all)
  if (meant === null) return null
  if (own.includes(meant)) return `Did you mean ${meant}?`
  return `${meant} is a flag of ${ownersOf(meant, program).join(', ')}.`
}

function commandSuggestion(typed: string, program: Command): string | null {
  if (typed === 'version') return 'Did you mean --version?'
  const names = program.commands.map((command) => command.name())
  const meant = suggest(typed, names)
  return meant === null ? null : `Did you mean ${meant}?`
}

const usage = (command: Command) => `Usage: ${command.createHelp().commandUsage(command)}`

/** What commander's own suggestions leave out, for people who have typed something close to right; null where nothing helps. */
export function suggestionFor(
  { code, message }: CommanderError,
  program: Command,
  current: Command,
): string | null {
  const typed = /'([^']*)'/.exec(message)?.[1] ?? ''
  switch (code) {
    case 'commander.unknownOption':
      return flagSuggestion(typed, program, current)
    case 'commander.unknownCommand':
      return commandSuggestion(typed, program)
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return usage(current)
    default:
      return null
  }
}
