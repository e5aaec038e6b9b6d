import { execFileSync } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { lastOf, lineageOf, type Stage, type Step } from './dockerfile.ts'
import { sourcesOf } from './rules.ts'

/** What a target's steps have made: its files below `root`, as they would lie in the image. */
export interface Image {
  root: string
  workdir: string
  env: Record<string, string>
  user: number
  entrypoint: string[]
  cmd: string[]
}

/**
 * Makes targets without a container engine: each stage is a folder, COPY copies, and RUN runs its command there. What a base image brings is
 * not there; RUN finds the Node, npm and shell of this machine.
 */
export class Builder {
  readonly #stages: readonly Stage[]
  readonly #context: string
  readonly #folder: string
  readonly #say: (text: string) => void
  readonly #made = new Map<string, { workdir: string; env: Record<string, string> }>()

  /** @param folders `context` holds what gets through .dockerignore; stages are made below `work`. */
  constructor(
    stages: readonly Stage[],
    folders: { context: string; work: string },
    say: (text: string) => void,
  ) {
    this.#stages = stages
    this.#context = folders.context
    this.#folder = folders.work
    this.#say = say
  }

  /** Runs the steps of a target and of all that it copies from. Throws where one of them fails. */
  make(target: string): Image {
    const { workdir, env } = this.#makeStage(target)
    return {
      root: this.#rootOf(target),
      workdir,
      env,
      user: Number(lastOf(this.#stages, target, 'USER')?.text.split(':')[0] ?? 0),
      entrypoint: lastOf(this.#stages, target, 'ENTRYPOINT')?.exec ?? [],
      cmd: lastOf(this.#stages, target, 'CMD')?.exec ?? [],
    }
  }

  #rootOf(stage: string): string {
    return path.join(this.#folder, stage)
  }

  #makeStage(name: string): { workdir: string; env: Record<string, string> } {
    const before = this.#made.get(name)
    if (before !== undefined) return before
    const stage = lineageOf(this.#stages, name).at(-1)!
    const state = stage.isFromStage ? structuredClone(this.#makeStage(stage.from)) : { workdir: '/', env: {} }
    if (stage.isFromStage) cpSync(this.#rootOf(stage.from), this.#rootOf(name), COPY_AS_IS)
    mkdirSync(this.#rootOf(name), { recursive: true })
    for (const step of stage.steps) this.#perform(step, name, state)
    this.#made.set(name, state)
    return state
  }

  #perform(step: Step, stage: string, state: { workdir: string; env: Record<string, string> }): void {
    const here = (file: string) => path.join(this.#rootOf(stage), path.resolve(state.workdir, file))
    switch (step.keyword) {
      case 'WORKDIR':
        state.workdir = path.resolve(state.workdir, step.text)
        mkdirSync(here('.'), { recursive: true })
        return
      case 'ENV':
        for (const word of step.words) state.env[word.split('=')[0]!] = word.slice(word.indexOf('=') + 1)
        return
      case 'COPY':
        this.#copy(step, here)
        return
      case 'RUN':
        this.#say(`${stage}: ${step.text.replace(/\s+/g, ' ')}`)
        execFileSync('sh', ['-c', step.text], {
          cwd: here('.'),
          env: { ...process.env, ...state.env },
          stdio: ['ignore', 'ignore', 'inherit'],
        })
    }
  }

  #copy(step: Step, here: (file: string) => string): void {
    const { from, chown } = step.flags
    if (from !== undefined) this.#makeStage(from)
    const sources = sourcesOf(step)
    const to = (step.exec ?? step.words).at(-1)!
    for (const file of sources) {
      const source = path.join(from === undefined ? this.#context : this.#rootOf(from), file)
      // A folder's content is copied, not the folder; a file goes into a folder that is named with a slash.
      const isInto = !statSync(source).isDirectory() && (to.endsWith('/') || sources.length > 1)
      const target = isInto ? path.join(here(to), path.basename(file)) : here(to)
      const isNew = !existsSync(target)
      cpSync(source, target, COPY_AS_IS)
      if (isNew && chown !== undefined && isRoot()) chownSync(target, ...ownerOf(chown))
    }
  }
}

const COPY_AS_IS = { recursive: true, verbatimSymlinks: true, preserveTimestamps: true } as const

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

function ownerOf(chown: string): [number, number] {
  const [user, group] = chown.split(':').map(Number)
  return [user!, group ?? user!]
}
