import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { createProgram } from '../../src/cli/program.ts'
import { emptyFolder, runCli } from './cli-process.ts'

const COMMANDS = createProgram(async () => {}).commands.map((command) => command.name())

describe('the command line', () => {
  it.each(
    ['src/main.ts', 'bin/adjust-s2s.js'].flatMap((entry) =>
      ['--version', '-V', '-v'].map((flag) => [entry, flag] as const),
    ),
  )('prints its version (%s %s)', async (entry, flag) => {
    const result = await runCli([flag], { entry })
    expect(result).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' })
  })

  it('prints help that names every command, with examples and exit codes', async () => {
    const { code, stdout, stderr } = await runCli(['--help'])
    expect(code).toBe(0)
    expect(stderr).toBe('')
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
    expect(stdout).toContain('adjust-s2s init --example > adjust-s2s.yaml')
    expect(stdout).toMatch(/75 {2}try again later/)
  })

  it.each(COMMANDS)(
    'prints help for %s, with examples and the flags that every command takes',
    async (command) => {
      const { code, stdout } = await runCli([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toContain(`Usage: adjust-s2s ${command}`)
      expect(stdout).toContain('--config <file>')
      expect(stdout).toMatch(new RegExp(`^Examples:\\n(?:.*\\n)*?.*adjust-s2s ${command}\\b`, 'm'))
      // A command that is to be copied stays on one line.
      const long = stdout.split('\n').filter((line) => line.length > 100 && !line.startsWith('  adjust-s2s '))
      expect(long).toEqual([])
    },
  )

  it('prints the same help with help and --help', async () => {
    expect(await runCli(['help', 'run'])).toEqual(await runCli(['run', '--help']))
    expect(await runCli(['help'])).toEqual(await runCli(['--help']))
  })

  it.each(['run', 'plan'])('offers on %s every flag that chooses what is sent', async (command) => {
    const { stdout } = await runCli([command, '--help'])
    for (const flag of ['from', 'to', 'app', 'event', 'limit', 'resend', 'confirm', 'shard']) {
      expect(stdout).toContain(`--${flag} <`)
    }
  })

  it.each([
    ['on a pipe', {}, false],
    ['on a pipe with FORCE_COLOR', { FORCE_COLOR: '1' }, true],
    ['with NO_COLOR, whatever else is set', { NO_COLOR: '1', FORCE_COLOR: '0' }, false],
  ])('colours what it prints %s: %j %s', async (_, env, isColoured) => {
    const error = await runCli(['run', '--from', 'x'], { env })
    expect(error.stderr.includes('\x1b')).toBe(isColoured)
    const help = await runCli(['run', '--help'], { env })
    expect(help.stdout.includes('\x1b')).toBe(isColoured)
  })

  it('shows the help and fails when no command is given, so that no schedule takes it for success', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Usage: adjust-s2s')
    expect(stderr).toContain('error: Which command?')
  })
})

describe('a slip on the command line', () => {
  it.each([
    [['rnu'], "Unknown command 'rnu'.", 'Did you mean run?'],
    [['stauts'], "Unknown command 'stauts'.", 'Did you mean status?'],
    [['help', 'stauts'], "Unknown command 'stauts'.", 'Did you mean status?'],
    [['version'], "Unknown command 'version'.", 'Did you mean --version?'],
    [['run', '--frm', '2026-01-01'], "Unknown option '--frm'.", 'Did you mean --from?'],
    [['run', '-from', '2026-01-01'], "Unknown option '-from'.", 'Did you mean --from?'],
    [['run', '--max_rejected', '3'], "Unknown option '--max_rejected'.", 'Did you mean --max-rejected?'],
    [['doctor', '--send'], "Unknown option '--send'.", 'Did you mean --send-test-event?'],
    [['status', '--from', 'x'], "Unknown option '--from'.", '--from is a flag of plan, run'],
    [['--form', '2026-01-01'], "Unknown option '--form'.", '--from is a flag of plan, run'],
    [['run', '--zzz'], "Unknown option '--zzz'.", '`adjust-s2s run --help` lists'],
    [['explain'], "Missing required argument 'transaction-id'.", 'Usage: adjust-s2s explain [options] <tr'],
    [['run', 'now'], "Too many arguments for 'run'.", 'Usage: adjust-s2s run [options]'],
    [['run', '--resend', 'fialed'], 'allowed is none, failed, all.', 'Did you mean --resend failed?'],
    [['run', '--resend', 'perhaps'], 'allowed is none, failed, all.', 'none is the default'],
    [
      ['resolve', 'a', '--as', 'delivred', '--reason', 'b'],
      'allowed is delivered,',
      'Did you mean delivered?',
    ],
    [
      ['simulate', '--port', '70000'],
      'Allowed is a whole number from 0 to 65535.',
      '`adjust-s2s simulate --help`',
    ],
    [['plan', '--from', '2026-02-30'], '--from 2026-02-30: that date or time does not exist.', '2026-02-28'],
    [['run', '--dry-run', '--limit', '0'], '--limit 0', '--limit 1000'],
  ])('%j is exit code 2, with what to do', async (args, message, hint) => {
    const { code, stdout, stderr } = await runCli(args)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(`error: `)
    expect(stderr).toContain(message)
    expect(stderr.slice(stderr.indexOf(' hint: '))).toContain(hint)
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it.each([[['--json', 'rnu']], [['rnu', '--json']]])(
    'is one JSON object on standard output with %j',
    async (args) => {
      const { code, stdout } = await runCli(args)
      expect(code).toBe(2)
      expect(JSON.parse(stdout)).toEqual({
        error: { message: "Unknown command 'rnu'.", hint: 'Did you mean run?', exit_code: 2 },
      })
    },
  )
})

describe('a configuration fault', () => {
  it.each([[['--config', 'nope.yaml', 'init']], [['init', '--config', 'nope.yaml']]])(
    'is exit code 2 without a stack (%j)',
    async (args) => {
      const { code, stderr } = await runCli(args)
      expect(code).toBe(2)
      expect(stderr).toMatch(/^error: The configuration file .*nope\.yaml cannot be read/)
      expect(stderr).not.toMatch(/^ +at /m)
    },
  )

  it('names the command that writes a first file', async () => {
    const { code, stderr } = await runCli(['init'])
    expect(code).toBe(2)
    expect(stderr).toContain('hint: adjust-s2s init --example > adjust-s2s.yaml')
  })
})

describe('standard output that nobody reads', () => {
  it('is no error', async () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
    const shell = spawn(
      'bash',
      ['-c', `set -o pipefail; "${process.execPath}" "${main}" init --example | true`],
      {
        cwd: await emptyFolder(),
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let stderr = ''
    shell.stderr.on('data', (text) => {
      stderr += String(text)
    })
    const code = await new Promise((resolve) => shell.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})
