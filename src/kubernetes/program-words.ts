import { TerminalError } from '../domain/errors.ts'
import { isMapping, type Mapping } from './manifest.ts'

/** A container that runs this program. */
export interface ProgramContainer {
  /** Where it stands in `containers`. */
  index: number
  /** What the manifest gives as `command` up to the program's own name; null where the image's entry point is the program. */
  command: string[] | null
  /** The program's words, from `run` on, or global flags before it. */
  words: string[]
}

/** Why a container cannot be run again. */
interface Refusal {
  why: string
  hint: string
}

const PROGRAM = /(^|\/)(adjust-s2s(\.js)?|main\.ts)$/
const SHELL = /(^|\/)(ba|da|a|z)?sh$/
const EDIT =
  'Without job-manifest: kubectl create job NAME --from=cronjob/NAME --dry-run=client -o yaml > job.yaml, then edit its args and apply it.'

/**
 * The container whose program is `adjust-s2s run`. Beside sidecars it is the only one that fits, else the one that is called `adjust-s2s`.
 *
 * @throws TerminalError where none or several fit: what it would change could be another program's words.
 */
export function findProgram(containers: unknown, cronJob: string): ProgramContainer {
  const list = Array.isArray(containers) ? containers.filter(isMapping) : []
  const read = list.map((container, index) => ({
    name: String(container.name),
    found: readContainer(container, index),
  }))
  const fitting = read.filter(({ found }) => 'words' in found)
  const chosen = fitting.length === 1 ? fitting[0] : fitting.find(({ name }) => name === 'adjust-s2s')
  if (chosen !== undefined && 'words' in chosen.found) return chosen.found
  if (fitting.length > 1)
    throw new TerminalError(
      `CronJob ${cronJob}: ${fitting.map(({ name }) => name).join(' and ')} all run a program with run.`,
      {
        hint: 'Call the container of adjust-s2s `adjust-s2s` in the CronJob.',
      },
    )
  throw refusal(read[0], cronJob)
}

function refusal(first: { name: string; found: ProgramContainer | Refusal } | undefined, cronJob: string) {
  if (first === undefined || 'words' in first.found)
    return new TerminalError(`CronJob ${cronJob} has no container.`, {
      hint: 'Is it the CronJob of adjust-s2s?',
    })
  return new TerminalError(`CronJob ${cronJob}, container ${first.name}: ${first.found.why}.`, {
    hint: first.found.hint,
  })
}

function readContainer(container: Mapping, index: number): ProgramContainer | Refusal {
  const [command, args] = [textsIn(container.command), textsIn(container.args)]
  if (command === null || args === null)
    return { why: 'command and args are not lists of text', hint: 'Put each word of them in quotes.' }
  const all = [...command, ...args]
  const at = command.length === 0 ? -1 : all.findIndex((word) => PROGRAM.test(word))
  if (command.length > 0 && at === -1)
    return SHELL.test(command[0]!)
      ? {
          why: 'a shell runs the program, so its flags stand in a script',
          hint: `Start the program itself, as cron.yaml does. ${EDIT}`,
        }
      : {
          why: `its command, ${command.join(' ')}, is not adjust-s2s`,
          hint: `Leave \`command\` out, for the image starts the program. ${EDIT}`,
        }
  const words = all.slice(at + 1)
  return commandOf(words) === 'run'
    ? { index, command: at === -1 ? null : all.slice(0, at + 1), words }
    : {
        why: `its args, ${words.length === 0 ? 'none' : words.join(' ')}, do not say run`,
        hint: `args begin with run, as in cron.yaml. ${EDIT}`,
      }
}

function textsIn(value: unknown): string[] | null {
  if (value === undefined || value === null) return []
  return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : null
}

/** The first word that is neither a flag nor the value of `--config`, the only global flag with one. */
export function commandOf(words: readonly string[]): string | undefined {
  return words.find((word, i) => !word.startsWith('-') && words[i - 1] !== '--config')
}
