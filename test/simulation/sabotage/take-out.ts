import { registerHooks } from 'node:module'
import { GUARDS } from './guards.ts'

const SRC = new URL('../../../src/', import.meta.url)

/** Lets this thread load the program without one of its guards. Has to be called before any of `src` is loaded. */
export function takeOut(name: string): void {
  const guard = GUARDS.find((one) => one.name === name)
  if (guard === undefined)
    throw new Error(`no guard is called ${name}: ${GUARDS.map((one) => one.name).join(', ')}`)
  const target = new URL(guard.file, SRC).href
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (url !== target) return loaded
      return { ...loaded, source: without(String(loaded.source), guard) }
    },
  })
}

/** The text of a file without the guard. Throws when the place is not there exactly once: the list is then out of date. */
export function without(source: string, { name, file, from, to }: (typeof GUARDS)[number]): string {
  if (source.split(from).length !== 2)
    throw new Error(`src/${file} has no longer the one place of the guard "${name}"`)
  return source.replace(from, () => to)
}
