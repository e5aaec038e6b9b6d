import { describe, expect, it } from 'vitest'
import { createProgram } from '../../src/cli/program.ts'
import type { RunFlags } from '../../src/cli/run-flags.ts'
import { container, job, objectOf, pod } from './manifests.ts'

const patch = objectOf('k8s/sharded/cronjob.yaml', 'CronJob').spec.jobTemplate.spec
const sharded = patch.template.spec.containers[0]
const claim = objectOf('k8s/sharded/state.yaml', 'PersistentVolumeClaim')
const indexes = Array.from({ length: patch.completions ?? 0 }, (_, index) => index)
const expand = (text: string, index: number) => text.replaceAll('$(JOB_COMPLETION_INDEX)', String(index))

async function shardOf(index: number): Promise<RunFlags['shard']> {
  const seen: RunFlags['shard'][] = []
  const program = createProgram(async (_name, flags) => void seen.push((flags as RunFlags).shard))
  await program.parseAsync(
    sharded.args.map((arg) => expand(arg, index)),
    { from: 'user' },
  )
  return seen[0] ?? null
}

describe('k8s/sharded', () => {
  it('gives each pod a shard of its own, and together they are all', async () => {
    expect(indexes.length).toBeGreaterThan(1)
    const shards = await Promise.all(indexes.map(shardOf))
    expect(shards).toEqual(indexes.map((index) => ({ index, count: indexes.length })))
  })

  it('runs all shards at once, for each only has its part of the rate', () => {
    expect(patch.completionMode).toBe('Indexed')
    expect(patch.parallelism).toBe(patch.completions)
  })

  it('says what cron.yaml says to the program, and the shard', () => {
    expect(sharded.args.slice(0, container.args.length)).toEqual(container.args)
    expect(sharded.args.slice(container.args.length, -1)).toEqual(['--shard'])
  })

  it('knows its index from what the Job controller writes on the pod', () => {
    const { env } = sharded
    expect(env.map(({ name }) => name)).toEqual(['JOB_COMPLETION_INDEX'])
    expect(env[0]?.valueFrom?.fieldRef.fieldPath).toBe(
      "metadata.annotations['batch.kubernetes.io/job-completion-index']",
    )
  })

  it('mounts a folder of its own for each shard of each number of shards where the journal was', () => {
    const [mount] = sharded.volumeMounts
    expect(container.volumeMounts.map(({ name, mountPath }) => `${name} ${mountPath}`)).toContain(
      `${mount?.name} ${mount?.mountPath}`,
    )
    const folders = indexes.map((index) => expand(mount?.subPathExpr ?? '', index))
    expect(folders).toEqual(indexes.map((index) => `${index}-of-${indexes.length}`))
  })

  it('takes a claim that pods on several nodes may mount, and leaves that of cron.yaml alone', () => {
    const [volume] = patch.template.spec.volumes
    expect(volume?.persistentVolumeClaim?.claimName).toBe(claim.metadata.name)
    expect(claim.spec.accessModes).toEqual(['ReadWriteMany'])
    expect(claim.metadata.namespace).toBe(objectOf('cron.yaml', 'CronJob').metadata.namespace)
    const replaced = pod.volumes.find(({ name }) => name === volume?.name)?.persistentVolumeClaim
    expect(replaced?.claimName).not.toBe(claim.metadata.name)
  })

  it('has the rules of cron.yaml, but what fails the Job there fails one index here', () => {
    const { rules } = job.podFailurePolicy
    const expected = rules.map((rule) =>
      rule.action === 'FailJob' ? { ...rule, action: 'FailIndex' } : rule,
    )
    expect(patch.podFailurePolicy.rules).toEqual(expected)
  })

  it('gives each shard the tries that the one process has, and no limit to all of them together', () => {
    expect(patch.backoffLimitPerIndex).toBe(job.backoffLimit)
    expect(patch.backoffLimit).toBeNull()
  })

  it('names the container of cron.yaml, for another name would add one', () => {
    expect(sharded.name).toBe(container.name)
  })
})
