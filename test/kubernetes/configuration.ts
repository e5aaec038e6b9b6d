import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import { container, objectOf } from './manifests.ts'

export const TOKEN = 'token-of-the-secret'

/** What the program reads in the pod, with the ConfigMap and the secret in folders of this machine instead of those that are mounted. */
export async function configInPod(): Promise<{ config: Config; folder: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'adjust-s2s-kubernetes-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const files = { ...objectOf('cron.yaml', 'ConfigMap').data, token: TOKEN }
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  const env = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))
  const token = path.join(folder, path.basename(env.ADJUST_S2S_TOKEN_FILE ?? ''))
  const file = path.join(folder, path.basename(flagValue('--config')))
  return { config: await loadConfig({ path: file, env: { ...env, ADJUST_S2S_TOKEN_FILE: token } }), folder }
}

/** What follows a flag in the container's arguments. */
export function flagValue(flag: string): string {
  const value = container.args[container.args.indexOf(flag) + 1]
  if (!container.args.includes(flag) || value === undefined)
    throw new Error(`${flag} is not among the arguments`)
  return value
}
