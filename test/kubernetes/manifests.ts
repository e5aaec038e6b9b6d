import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Container {
  name: string
  image: string
  args: string[]
  env: { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } }[]
  volumeMounts: VolumeMount[]
  securityContext: { readOnlyRootFilesystem: boolean }
}

export interface VolumeMount {
  name: string
  mountPath: string
  readOnly?: boolean
  subPathExpr?: string
}

export interface Volume {
  name: string
  configMap?: { name: string }
  secret?: { secretName: string }
  persistentVolumeClaim?: { claimName: string }
  emptyDir?: object
}

export interface FailureRule {
  action: string
  onExitCodes?: { containerName: string; operator: string; values: number[] }
  onPodConditions?: { type: string; status: string }[]
}

export interface JobSpec {
  backoffLimit: number | null
  backoffLimitPerIndex?: number
  completionMode?: string
  completions?: number
  parallelism?: number
  activeDeadlineSeconds: number
  podFailurePolicy: { rules: FailureRule[] }
  template: {
    metadata: { labels: Record<string, string> }
    spec: {
      serviceAccountName: string
      terminationGracePeriodSeconds: number
      containers: [Container]
      volumes: Volume[]
    }
  }
}

export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
  data: Record<string, string>
  spec: {
    schedule: string
    startingDeadlineSeconds: number
    accessModes: string[]
    podSelector: { matchLabels: Record<string, string> }
    jobTemplate: { spec: JobSpec }
  }
}

/** The objects of a file of this repository. Throws on anything that YAML calls a fault or a warning. */
export function objectsOf(file: string, version: '1.1' | '1.2' = '1.2'): Manifest[] {
  const text = readFileSync(resolve(ROOT, file), 'utf8')
  return [...parseAllDocuments(text, { version })].flatMap((document) => {
    const fault = document.errors[0] ?? document.warnings[0]
    if (fault) throw new Error(`${file}: ${fault.message}`)
    const object = document.toJS() as Manifest | null
    return object === null ? [] : [object]
  })
}

/** The one object of a kind in a file. */
export function objectOf(file: string, kind: string): Manifest {
  const [found, ...others] = objectsOf(file).filter((object) => object.kind === kind)
  if (found === undefined || others.length > 0) throw new Error(`${file} has not one ${kind}`)
  return found
}

export const cronJob = objectOf('cron.yaml', 'CronJob')
export const job = cronJob.spec.jobTemplate.spec
export const pod = job.template.spec
export const container = pod.containers[0]
