import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Config, type Environment, loadConfig } from '../../src/config.ts'
import { TerminalError } from '../../src/domain/errors.ts'

export const REQUIRED = 'warehouse: { type: duckdb, path: warehouse.duckdb }\nsource: sql/transactions.sql\n'

/** A fresh folder with these files in it. */
export async function folderWith(files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'adjust-s2s-config-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), text)
  }
  return folder
}

/** Loads `adjust-s2s.yaml` with this text, from a folder of its own. */
export async function load(yaml: string, env: Environment = {}): Promise<Config> {
  return loadConfig({ env, workingDirectory: await folderWith({ 'adjust-s2s.yaml': yaml }) })
}

/** The error that an attempt ends in, which has to be one that speaks to the user. */
export async function errorOf(attempt: Promise<unknown>): Promise<TerminalError> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof TerminalError) return error
  throw new Error(`a TerminalError was expected, not ${String(error)}`, { cause: error })
}
