import { type Command, InvalidArgumentError } from 'commander'
import type { CommandFlags, CommandName, GlobalFlags } from '../command.ts'

/** Runs one command; the program only finds out which, and with what flags. */
export type Execute = <Name extends CommandName>(
  name: Name,
  flags: CommandFlags[Name],
  globalFlags: GlobalFlags,
) => Promise<void>

/** The flags that every command takes, wherever they stand on the line. */
export function globalFlags(program: Command): GlobalFlags {
  const { config, json = false, quiet = false, input } = program.opts<Partial<GlobalFlags>>()
  return { config, json, quiet, input: input ?? true }
}

/** A parser for commander: it throws what commander reports as a usage error. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(`Allowed is a whole number from ${least} to ${most}.`)
  }
}
