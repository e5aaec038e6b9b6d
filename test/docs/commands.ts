import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { codeOf, fencesOf, withoutFences } from './page.ts'

/** Our command lines in a page, as the words behind `adjust-s2s`. */
export interface Mention {
  words: string[]
  /** As the page has it. */
  text: string
  /** From a block of code, to be typed as it is; what stands in a sentence may be a part of one. */
  isWhole: boolean
}

export function mentionsOf(page: string): Mention[] {
  const lines = fencesOf(page).flatMap(({ language, code }) => {
    const joined = code.replaceAll(/\\\n\s*/g, ' ').split('\n')
    // Without a language it is what a terminal shows: what was typed stands behind a prompt.
    return language === '' ? joined.filter((line) => line.startsWith('$ ')) : joined
  })
  const whole = lines.flatMap((line) => [...commandsIn(line), ...argumentsIn(line)])
  const spans = codeOf(withoutFences(page)).flatMap(commandsIn)
  return [
    ...whole.map((mention) => ({ ...mention, isWhole: true })),
    ...spans.map((mention) => ({ ...mention, isWhole: false })),
  ]
}

type Words = Pick<Mention, 'words' | 'text'>

/** What comes before the program's name where it is a command: a prompt, a variable, a launcher. */
const LAUNCHERS = /^(?:\$|npx|exec|node|\/\S*\/node|ExecStart=\S*|[A-Z_0-9]+=\S*|\S+\/\S+ \* \* \* \*)$/
const PROGRAM = /^(?:adjust-s2s|\S*bin\/adjust-s2s\.js|src\/main\.ts)$/

/** `adjust-s2s …` at the begin of a command; `get cronjob adjust-s2s` names something else. */
function commandsIn(line: string): Words[] {
  return split(line).flatMap((tokens) => {
    const start = tokens.findIndex((token) => !LAUNCHERS.test(token) && !/^[*\d/]+$/.test(token))
    if (start < 0 || !PROGRAM.test(tokens[start]!)) return []
    return [{ words: tokens.slice(start + 1), text: tokens.slice(start).join(' ') }]
  })
}

/** `.args = ["doctor", …]`, `args: [run, …]`: the image starts the program itself. */
function argumentsIn(line: string): Words[] {
  const list = /\bargs(?: =|:) \[([^\]]*)\]/.exec(line)?.[1]
  if (list === undefined) return []
  const words = list.split(',').map((word) => word.trim().replace(/^["']|["']$/g, ''))
  return [{ words, text: words.join(' ') }]
}

/** The commands of a line of shell, each as its words, without comments and redirections. */
function split(line: string): string[][] {
  const commands: string[][] = [[]]
  const pieces = line.matchAll(
    /\s+#.*$|"([^"]*)"|'([^']*)'|\|\|?|&&|;|\d?>+&?\s*\S+|<\s*\S+|([^\s"'|&;<>]+)/g,
  )
  for (const [piece, double, single, plain] of pieces) {
    if (/^(\|\|?|&&|;)$/.test(piece)) commands.push([])
    const word = double ?? single ?? plain
    if (word !== undefined) commands.at(-1)!.push(word)
  }
  return commands.filter((words) => words.length > 0)
}

const PLACEHOLDER = /^(?:ORDER-\d+|RUN_ID|[A-Z][A-Z_]+|<.*>|.*….*|\[.*)$/

/** What is wrong with a command line, in the program's own words; null when the program would take it. */
export async function faultOf({ words, isWhole }: Mention): Promise<string | null> {
  if (words.some((word) => word.includes('…'))) return flagFault(words)
  if (!isWhole) return flagFault(words)
  try {
    await silentProgram().parseAsync(words, { from: 'user' })
    return null
  } catch (error) {
    const { code, exitCode, message } = error as { code?: string; exitCode?: number; message: string }
    return code?.startsWith('commander.') && exitCode === 0 ? null : message
  }
}

/** Nothing runs, and help is not printed. */
function silentProgram(): Command {
  const program = createProgram(async () => {})
  const silence = (command: Command) => {
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} }).exitOverride()
    command.commands.forEach(silence)
  }
  silence(program)
  return program
}

/** Of a part of a command line: is there such a command, and has it such flags? */
function flagFault(words: readonly string[]): string | null {
  const program = silentProgram()
  const name = words.find((word) => !word.startsWith('-') && !PLACEHOLDER.test(word))
  const command = program.commands.find((one) => one.name() === name)
  if (name !== undefined && name !== 'help' && command === undefined) return `no command ${name}`
  const known = [...program.options, ...(command?.options ?? [])].flatMap(({ long, short }) => [long, short])
  const flags = words.map((word) => word.split('=')[0]!).filter((word) => /^--?[a-z]/i.test(word))
  const unknown = flags.filter((flag) => !known.includes(flag) && !['--help', '-h'].includes(flag))
  return unknown.length === 0 ? null : `no flag ${unknown.join(', ')} of ${name ?? 'the program'}`
}
