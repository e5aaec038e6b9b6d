import { type Copy, DockerfileParser, type From, type Instruction, JSONInstruction } from 'dockerfile-ast'

/** One instruction, without flags in its words. */
export interface Step {
  line: number
  keyword: string
  /** All after the keyword, continued lines joined. */
  text: string
  words: string[]
  /** `["a", "b"]`; null for the other form. */
  exec: string[] | null
  /** COPY --from, --chown. */
  flags: Record<string, string>
}

export interface Stage {
  name: string
  line: number
  /** Another stage's name, or an image. */
  from: string
  isFromStage: boolean
  steps: Step[]
}

/** The stages of a Dockerfile in their order. Throws where there is none. */
export function readStages(text: string): Stage[] {
  const stages: Stage[] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') stages.push(stageOf(instruction as From, stages))
    else stages.at(-1)?.steps.push(stepOf(instruction))
  }
  if (stages.length === 0) throw new Error('The Dockerfile has no FROM.')
  return stages
}

function stageOf(from: From, before: readonly Stage[]): Stage {
  const image = from.getImage() ?? ''
  return {
    name: from.getBuildStage() ?? String(before.length),
    line: lineOf(from),
    from: image,
    isFromStage: before.some(({ name }) => name === image),
    steps: [],
  }
}

function stepOf(instruction: Instruction): Step {
  const json = instruction instanceof JSONInstruction ? instruction : null
  const isExec = json?.getOpeningBracket() != null
  return {
    line: lineOf(instruction),
    keyword: instruction.getKeyword(),
    text: instruction.getArgumentsContent() ?? '',
    words: instruction.getArguments().map((argument) => argument.getValue()),
    exec: isExec ? (json?.getJSONStrings().map((part) => part.getJSONValue()) ?? []) : null,
    flags: flagsOf(instruction),
  }
}

function flagsOf(instruction: Instruction): Record<string, string> {
  if (instruction.getKeyword() !== 'COPY') return {}
  const flags = (instruction as Copy).getFlags()
  return Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? '']))
}

function lineOf(instruction: Instruction): number {
  return instruction.getRange().start.line + 1
}

/** A stage and all that it is made from, the first one first. */
export function lineageOf(stages: readonly Stage[], name: string): Stage[] {
  const stage = stages.find((candidate) => candidate.name === name)
  if (stage === undefined) throw new Error(`The Dockerfile has no stage ${name}.`)
  return stage.isFromStage ? [...lineageOf(stages, stage.from), stage] : [stage]
}

/** The last instruction of a kind that a target has, its own or inherited. */
export function lastOf(stages: readonly Stage[], target: string, keyword: string): Step | undefined {
  return lineageOf(stages, target)
    .flatMap(({ steps }) => steps)
    .findLast((step) => step.keyword === keyword)
}
