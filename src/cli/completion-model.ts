import type { Argument, Command, Option } from 'commander'
import { TerminalError } from '../domain/errors.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** What may be typed at a place: one of these words, a file's name, or anything. */
export type Completes = readonly string[] | 'file' | 'anything'

export interface CompletedFlag {
  /** `--config`, or `-h` and `--help`. */
  names: string[]
  description: string
  /** null for a flag without a value. */
  value: { name: string; completes: Completes; isRepeated: boolean } | null
}

export interface CompletedCommand {
  name: string
  summary: string
  flags: CompletedFlag[]
  /** What its arguments are, all alike; null where it takes none. */
  argument: { name: string; completes: Completes } | null
}

/** What can be typed, as commander knows it: so a script cannot offer what the program does not take. */
export interface CompletionModel {
  program: string
  description: string
  /** Flags that may stand before a command and behind it. */
  globalFlags: CompletedFlag[]
  commands: CompletedCommand[]
}

/** Throws a TerminalError that names the shells there are. */
export function parseShell(text: string): Shell {
  const shell = SHELLS.find((known) => known === text.toLowerCase())
  if (shell !== undefined) return shell
  throw new TerminalError(
    `There is no completion for the shell "${text}"; there is for ${SHELLS.join(', ')}.`,
    {
      hint: '`adjust-s2s completion --help` shows how to use it.',
    },
  )
}

/** Reads the commands and their flags off the command line's own definition. */
export function completionModel(program: Command): CompletionModel {
  const { visibleCommands, visibleOptions } = program.createHelp()
  const visible = (command: Command) =>
    visibleOptions.call(program.createHelp(), command).map((option) => flagOf(option))
  const commands = visibleCommands.call(program.createHelp(), program)
  const names = commands.map((command) => command.name())
  return {
    program: program.name(),
    description: program.description(),
    globalFlags: visible(program),
    commands: commands.map((command) => ({
      name: command.name(),
      summary: command.summary() || command.description(),
      flags: visible(command),
      argument: argumentOf(command.registeredArguments[0], names),
    })),
  }
}

function flagOf(option: Option): CompletedFlag {
  const { short, long, description, required, optional, variadic, flags, argChoices } = option
  const name = /[<[]([^>\].]+)/.exec(flags)?.[1]
  const value =
    name === undefined || !(required || optional)
      ? null
      : { name, completes: completes(name, argChoices), isRepeated: variadic }
  return { names: [short, long].filter((text) => text !== undefined), description, value }
}

/** `help` takes the name of a command. */
function argumentOf(argument: Argument | undefined, commands: string[]): CompletedCommand['argument'] {
  if (argument === undefined) return null
  const name = argument.name()
  return { name, completes: name === 'command' ? commands : completes(name, argument.argChoices) }
}

/** Files are told by the name of the value, `<file>` or `<files...>`, which is what help shows, too. */
function completes(name: string, choices: readonly string[] | undefined): Completes {
  if (choices !== undefined) return choices
  return name === 'file' || name === 'files' ? 'file' : 'anything'
}
