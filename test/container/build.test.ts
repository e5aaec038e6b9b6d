import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { Builder, type Image } from '../../tools/container/build.ts'
import { copyContext } from '../../tools/container/context.ts'
import { readStages } from '../../tools/container/dockerfile.ts'
import { Trial } from '../../tools/container/trial.ts'
import { folderOf } from './support.ts'

const FILES = {
  '.dockerignore': '*\n!package.json\n!src\n**/*.duckdb',
  'package.json': '{"type":"module"}',
  'src/main.js':
    'console.log(process.cwd().endsWith("/work"), process.argv.slice(2).join(" "), process.env.MODE, process.env.HOME)',
  'src/deep/a.txt': 'a',
  'src/shop.duckdb': 'not for an image',
  'token.txt': 'not for an image',
}
const DOCKERFILE = `FROM node:1@sha256:0 AS build
WORKDIR /app
ENV MODE=production OTHER=x
COPY package.json ./
COPY src/ src/
RUN echo "$MODE" > mode.txt && mkdir folder

FROM base:1@sha256:0 AS image
ENV MODE=quick
COPY --from=build /app/src /app/src
COPY --from=build /app/package.json /app/mode.txt /app/
COPY --from=build --chown=65532:65532 /app/folder /work
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/app/src/main.js"]
CMD ["by", "itself"]
`

function make(dockerfile = DOCKERFILE): { image: Image; folder: string; said: string[] } {
  const folder = folderOf({})
  chmodSync(folder, 0o755)
  const [context, work] = [path.join(folder, 'context'), path.join(folder, 'work')]
  for (const made of [context, work]) mkdirSync(made)
  copyContext(folderOf(FILES), context)
  const said: string[] = []
  const builder = new Builder(readStages(dockerfile), { context, work }, (text) => said.push(text))
  return { image: builder.make('image'), folder, said }
}

describe('an image that is made without docker', () => {
  it('has the files that its steps put there, from the context and from other stages', () => {
    const { root } = make().image
    expect(readdirSync(root).sort()).toEqual(['app', 'work'])
    expect(readdirSync(path.join(root, 'app')).sort()).toEqual(['mode.txt', 'package.json', 'src'])
    expect(readFileSync(path.join(root, 'app/mode.txt'), 'utf8')).toBe('production\n')
    expect(readFileSync(path.join(root, 'app/src/deep/a.txt'), 'utf8')).toBe('a')
  })

  it('has nothing that .dockerignore keeps back', () => {
    const { root } = make().image
    expect(existsSync(path.join(root, 'app/src/shop.duckdb'))).toBe(false)
    expect(existsSync(path.join(root, 'app/token.txt'))).toBe(false)
  })

  it('starts as the image would: entry point, CMD, environment, folder and user', () => {
    const { image, folder } = make()
    const trial = new Trial(image, folder)
    expect(image.user).toBe(65_532)
    expect(trial.run()).toEqual({ code: 0, stdout: 'true by itself quick undefined\n', stderr: '' })
    expect(trial.run(['with', 'words']).stdout).toBe('true with words quick undefined\n')
  })

  it('gives a folder to the user that it is copied for', () => {
    const { root } = make().image
    const owner = process.getuid?.() === 0 ? 65_532 : process.getuid?.()
    expect(statSync(path.join(root, 'work')).uid).toBe(owner)
  })

  it('is not made where a step fails', () => {
    expect(() => make(DOCKERFILE.replace('mkdir folder', 'false'))).toThrow('sh -c')
  })

  it('is made of the stages that it needs, each once, saying what it runs', () => {
    expect(make().said).toEqual(['build: echo "$MODE" > mode.txt && mkdir folder'])
  })
})
