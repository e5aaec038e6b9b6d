import { parseAllDocuments, stringify } from 'yaml'
import { TerminalError } from '../domain/errors.ts'

/** A part of a manifest, as JSON has it. */
export interface Mapping {
  [key: string]: unknown
}

/** The CronJob of a cluster or of a file: what a Job is made of, and no more. */
export interface CronJob {
  name: string
  /** null where the manifest leaves it to kubectl. */
  namespace: string | null
  isSuspended: boolean
  jobTemplate: Mapping
}

const HOW = 'kubectl get cronjob NAME -o yaml prints one; --cronjob-file FILE reads it from a file.'

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The mapping under a key; an empty one where there is none. */
export function mappingIn(mapping: Mapping, key: string): Mapping {
  const value = mapping[key]
  return isMapping(value) ? value : {}
}

/** A copy without a key, or without several. */
export function without(mapping: Mapping, ...keys: string[]): Mapping {
  return Object.fromEntries(Object.entries(mapping).filter(([key]) => !keys.includes(key)))
}

/**
 * The one CronJob in YAML (one document or several) or JSON, a List included. `origin` names the text in messages.
 *
 * @throws TerminalError where it cannot be read, or has no CronJob or more than one.
 */
export function findCronJob(text: string, origin: string): CronJob {
  if (text.trim() === '')
    throw new TerminalError(`${origin} is empty: there is no CronJob in it.`, { hint: HOW })
  const objects = parseManifests(text, origin)
  const cronJobs = objects.filter(({ kind }) => kind === 'CronJob')
  const [found, ...others] = cronJobs
  if (found === undefined) throw noCronJob(objects, origin)
  if (others.length === 0) return cronJobOf(found, origin)
  throw new TerminalError(`${origin} has ${cronJobs.length} CronJobs: ${cronJobs.map(nameOf).join(', ')}.`, {
    hint: `Give the one that is to be run again: kubectl get cronjob ${nameOf(found)} -o yaml`,
  })
}

/** YAML that kubectl reads as it is meant. */
export function manifestYaml(object: Mapping): string {
  return stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })
}

/**
 * kubectl reads YAML 1.1, where `defaultMode: 0440` is octal and `yes` is true, but keeps dates and `1:30` as text. Read otherwise, a Job
 * would get other file modes than the CronJob.
 */
function parseManifests(text: string, origin: string): Mapping[] {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isTimeTag(tag)),
  })
  const [fault] = documents.flatMap(({ errors }) => errors)
  if (fault !== undefined)
    throw new TerminalError(`${origin} is neither YAML nor JSON: ${fault.message.split('\n')[0]}`, {
      hint: HOW,
    })
  return documents.map((document) => document.toJS() as unknown).flatMap(objectsIn)
}

function isTimeTag({ tag, format }: { tag: string; format?: string | undefined }): boolean {
  return tag === 'tag:yaml.org,2002:timestamp' || format === 'TIME'
}

/** `kubectl get` prints several objects as one List. */
function objectsIn(value: unknown): Mapping[] {
  if (!isMapping(value)) return []
  const { kind, items } = value
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)
    ? items.flatMap(objectsIn)
    : [value]
}

function nameOf(object: Mapping): string {
  const { name } = mappingIn(object, 'metadata')
  return typeof name === 'string' ? name : 'one without a name'
}

function noCronJob(objects: readonly Mapping[], origin: string): TerminalError {
  const there = objects.map(
    (object) => `${String(object.kind ?? 'something without a kind')} ${nameOf(object)}`,
  )
  const found = there.length === 0 ? 'no Kubernetes object' : `only ${there.join(', ')}`
  return new TerminalError(`${origin} has no CronJob, ${found}.`, { hint: HOW })
}

function cronJobOf(object: Mapping, origin: string): CronJob {
  const { name, namespace } = mappingIn(object, 'metadata')
  const spec = mappingIn(object, 'spec')
  const { jobTemplate, suspend } = spec
  if (typeof name !== 'string' || name === '' || !isMapping(jobTemplate))
    throw new TerminalError(
      `${origin} has a CronJob without ${isMapping(jobTemplate) ? 'metadata.name' : 'spec.jobTemplate'}.`,
      {
        hint: HOW,
      },
    )
  return {
    name,
    namespace: typeof namespace === 'string' ? namespace : null,
    isSuspended: suspend === true,
    jobTemplate,
  }
}
