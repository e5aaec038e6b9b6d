import type { Context } from './context.ts'
import { reaches } from './context.ts'
import { lastOf, lineageOf, type Stage, type Step } from './dockerfile.ts'

/** What is wrong, and where. */
export interface Finding {
  line: number
  message: string
}

/** The folder that is sent along. */
export interface Source {
  root: string
  context: Context
}

const DIGEST = /@sha256:[0-9a-f]{64}$/

/** What these targets break of our rules. Stages that are no target only feed them, and may run as root. */
export function findingsIn(stages: readonly Stage[], targets: readonly string[], source: Source): Finding[] {
  return [
    ...stages.flatMap((stage) => [
      ...imageFindings(stage),
      ...copyFindings(stage, stages, source),
      ...runFindings(stage),
    ]),
    ...targets.flatMap((target) => targetFindings(stages, target)),
    ...lastStageFindings(stages, targets),
  ].sort((a, b) => a.line - b.line)
}

function imageFindings({ from, isFromStage, line }: Stage): Finding[] {
  if (isFromStage) return []
  const [name = ''] = from.slice(from.lastIndexOf('/') + 1).split('@')
  const tag = name.split(':')[1]
  return [
    ...(DIGEST.test(from) ? [] : [{ line, message: `${from} is not pinned by a digest (@sha256:…)` }]),
    ...(tag === undefined || tag === 'latest'
      ? [{ line, message: `${from} has no tag that says what its digest is` }]
      : []),
  ]
}

function copyFindings(stage: Stage, stages: readonly Stage[], { root, context }: Source): Finding[] {
  return stage.steps.flatMap((step): Finding[] => {
    const { keyword, line, flags } = step
    if (keyword === 'ADD') return [{ line, message: 'ADD unpacks and downloads: COPY says what is meant' }]
    if (keyword !== 'COPY') return []
    if (flags.from !== undefined)
      return stages.some(({ name, line: at }) => name === flags.from && at < line)
        ? []
        : [{ line, message: `COPY --from=${flags.from} names no stage above` }]
    return sourcesOf(step)
      .filter((file) => !reaches(root, context, file.replace(/\/+$/, '')))
      .map((file) => ({ line, message: `COPY ${file}: it is not there, or .dockerignore keeps it back` }))
  })
}

/** All words of a COPY but the last. */
export function sourcesOf({ exec, words }: Step): string[] {
  return (exec ?? words).slice(0, -1)
}

/** The steps are run in a copy by `build.ts`, which can only be done to paths below the working directory. */
function runFindings({ steps }: Stage): Finding[] {
  return steps
    .filter(({ keyword, text }) => keyword === 'RUN' && /(^|[\s=<>"'])\/\w/.test(text))
    .map(({ line }) => ({ line, message: 'RUN names an absolute path, so the check cannot try it out' }))
}

function targetFindings(stages: readonly Stage[], target: string): Finding[] {
  const line = lineageOf(stages, target).at(-1)?.line ?? 0
  const user = lastOf(stages, target, 'USER')?.text ?? ''
  const findings: Finding[] = []
  // Kubernetes' runAsNonRoot refuses an image whose user is a name.
  if (!/^[1-9]\d*(:[1-9]\d*)?$/.test(user))
    findings.push({
      line,
      message: `${target} runs as ${user || 'root'}: USER has to be a number other than 0`,
    })
  for (const keyword of ['ENTRYPOINT', 'CMD']) {
    const step = lastOf(stages, target, keyword)
    // The other form starts a shell, which does not pass SIGTERM on, and is not there.
    if (step === undefined || step.exec === null)
      findings.push({ line: step?.line ?? line, message: `${target} has no ${keyword} in the form ["…"]` })
  }
  return findings
}

function lastStageFindings(stages: readonly Stage[], targets: readonly string[]): Finding[] {
  const last = stages.at(-1)
  const [byDefault] = targets
  return last === undefined || last.name === byDefault
    ? []
    : [
        {
          line: last.line,
          message: `docker build would make ${last.name}: ${byDefault} has to be the last stage`,
        },
      ]
}
