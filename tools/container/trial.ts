import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Image, isRoot } from './build.ts'

export interface Result {
  code: number | null
  stdout: string
  stderr: string
}

/** Where distroless has its Node. */
const NODE = '/nodejs/bin/node'

/**
 * Starts an image's program as the image would: its entry point, user, environment and working directory, all files in the place where the
 * steps have put them, below `root`. Only root can become the image's user; others start it as themselves.
 */
export class Trial {
  readonly #image: Image
  readonly #node: string
  readonly #tmp: string

  /** `tmp` is a folder that everybody may read. */
  constructor(image: Image, tmp: string) {
    this.#image = image
    this.#tmp = tmp
    // This machine's Node may lie in a folder that is root's alone.
    this.#node = path.join(mkdtempSync(path.join(tmp, 'node-')), 'node')
    copyFileSync(process.execPath, this.#node)
    spawnSync('chmod', ['755', path.dirname(this.#node), this.#node])
  }

  /** The program with these words, or with the image's own CMD. */
  run(
    words: readonly string[] = this.#image.cmd,
    { env = {} }: { env?: Record<string, string> } = {},
  ): Result {
    const [command, ...first] = this.#image.entrypoint.map((word) => this.#placeOf(word))
    return this.#start(command!, [...first, ...words], env)
  }

  /** A script by the image's Node, in its working directory. */
  script(source: string): Result {
    return this.#start(this.#node, ['--input-type=module', '-e', source], {})
  }

  /** A file for the program to read. */
  file(name: string, text: string): string {
    const file = path.join(mkdtempSync(path.join(this.#tmp, 'file-')), name)
    writeFileSync(file, text)
    spawnSync('chmod', ['-R', 'a+rX', path.dirname(file)])
    return file
  }

  #placeOf(word: string): string {
    if (word === NODE) return this.#node
    return path.isAbsolute(word) ? path.join(this.#image.root, word) : word
  }

  #start(command: string, args: string[], env: Record<string, string>): Result {
    const { root, workdir, user } = this.#image
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: path.join(root, workdir),
      // Nothing of this machine's environment; no PATH, for the image has no other programs.
      env: { ...this.#image.env, ...env },
      encoding: 'utf8',
      timeout: 120_000,
      ...(isRoot() ? { uid: user, gid: user } : {}),
    })
    if (error !== undefined) throw error
    return { code: status, stdout, stderr }
  }
}
