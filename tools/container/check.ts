// `npm run check:container`: holds the Dockerfile against its rules, and makes each image in a clean folder and tries it out, without docker.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { styleText } from 'node:util'
import { Builder, type Image, isRoot } from './build.ts'
import { contextOf, copyContext } from './context.ts'
import { readStages } from './dockerfile.ts'
import { findingsIn } from './rules.ts'
import { Trial } from './trial.ts'
import { cloudTrials, commonTrials, demoTrials, type Outcome } from './trials.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
/** The first one is what `docker build` makes. */
const TARGETS = ['cloud', 'demo'] as const

const say = (text: string) => process.stdout.write(`${text}\n`)

function show({ what, fault }: Outcome): boolean {
  say(
    fault === null
      ? `${styleText('green', 'ok')}      ${what}`
      : `${styleText('red', 'failed')}  ${what}\n${fault}`,
  )
  return fault === null
}

function checkRules(dockerfile: string, dockerignore: string): boolean {
  const source = { root: ROOT, context: contextOf(dockerignore) }
  const findings = findingsIn(readStages(dockerfile), TARGETS, source)
  const text = findings.map(({ line, message }) => `  Dockerfile:${line}: ${message}`).join('\n')
  return show({ what: 'the Dockerfile keeps our rules', fault: findings.length === 0 ? null : text })
}

/** Haskell's own check knows more; it is not in npm, so it only runs where somebody has installed it. */
function checkHadolint(): boolean {
  const { error, status, stdout } = spawnSync('hadolint', ['--no-color', 'Dockerfile'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (error === undefined)
    return show({ what: 'hadolint has nothing to say', fault: status === 0 ? null : stdout })
  say('skipped hadolint: pip install --require-hashes -r tools/container/requirements.txt')
  return true
}

/** As one layer of the image: what lies on a node's disk, and what is pulled. */
function sizeText({ root }: Image): string {
  const bytesOf = (command: string) =>
    Number(execFileSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' }))
  const [disk, pulled] = ['tar -c app | wc -c', 'tar -c app | gzip | wc -c'].map(bytesOf)
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return `/app: ${megabytes(disk!)}, ${megabytes(pulled!)} compressed; the base image comes on top`
}

/** A user who is not root owns the files, so the rights have to say what the owner says in the image. */
function protect(image: Image): void {
  if (!isRoot()) execFileSync('chmod', ['-R', 'a-w', path.join(image.root, 'app')])
}

function checkTarget(builder: Builder, target: (typeof TARGETS)[number], folder: string): boolean {
  say(`\n${styleText('bold', target)}`)
  const image = builder.make(target)
  protect(image)
  const trial = new Trial(image, folder)
  const own = target === 'cloud' ? cloudTrials : demoTrials
  const isRight = [...commonTrials(image, trial), ...own(image, trial)].map(show).every(Boolean)
  say(sizeText(image))
  return isRight
}

function main(): boolean {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'adjust-s2s-image-'))
  const [context, work] = ['context', 'work'].map((name) => path.join(folder, name))
  try {
    const dockerfile = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8')
    const isWellFormed = [
      checkRules(dockerfile, readFileSync(path.join(ROOT, '.dockerignore'), 'utf8')),
      checkHadolint(),
    ]
    for (const made of [context!, work!]) mkdirSync(made)
    copyContext(ROOT, context!)
    // A checkout made under umask 077: what root alone may read, the image's user may not.
    execFileSync('chmod', ['-R', 'go-rwx', context!])
    // The image's user has to get to its files.
    execFileSync('chmod', ['755', folder, work!])
    const builder = new Builder(readStages(dockerfile), { context: context!, work: work! }, say)
    const areRight = TARGETS.map((target) => checkTarget(builder, target, folder))
    return [...isWellFormed, ...areRight].every(Boolean)
  } finally {
    if (!isRoot()) execFileSync('chmod', ['-R', 'u+w', folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = main() ? 0 : 1
