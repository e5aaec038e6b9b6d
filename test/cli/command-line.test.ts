import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { emptyFolder, runCli } from './cli-process.ts'

const COMMANDS = ['init', 'plan', 'run', 'status', 'explain', 'simulate']

describe('the command line', () => {
  it.each(['src/main.ts', 'bin/adjust-s2s.js'])('prints its version (%s)', async (entry) => {
    const result = await runCli(['--version'], { entry })
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

  it.each(COMMANDS)('prints help for %s, with the flags that every command takes', async (command) => {
    const { code, stdout } = await runCli([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain(`Usage: adjust-s2s ${command}`)
    expect(stdout).toContain('--config <file>')
  })

  it.each(['run', 'plan'])('offers on %s every flag that chooses what is sent', async (command) => {
    const { stdout } = await runCli([command, '--help'])
    for (const flag of ['from', 'to', 'app', 'event', 'limit', 'resend', 'confirm', 'shard']) {
      expect(stdout).toContain(`--${flag} <`)
    }
  })

  it('prints no colours on a pipe', async () => {
    const { stdout, stderr } = await runCli(['run', '--from', 'x'])
    expect(stdout + stderr).not.toContain('\x1b')
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
    [['run', '--frm', '2026-01-01'], "Unknown option '--frm'.", 'Did you mean --from?'],
    [['explain'], "Missing required argument 'transaction-id'.", '`adjust-s2s explain --help`'],
    [['run', 'now'], "Too many arguments for 'run'.", '`adjust-s2s run --help`'],
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
