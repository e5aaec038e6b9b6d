import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { changed, FROM_CLUSTER, MONTH, piped, refusalOf } from './support.ts'

describe('what is refused', () => {
  it.each([
    [['--from', '2026-03-01', '--to', '2026-02-01'], 'the window would be empty'],
    [['--from', 'yesterday'], '--from yesterday: that is neither a date nor an instant.'],
    [[...MONTH, '--resend', 'all'], '--confirm "2026-02-01/2026-03-01"'],
    [[...MONTH, '--resend', 'all', '--confirm', '2026-02-01/2026-02-02'], 'is for another window'],
    [['--deadline', '12'], '--deadline 12: that is no time'],
    [['--deadline', '91d'], '--deadline 91d: that is no time'],
    [['--config', 'a.yaml'], '--config a.yaml: job-manifest reads no configuration.'],
    [['--shard', '0/2'], "Unknown option '--shard'"],
  ])('%j, as run would, before the CronJob is read', async (flags, message) => {
    expect(await refusalOf('--cronjob-file', FROM_CLUSTER, ...flags)).toContain(message)
  })

  it('a token in plain text, which is not printed', async () => {
    const file = await changed([
      'valueFrom:\n                secretKeyRef:\n                  key: token\n                  name: adjust-s2s',
      'value: very-secret',
    ])
    const stderr = await refusalOf('--cronjob-file', file)
    expect(stderr).toContain('container adjust-s2s: ADJUST_S2S_TOKEN stands there in plain text')
    expect(stderr).toContain('secretKeyRef')
    expect(stderr).not.toContain('very-secret')
  })

  it.each(['http://ana:very-secret@proxy:3128', 'http://ana:very-secret@[broken'])(
    'a password in an address, %s, whatever its variable is called',
    async (address) => {
      const file = await changed([
        'valueFrom:\n                secretKeyRef:\n                  key: token\n                  name: adjust-s2s',
        `value: token\n            - name: HTTPS_PROXY\n              value: "${address}"`,
      ])
      const text = (await readFile(file, 'utf8')).replace('name: ADJUST_S2S_TOKEN', 'name: GREETING')
      await writeFile(file, text)
      const stderr = await refusalOf('--cronjob-file', file)
      expect(stderr).toContain('HTTPS_PROXY stands there in plain text')
      expect(stderr).not.toContain('very-secret')
    },
  )

  it.each([
    ['a shell', 'command: [sh, -c, "adjust-s2s run"]', 'a shell runs the program'],
    [
      'another program',
      'command: [/usr/bin/python3, main.py]',
      'its command, /usr/bin/python3 main.py, is not adjust-s2s',
    ],
    ['another command of it', 'args: [plan]', 'its args, plan, do not say run'],
    ['no words at all', 'args: []', 'its args, none, do not say run'],
    ['words that are numbers', 'args: [run, 5]', 'are not lists of text'],
  ])('a container that runs %s', async (_what, words, message) => {
    const file = await changed([
      '- args:\n            - run\n            - --config\n            - /etc/adjust-s2s/adjust-s2s.yaml\n            - --max-rejected\n            - 0.5%\n            - --limit=20000\n            - --metrics-file\n            - /metrics/adjust-s2s.prom',
      `- ${words}`,
    ])
    expect(await refusalOf('--cronjob-file', file)).toContain(message)
  })

  it.each([
    [
      'no CronJob',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\n',
      'has no CronJob, only ConfigMap settings.',
    ],
    [
      'two CronJobs',
      'kind: CronJob\nmetadata: { name: one }\n---\nkind: CronJob\nmetadata: { name: two }\n',
      'has 2 CronJobs: one, two.',
    ],
    ['nothing', '\n', 'Standard input is empty'],
    ['no YAML', 'a: [1\n', 'is neither YAML nor JSON'],
    ['an error of kubectl', 'Error from server (NotFound)', 'has no CronJob, no Kubernetes object.'],
    [
      'a CronJob without a template',
      'kind: CronJob\nmetadata: { name: one }\n',
      'has a CronJob without spec.jobTemplate',
    ],
  ])('input with %s', async (_what, input, message) => {
    const { code, stdout, stderr } = await piped(input, MONTH)
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain(message)
    expect(stderr).toContain('kubectl get cronjob')
  })

  it('a file that is not there', async () => {
    expect(await refusalOf('--cronjob-file', 'nowhere.yaml')).toContain(
      '--cronjob-file nowhere.yaml cannot be read',
    )
  })
})
