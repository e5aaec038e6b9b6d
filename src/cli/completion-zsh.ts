import type { CompletedCommand, CompletedFlag, Completes, CompletionModel } from './completion-model.ts'

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
/** Brackets and colons divide the parts of a specification. */
const escaped = (text: string) => text.replace(/[[\]:\\]/g, '\\$&')

/** A script that may be sourced after compinit, or stand in a folder of fpath as `_adjust-s2s`. */
export function zshScript({ program, globalFlags, commands }: CompletionModel): string {
  const name = `_${program.replaceAll('-', '_')}`
  return `#compdef ${program}
# zsh completion for ${program}
${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a commands global
  commands=(
${commands.map(({ name: of, summary }) => `    ${quoted(`${of}:${escaped(summary)}`)}`).join('\n')}
  )
  global=(
${flagLines(globalFlags, '    ')}
  )
  _arguments -C $global '1: :->command' '*:: :->rest' && return
  case $state in
    command) _describe -t commands 'command' commands ;;
    rest)
      curcontext="\${curcontext%:*:*}:${program}-$words[1]:"
      case $words[1] in
${commands.map((command) => commandCase(command)).join('\n')}
      esac ;;
  esac
}
if [[ $funcstack[1] == ${name} || $funcstack[1] == _${program} ]]; then
  ${name} "$@"
else
  compdef ${name} ${program}
fi
`
}

function commandCase({ name, flags, argument }: CompletedCommand): string {
  // What stands in global already may not be named twice.
  const own = flags.filter(({ names }) => !names.includes('--help'))
  const rest = argument === null ? [] : [quoted(`*:${escaped(argument.name)}:${action(argument.completes)}`)]
  const lines = [flagLines(own, '          '), ...rest.map((text) => `          ${text}`)].filter(
    (line) => line !== '',
  )
  return `        ${name})
          _arguments $global${lines.map((line) => ` \\\n${line.replaceAll('\n', ' \\\n')}`).join('')} ;;`
}

function flagLines(flags: readonly CompletedFlag[], indent: string): string {
  return flags
    .flatMap((flag) => flagSpecs(flag))
    .map((line) => `${indent}${line}`)
    .join('\n')
}

/** `--resend=[what is sent …]:mode:(none failed all)`; the other name of a flag is no longer offered when one is there. */
function flagSpecs({ names, description, value }: CompletedFlag): string[] {
  return names.map((flag) => {
    const others = value?.isRepeated ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
    const takes = value === null ? '' : `:${escaped(value.name)}:${action(value.completes)}`
    return quoted(`${others}${flag}${value === null ? '' : '='}[${escaped(description)}]${takes}`)
  })
}

function action(completes: Completes): string {
  if (completes === 'anything') return ' '
  return completes === 'file' ? '_files' : `(${completes.join(' ')})`
}
