import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { emptyFolder, runCli } from '../cli-process.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
export const FROM_CLUSTER = fileURLToPath(new URL('kubectl-get.yaml', import.meta.url))
export const OWN = path.join(ROOT, 'cron.yaml')
export const MONTH = ['--from', '2026-02-01', '--to', '2026-03-01']

// biome-ignore lint/suspicious/noExplicitAny: a manifest, whose shape is what is tested
export type Manifest = any

export async function jobOf(file: string, ...flags: string[]): Promise<Manifest> {
  const { code, stdout, stderr } = await runCli(['job-manifest', '--cronjob-file', file, ...flags])
  expect(stderr).not.toContain('error:')
  expect(code).toBe(0)
  return parse(stdout, { version: '1.1' })
}

/** The program's words in the Job. */
export async function argsOf(file: string, ...flags: string[]): Promise<string[]> {
  return (await jobOf(file, ...flags)).spec.template.spec.containers[0].args
}

/** The CronJob of the cluster with something replaced, as a file. */
export async function changed(...replacements: [string, string][]): Promise<string> {
  let text = await readFile(FROM_CLUSTER, 'utf8')
  for (const [what, by] of replacements) {
    expect(text).toContain(what)
    text = text.replace(what, by)
  }
  const file = path.join(await emptyFolder(), 'cronjob.yaml')
  await writeFile(file, text)
  return file
}

/** The error of a call that has to fail as usage. */
export async function refusalOf(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(['job-manifest', ...args])
  expect(code).toBe(2)
  expect(stdout).toBe('')
  return stderr
}

/** The command with something on its standard input. */
export async function piped(input: string, flags: string[]) {
  const child = spawn(process.execPath, [path.join(ROOT, 'src/main.ts'), 'job-manifest', ...flags], {
    cwd: await emptyFolder(),
    env: { PATH: process.env.PATH },
  })
  child.stdin.end(input)
  const [stdout, stderr, code] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ])
  return { code, stdout, stderr }
}
