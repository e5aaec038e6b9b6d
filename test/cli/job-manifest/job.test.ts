import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCli } from '../cli-process.ts'
import { changed, FROM_CLUSTER, jobOf, MONTH, OWN, piped } from './support.ts'

describe('a Job from the CronJob of a cluster', () => {
  it('has all of its template: labels, annotations, failure policy, image, volumes, resources', async () => {
    const job = await jobOf(FROM_CLUSTER, ...MONTH)
    const template = parse(await readFile(FROM_CLUSTER, 'utf8')).spec.jobTemplate
    expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' })
    expect(job.metadata.namespace).toBe('shop')
    expect(job.metadata.labels).toEqual({ 'app.kubernetes.io/name': 'adjust-s2s', team: 'growth' })
    expect(job.metadata.annotations).toMatchObject({
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    })
    for (const key of ['backoffLimit', 'podFailurePolicy', 'ttlSecondsAfterFinished'])
      expect(job.spec[key]).toEqual(template.spec[key])
    const [container] = job.spec.template.spec.containers
    const [original] = template.spec.template.spec.containers
    expect({ ...container, args: null }).toEqual({ ...original, args: null })
    expect({ ...job.spec.template.spec, containers: null }).toEqual({
      ...template.spec.template.spec,
      containers: null,
    })
  })

  it('has nothing of the cluster: no uid, status, owner, or label of another Job, which would adopt its pods', async () => {
    const { stdout } = await runCli(['job-manifest', '--cronjob-file', FROM_CLUSTER, ...MONTH])
    for (const leaked of [
      'uid',
      '77c0d6be',
      '0f8e4d51',
      'resourceVersion',
      'managedFields',
      'creationTimestamp',
      'status:',
      'ownerReferences',
      'last-applied',
      'applied-once-before',
      'selector',
      'Selector',
      '29410215',
      'argocd',
      'generation',
      'null',
    ])
      expect(stdout).not.toMatch(new RegExp(leaked.replace('status:', '^status:'), 'm'))
  })

  it('has nothing of the schedule: no deadline of 13 minutes, no history limit', async () => {
    const job = await jobOf(FROM_CLUSTER, ...MONTH)
    expect(Object.keys(job).sort()).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
    expect(Object.keys(job.spec).sort()).toEqual(
      ['backoffLimit', 'completionMode', 'podFailurePolicy', 'template', 'ttlSecondsAfterFinished'].sort(),
    )
  })

  it('has the deadline that is asked for', async () => {
    expect((await jobOf(FROM_CLUSTER, ...MONTH, '--deadline', '12h')).spec.activeDeadlineSeconds).toBe(43_200)
  })

  it("has no deadline of the pod either, for that is the schedule's, too", async () => {
    const file = await changed(['dnsPolicy: ClusterFirst', 'activeDeadlineSeconds: 600'])
    expect((await jobOf(file, ...MONTH)).spec.template.spec).not.toHaveProperty('activeDeadlineSeconds')
  })

  it('says who made it, from what, and for which window', async () => {
    const { metadata } = await jobOf(FROM_CLUSTER, ...MONTH)
    expect(metadata.annotations).toMatchObject({
      'cronjob.kubernetes.io/instantiate': 'manual',
      'adjust-s2s/cronjob': 'adjust-s2s',
      'adjust-s2s/window': '2026-02-01T00:00:00Z/2026-03-01T00:00:00Z',
    })
    expect(metadata.annotations['adjust-s2s/made-by']).toMatch(/^adjust-s2s \d+\.\d+\.\d+ job-manifest$/)
  })

  it('is read from a pipe, as YAML or JSON', async () => {
    const yaml = await readFile(FROM_CLUSTER, 'utf8')
    const json = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [parse(yaml)] })
    for (const input of [yaml, json]) {
      const { code, stdout } = await piped(input, [...MONTH, '--json'])
      expect(code).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({ kind: 'Job', metadata: { namespace: 'shop' } })
    }
  })

  it('keeps what YAML 1.1, which kubectl reads, means by octal modes, yes and dates', async () => {
    const file = await changed(
      ['defaultMode: 420', 'defaultMode: 0440'],
      ['runAsNonRoot: true', 'runAsNonRoot: yes'],
    )
    const job = await jobOf(file, ...MONTH)
    const { spec } = job.spec.template
    expect(spec.volumes[0].configMap.defaultMode).toBe(0o440)
    expect(spec.securityContext.runAsNonRoot).toBe(true)
    // `deployed-on: 2026-11-02` is text to kubectl, not an instant; printed without quotes it would be one to others.
    expect(job.metadata.annotations['deployed-on']).toBe('2026-11-02')
  })
})

describe('our own cron.yaml', () => {
  it('gives a Job, though other objects stand in the same file', async () => {
    const job = await jobOf(OWN, ...MONTH)
    expect(job.spec.template.spec.containers[0].args).toEqual(
      expect.arrayContaining(['run', '--config', '--from=2026-02-01T00:00:00Z', '--to=2026-03-01T00:00:00Z']),
    )
    expect(job.spec).not.toHaveProperty('activeDeadlineSeconds')
  })
})

describe('the name of the Job', () => {
  it('carries the window and is never the same twice', async () => {
    const [one, two] = await Promise.all([jobOf(FROM_CLUSTER, ...MONTH), jobOf(FROM_CLUSTER, ...MONTH)])
    expect(one.metadata.name).toMatch(/^adjust-s2s-rerun-20260201-20260301-[a-z0-9]{5}$/)
    expect(one.metadata.name).not.toBe(two.metadata.name)
  })

  it('says where the window is open', async () => {
    expect((await jobOf(FROM_CLUSTER, '--resend', 'failed')).metadata.name).toMatch(/-rerun-start-now-/)
  })
})

describe('what is said beside it', () => {
  it('is the call, the deadline, and how the schedule is kept out of the way', async () => {
    const { stderr } = await runCli(['job-manifest', '--cronjob-file', FROM_CLUSTER, ...MONTH])
    expect(stderr).toContain('runs: adjust-s2s run --config /etc/adjust-s2s/adjust-s2s.yaml')
    expect(stderr).toContain("It has no deadline. The CronJob's 13 min are for one schedule.")
    expect(stderr).toContain(`kubectl -n shop patch cronjob adjust-s2s -p '{"spec":{"suspend":true}}'`)
    expect(stderr).toMatch(/ends with 75 and is tried again 3 times within 1 min 10 s/)
  })

  it('does not ask to suspend what is suspended', async () => {
    const { stderr } = await runCli([
      'job-manifest',
      ...MONTH,
      '--cronjob-file',
      await changed(['suspend: false', 'suspend: true']),
    ])
    expect(stderr).not.toContain('"suspend":true')
    expect(stderr).toContain('"suspend":false')
  })

  it('is nothing with --quiet', async () => {
    const { stderr } = await runCli(['job-manifest', '--cronjob-file', FROM_CLUSTER, '--quiet', ...MONTH])
    expect(stderr).toBe('')
  })
})
