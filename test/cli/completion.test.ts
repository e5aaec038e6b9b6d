import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { completionModel, SHELLS } from '../../src/cli/completion-model.ts'
import { createProgram } from '../../src/cli/program.ts'
import { RESEND_MODES } from '../../src/domain/policy.ts'
import { VERDICTS } from '../../src/resolve-job.ts'
import { emptyFolder, runCli } from './cli-process.ts'
import { completedByBash, completedByFish, completedByZsh, hasShell } from './shells.ts'

const program = createProgram(async () => {})
const model = completionModel(program)
const flagOf = (command: string, name: string) =>
  model.commands.find((known) => known.name === command)?.flags.find(({ names }) => names.includes(name))

const COMPLETED_BY = { bash: completedByBash, zsh: completedByZsh, fish: completedByFish }

/** What stands on the line when Tab is pressed, and what may follow. */
const LINES: [line: string, words: string[]][] = [
  ['adjust-s2s sta', ['status']],
  ['adjust-s2s --config some.yaml sta', ['status']],
  ['adjust-s2s --config=some.yaml sta', ['status']],
  ['adjust-s2s --quiet sta', ['status']],
  ['adjust-s2s run --max', ['--max-rejected']],
  ['adjust-s2s run --dry', ['--dry-run']],
  ['adjust-s2s plan --dry', []],
  ['adjust-s2s status --js', ['--json']],
  ['adjust-s2s run --resend ', [...RESEND_MODES]],
  ['adjust-s2s run --resend f', ['failed']],
  ['adjust-s2s resolve order-1 --as ', [...VERDICTS]],
  ['adjust-s2s run --from ', []],
  ['adjust-s2s resolve --file id', ['ids.csv']],
  ['adjust-s2s --config id', ['ids.csv']],
  ['adjust-s2s explain ', []],
  ['adjust-s2s completion ', [...SHELLS]],
  ['adjust-s2s help expl', ['explain']],
]

describe.each(SHELLS)('Tab in %s', (shell) => {
  let cwd = ''
  let script = ''
  beforeAll(async () => {
    cwd = await emptyFolder()
    await writeFile(join(cwd, 'ids.csv'), '')
    script = (await runCli(['completion', shell])).stdout
  })

  it.skipIf(!hasShell(shell)).each(LINES)('after "%s" offers %j', (line, words) => {
    expect(COMPLETED_BY[shell]({ cwd, script, line })).toEqual(words.toSorted())
  })

  it.skipIf(!hasShell(shell))('offers every command', () => {
    const names = program.commands.map((command) => command.name())
    expect(COMPLETED_BY[shell]({ cwd, script, line: 'adjust-s2s ' })).toEqual(names.toSorted())
  })

  it.skipIf(!hasShell(shell))('takes the value of a flag behind =, too', () => {
    const [answer] = COMPLETED_BY[shell]({ cwd, script, line: 'adjust-s2s run --resend=fa' })
    expect(answer?.replace('--resend=', '')).toBe('failed')
  })

  it('comes from a script that the shell can read', async () => {
    if (!hasShell(shell)) return
    await writeFile(join(cwd, 'script'), script)
    expect(spawnSync(shell, ['-n', 'script'], { cwd, encoding: 'utf8' }).stderr).toBe('')
  })
})

describe('what the scripts are made of', () => {
  it('names the words that the flags really take', () => {
    expect(flagOf('run', '--resend')?.value?.completes).toEqual(RESEND_MODES)
    expect(flagOf('plan', '--resend')?.value?.completes).toEqual(RESEND_MODES)
    expect(flagOf('resolve', '--as')?.value?.completes).toEqual(VERDICTS)
  })

  it('has every flag of every command', () => {
    for (const command of program.commands) {
      const known = model.commands.find(({ name }) => name === command.name())
      const names = command.options.map((option) => option.long)
      expect(known?.flags.flatMap((flag) => flag.names)).toEqual(expect.arrayContaining(names))
    }
  })

  it('is refused for a shell that there is none for, with those that there are', async () => {
    const { code, stderr } = await runCli(['completion', 'tcsh'])
    expect(code).toBe(2)
    expect(stderr).toContain('There is no completion for the shell "tcsh"; there is for bash, zsh, fish.')
  })
})
