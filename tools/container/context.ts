import { cpSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import dockerignore from '@balena/dockerignore'

// Its types speak of a default export, and it is a CommonJS module that exports the function itself.
const createIgnore = dockerignore as unknown as typeof dockerignore.default

/** Which paths of a folder, relative to it, `docker build` sends along. */
export type Context = (file: string) => boolean

/** Reads `.dockerignore`. The folder itself is always there. */
export function contextOf(dockerignoreText: string): Context {
  const ignored = createIgnore().add(dockerignoreText.split('\n'))
  return (file) => file === '' || !ignored.ignores(file)
}

/** Whether a path, or something below it, gets through. */
export function reaches(root: string, context: Context, file: string): boolean {
  const below = listFiles(root, file)
  return below.some((found) => context(found))
}

/** Copies what gets through, and nothing else. */
export function copyContext(root: string, target: string): void {
  const context = contextOf(readFileSync(path.join(root, '.dockerignore'), 'utf8'))
  for (const file of topLevel(root).flatMap((name) => listFiles(root, name))) {
    if (context(file)) cpSync(path.join(root, file), path.join(target, file), { recursive: true })
  }
}

/** Large, and never sent. */
const SKIPPED = new Set(['node_modules', '.git'])

function topLevel(root: string): string[] {
  return readdirSync(root).filter((name) => !SKIPPED.has(name))
}

function listFiles(root: string, file: string): string[] {
  try {
    return readdirSync(path.join(root, file), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes('node_modules'))
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [file]
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
