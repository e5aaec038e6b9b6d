import type { CompletedCommand, CompletedFlag, Completes, CompletionModel } from './completion-model.ts'

const namesOf = (flags: readonly CompletedFlag[]) => flags.flatMap(({ names }) => names)

/** A script for bash 3.2 (of macOS) and later, which `complete` calls for each Tab. */
export function bashScript({ program, globalFlags, commands }: CompletionModel): string {
  const all = [...globalFlags, ...commands.flatMap(({ flags }) => flags)]
  const taking = [...new Set(namesOf(all.filter(({ value }) => value !== null)))]
  const name = `_${program.replaceAll('-', '_')}`
  return `# bash completion for ${program}
${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command='' i
  # bash takes --flag=value apart into three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${taking.join(' | ')})
        [[ \${COMP_WORDS[i+1]} == = ]] && ((i++))
        ((i++)) ;;
      -*) ;;
      *) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  COMPREPLY=()
  case "$command $previous" in
${[...flagCases(globalFlags, '*'), ...commands.flatMap(({ name: of, flags }) => flagCases(flags, of))].join('\n')}
  esac
  case "$previous" in
    ${taking.join(' | ')}) return ;;
  esac
  case "$command" in
${commands.map((command) => commandCase(command, globalFlags)).join('\n')}
    '') ${replies(
      globalFlags,
      commands.map((command) => command.name),
    )} ;;
  esac
}
complete -F ${name} ${program}
`
}

/** What follows a flag that takes one of a few words, or a file. */
function flagCases(flags: readonly CompletedFlag[], command: string): string[] {
  return flags.flatMap(({ names, value }) => {
    const completes = value?.completes ?? 'anything'
    if (completes === 'anything') return []
    return names.map((flag) => `    ${command}' ${flag}') ${reply(completes)}; return ;;`)
  })
}

function commandCase({ name, flags, argument }: CompletedCommand, globalFlags: CompletedFlag[]): string {
  return `    ${name}) ${replies([...flags, ...globalFlags], argument?.completes ?? 'anything')} ;;`
}

/** Flags where a hyphen stands, else what the command takes. */
function replies(flags: readonly CompletedFlag[], completes: Completes): string {
  // --help is the command's own and everybody's.
  const names = [...new Set(namesOf(flags))]
  const others = completes === 'anything' ? '' : `\n      else ${reply(completes)}`
  return `if [[ $current == -* ]]; then ${reply(names)}${others}
      fi`
}

/** Without compopt (bash 3) names with spaces are not quoted. */
function reply(completes: Exclude<Completes, 'anything'>): string {
  if (completes === 'file') return `compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current"))`
  return `COMPREPLY=($(compgen -W '${completes.join(' ')}' -- "$current"))`
}
