import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { contextOf } from '../../tools/container/context.ts'
import { readStages } from '../../tools/container/dockerfile.ts'
import { findingsIn } from '../../tools/container/rules.ts'
import { folderOf } from './support.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const DIGEST = `sha256:${'ab12'.repeat(16)}`
const GOOD = `FROM node:26.10.0-slim@${DIGEST} AS build
WORKDIR /app
COPY package.json ./
COPY src/ src/
RUN npm ci \\
  && rm -r cache

FROM example.org/base/node:nonroot@${DIGEST} AS image
COPY --from=build /app /app
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/app/main.js"]
CMD ["--help"]
`
const root = folderOf({ 'package.json': '{}', 'src/main.ts': '', 'secret.txt': '' })

/** What is found where something of the good Dockerfile is replaced. */
function findingsOf(what = '', by = '', targets = ['image']): string[] {
  expect(GOOD).toContain(what)
  const stages = readStages(GOOD.replace(what, by))
  const context = contextOf('*\n!package.json\n!src\n**/*.duckdb')
  return findingsIn(stages, targets, { root, context }).map(({ line, message }) => `${line}: ${message}`)
}

describe('the rules for a Dockerfile', () => {
  it('find nothing in a good one', () => {
    expect(findingsOf()).toEqual([])
  })

  it.each([
    ['an image without a digest', `slim@${DIGEST}`, 'slim', '1: node:26.10.0-slim is not pinned by a digest'],
    ['a digest that is cut', DIGEST, DIGEST.slice(0, -1), 'is not pinned by a digest'],
    ['latest', '26.10.0-slim', 'latest', 'has no tag that says what its digest is'],
    ['no tag', ':26.10.0-slim', '', 'has no tag that says what its digest is'],
    ['root', 'USER 65532:65532', '', '8: image runs as root'],
    ['root by number', '65532:65532', '0', 'image runs as 0'],
    ["root's group", '65532:65532', '65532:0', 'image runs as 65532:0'],
    ['a user by name', '65532:65532', 'nonroot', 'image runs as nonroot'],
    ['root again after the user', 'CMD', 'USER root\nCMD', 'image runs as root'],
    [
      'a shell as entry point',
      '["/nodejs/bin/node", "/app/main.js"]',
      'node /app/main.js',
      '11: image has no ENTRYPOINT in the form',
    ],
    ['a shell as CMD', '["--help"]', '--help', '12: image has no CMD in the form'],
    ['ADD', 'COPY src/', 'ADD src/', '4: ADD unpacks and downloads'],
    ['a file that is not there', 'package.json ./', 'pakage.json ./', '3: COPY pakage.json: it is not there'],
    [
      'a file that .dockerignore keeps back',
      'package.json ./',
      'secret.txt ./',
      '3: COPY secret.txt: it is not there, or .dockerignore',
    ],
    [
      'a stage that is not there',
      '--from=build',
      '--from=built',
      '9: COPY --from=built names no stage above',
    ],
    ['a step that cannot be tried out', 'rm -r cache', 'rm -r /root/.npm', '5: RUN names an absolute path'],
  ])('find %s', (_what, what, by, message) => {
    expect(findingsOf(what, by).join('\n')).toContain(message)
  })

  it('find that another stage than the first target is the last one', () => {
    expect(findingsOf('', '', ['build', 'image']).join('\n')).toContain('docker build would make image')
  })

  it('look for the user in the stages that a target is made from', () => {
    expect(findingsOf('CMD ["--help"]\n', 'CMD ["--help"]\nFROM image AS demo\n', ['demo'])).toEqual([])
  })
})

describe("the project's own Dockerfile", () => {
  it('keeps them', () => {
    const [dockerfile, dockerignore] = ['Dockerfile', '.dockerignore'].map((file) =>
      readFileSync(path.join(ROOT, file), 'utf8'),
    )
    const source = { root: ROOT, context: contextOf(dockerignore!) }
    expect(findingsIn(readStages(dockerfile!), ['cloud', 'demo'], source)).toEqual([])
  })

  it('has in its context what the program is made of, and no more', () => {
    const context = contextOf(readFileSync(path.join(ROOT, '.dockerignore'), 'utf8'))
    for (const file of [
      'package.json',
      'package-lock.json',
      '.npmrc',
      'src/cli/run.ts',
      'sql/extract.sql',
      'bin/adjust-s2s.js',
    ])
      expect({ file, isIn: context(file) }).toEqual({ file, isIn: true })
    for (const file of [
      '.env',
      '.git/config',
      'node_modules/yaml/package.json',
      'token',
      'adjust-s2s.yaml',
      'test/a.ts',
      'src/.adjust-s2s/journal',
      'src/warehouse.duckdb',
      '.demo/warehouse.duckdb',
      'tools/container/check.ts',
    ])
      expect({ file, isIn: context(file) }).toEqual({ file, isIn: false })
  })

  it('runs the program by the words that cron.yaml counts on', () => {
    const stages = readStages(readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8'))
    const steps = stages.find(({ name }) => name === 'base')!.steps
    expect(steps.find(({ keyword }) => keyword === 'ENTRYPOINT')?.exec).toEqual([
      '/nodejs/bin/node',
      '/app/bin/adjust-s2s.js',
    ])
  })
})
