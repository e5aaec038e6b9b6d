import { spawnSync } from 'node:child_process'

/** Whether a shell is installed: bash is everywhere, the others are on machines of people who use them. */
export function hasShell(name: string): boolean {
  return spawnSync(name, ['-c', 'true']).status === 0
}

interface Asked {
  cwd: string
  script: string
  /** What stands on the line when Tab is pressed, at its end. */
  line: string
}

function ask(shell: string, args: string[], cwd: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell, args, {
    cwd,
    encoding: 'utf8',
    timeout: 20_000,
    env: { PATH: process.env.PATH, HOME: cwd, TERM: 'dumb' },
  })
  if (status !== 0) throw new Error(`${shell} ended with ${status}: ${stderr}${stdout}`)
  return stdout
    .split('\n')
    .filter((text) => text !== '')
    .sort()
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** The words as readline would split the line, and files as it would add them where the script leaves them to it. */
export function completedByBash({ cwd, script, line }: Asked): string[] {
  const words = line
    .split(/(=)| +/)
    .filter((word) => word !== undefined && (word !== '' || line.endsWith(' ')))
  const [last] = words.slice(-1)
  if (line.endsWith(' ') && last !== '') words.push('')
  const files = `compopt() { compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"; }`
  const call = `COMP_WORDS=(${words.map((word) => quoted(word)).join(' ')}); COMP_CWORD=${words.length - 1}; _adjust_s2s`
  const all = `${script}\n${files}\n${call}\n[[ \${#COMPREPLY[@]} = 0 ]] || printf '%s\\n' "\${COMPREPLY[@]}"`
  return ask('bash', ['--norc', '-c', all], cwd)
}

/** fish's own engine; each answer has its description behind a tab. */
export function completedByFish({ cwd, script, line }: Asked): string[] {
  const all = `${script}\ncomplete -C ${quoted(line)}`
  return ask('fish', ['--no-config', '-c', all], cwd).map((answer) => answer.split('\t')[0]!)
}

/** zsh completes at its line editor alone, so one is started at a terminal of its own; what is added there is written down. */
export function completedByZsh({ cwd, script, line }: Asked): string[] {
  const inside = `
PROMPT=; unsetopt zle_bracketed_paste 2>/dev/null; autoload -Uz compinit; compinit -u -D
${script}
compadd () {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return $?; fi
  typeset -a found; builtin compadd -A found "$@"
  (( $#found )) && print -rl -- $found >> $PWD/zsh.found
  builtin compadd "$@"
}
finish () { print done > $PWD/zsh.done; exit 0 }
ask () { BUFFER=${quoted(line)}; CURSOR=$#BUFFER; zle list-choices; finish }
zle -N ask; bindkey '^A' ask
print ready > $PWD/zsh.ready
`
  const outside = `
zmodload zsh/zpty; zmodload zsh/zselect
wait_for () { local i; for i in {1..1500}; do [[ -s $1 ]] && return 0; zselect -t 1; done; return 1 }
rm -f zsh.ready zsh.done zsh.found
zpty -b inner zsh -f -i
zpty -w inner 'cd '$PWD' && source ./zsh.inside'
wait_for zsh.ready || { zpty -r inner text; print -u2 -- $text; exit 1 }
zpty -w -n inner $'\\C-A'
wait_for zsh.done || exit 2
zpty -d inner
[[ -e zsh.found ]] && sort -u zsh.found
exit 0
`
  const before = `cat > zsh.inside <<'END_OF_INSIDE'\n${inside}\nEND_OF_INSIDE\n`
  const found = ask('zsh', ['-f', '-c', before + outside], cwd)
  return found.filter((name) => !name.startsWith('zsh.'))
}
