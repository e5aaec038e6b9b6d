import type { CompletedCommand, CompletedFlag, Completes, CompletionModel } from './completion-model.ts'

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** A script that may be sourced, or stand in `~/.config/fish/completions`. */
export function fishScript({ program, globalFlags, commands }: CompletionModel): string {
  const all = [...globalFlags, ...commands.flatMap(({ flags }) => flags)]
  const taking = [...new Set(all.filter(({ value }) => value !== null).flatMap(({ names }) => names))]
  const find = `__${program.replaceAll('-', '_')}_command`
  const complete = `complete -c ${program}`
  const lines = [
    `${complete} -f`,
    ...globalFlags.map((flag) => `${complete} ${flagWords(flag)}`),
    ...commands.flatMap((command) => commandLines(command, complete, find)),
  ]
  return `# fish completion for ${program}
# The command that stands on the line already: the first word that is neither a flag nor a flag's value.
function ${find}
  set -l words (commandline -opc)
  set -e words[1]
  while set -q words[1]
    switch $words[1]
      case ${taking.join(' ')}
        set -e words[1]
      case '-*'
      case '*'
        echo $words[1]
        return 0
    end
    set -e words[1]
  end
  return 1
end
${lines.join('\n')}
`
}

function commandLines(
  { name, summary, flags, argument }: CompletedCommand,
  complete: string,
  find: string,
): string[] {
  const here = `-n ${quoted(`string match -q -- ${name} (${find})`)}`
  const own = flags.filter(({ names }) => !names.includes('--help'))
  const completes = argument?.completes ?? 'anything'
  return [
    `${complete} -n ${quoted(`not ${find} >/dev/null`)} -a ${name} -d ${quoted(summary)}`,
    ...own.map((flag) => `${complete} ${here} ${flagWords(flag)}`),
    ...(completes === 'anything' ? [] : [`${complete} ${here} ${valueWords(completes)}`]),
  ]
}

function flagWords({ names, description, value }: CompletedFlag): string {
  const spelled = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  const takes =
    value === null ? [] : value.completes === 'file' ? ['-r -F'] : ['-x', valueWords(value.completes)]
  return [...spelled, ...takes, `-d ${quoted(description)}`].filter((word) => word !== '').join(' ')
}

function valueWords(completes: Completes): string {
  if (completes === 'file') return '-F'
  return completes === 'anything' ? '' : `-a ${quoted(completes.join(' '))}`
}
