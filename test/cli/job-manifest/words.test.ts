import { describe, expect, it } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'
import { KNOWN_FLAGS } from '../../../src/kubernetes/rerun-words.ts'
import { runCli } from '../cli-process.ts'
import { argsOf, changed, FROM_CLUSTER, jobOf, MONTH } from './support.ts'

describe('the words of the program in the Job', () => {
  it('are those of the schedule without its window and with the one given, as instants', async () => {
    expect(await argsOf(FROM_CLUSTER, '--from', '2026-02-01', '--to', '2026-03-01T12:30:00+02:00')).toEqual([
      'run',
      '--config',
      '/etc/adjust-s2s/adjust-s2s.yaml',
      '--max-rejected',
      '0.5%',
      '--limit=20000',
      '--metrics-file',
      '/metrics/adjust-s2s.prom',
      '--from=2026-02-01T00:00:00Z',
      '--to=2026-03-01T10:30:00Z',
    ])
  })

  it('take what is given for what the schedule says, in either way of writing', async () => {
    const args = await argsOf(
      FROM_CLUSTER,
      '--max-rejected',
      '3',
      '--limit',
      '7',
      '--app',
      'abc',
      '--event',
      'e1',
    )
    expect(args.slice(3)).toEqual([
      '--metrics-file',
      '/metrics/adjust-s2s.prom',
      '--app=abc',
      '--event=e1',
      '--limit=7',
      '--max-rejected=3',
    ])
  })

  it('forget what the schedule says about one single run', async () => {
    const file = await changed([
      '- --limit=20000',
      '- --from\n            - 2026-01-01T00:00:00Z\n            - --to=2026-01-02\n            - --dry-run\n            - --resend\n            - failed\n            - --shard\n            - $(JOB_COMPLETION_INDEX)/4',
    ])
    const args = await argsOf(file, '--to', '2026-03-01')
    expect(args.slice(3, -1)).toEqual([
      '--max-rejected',
      '0.5%',
      '--shard',
      '$(JOB_COMPLETION_INDEX)/4',
      '--metrics-file',
      '/metrics/adjust-s2s.prom',
    ])
    expect(args.at(-1)).toBe('--to=2026-03-01T00:00:00Z')
  })

  it('carry the confirmation for the instants as they stand there, so that the run takes it', async () => {
    const args = await argsOf(FROM_CLUSTER, ...MONTH, '--resend', 'all', '--confirm', '2026-02-01/2026-03-01')
    expect(args.slice(-2)).toEqual(['--resend=all', '--confirm=2026-02-01T00:00:00Z/2026-03-01T00:00:00Z'])
  })

  it('are taken by run itself', async () => {
    const [, ...args] = await argsOf(
      FROM_CLUSTER,
      ...MONTH,
      '--resend',
      'all',
      '--confirm',
      '2026-02-01/2026-03-01',
    )
    const ours = args.filter(
      (word, i) => !word.startsWith('--metrics') && !args[i - 1]?.startsWith('--metrics'),
    )
    const { code, stderr } = await runCli(['run', ...ours])
    // The flags are parsed before the configuration is read, which is not here.
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('/etc/adjust-s2s/adjust-s2s.yaml'),
    })
  })

  it('are found behind a command that names the program, and a sidecar is left as it is', async () => {
    const file = await changed([
      '- args:\n            - run\n            - --config',
      `- name: proxy
            image: proxy
            args: [serve]
          - command: [node, /app/bin/adjust-s2s.js, run]
            args:
            - --config`,
    ])
    const [proxy, program] = (await jobOf(file, ...MONTH)).spec.template.spec.containers
    expect(proxy).toEqual({ name: 'proxy', image: 'proxy', args: ['serve'] })
    expect(program.command).toEqual(['node', '/app/bin/adjust-s2s.js'])
    expect(program.args.slice(0, 3)).toEqual(['run', '--config', '/etc/adjust-s2s/adjust-s2s.yaml'])
  })

  it('are given by flags that run has, each with or without a value as there', () => {
    const run = createProgram(async () => {}).commands.find((command) => command.name() === 'run')!
    const known = Object.entries(KNOWN_FLAGS).map(([name, { takesValue }]) => ({ name, takesValue }))
    const ofRun = run.options
      .map((option) => ({ name: option.name(), takesValue: option.required }))
      .filter(({ name }) => name in KNOWN_FLAGS)
    expect(ofRun).toEqual(expect.arrayContaining(known))
    // All others stay as the CronJob has them. A new flag of run has to be put on one side.
    const others = run.options.map((option) => option.name()).filter((name) => !(name in KNOWN_FLAGS))
    expect(['shard', 'metrics-file', 'report']).toEqual(expect.arrayContaining(others))
  })
})
