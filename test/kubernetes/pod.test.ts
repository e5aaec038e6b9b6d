import { createRequire } from 'node:module'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { createProgram } from '../../src/cli/program.ts'
import type { RunFlags } from '../../src/cli/run-flags.ts'
import { checkContract, loadSource } from '../../src/extract/extract.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import { configInPod, flagValue, TOKEN } from './configuration.ts'
import { container, cronJob, job, objectOf, objectsOf, pod, type VolumeMount } from './manifests.ts'

/** Where Node puts temporary files as long as no variable says otherwise. */
const TEMPORARY = '/tmp'

const isWithin = (file: string, { mountPath }: VolumeMount) =>
  file === mountPath || file.startsWith(`${mountPath}/`)
const mountOf = (file: string) => container.volumeMounts.find((mount) => isWithin(file, mount))
const volumeOf = (file: string) => pod.volumes.find(({ name }) => name === mountOf(file)?.name)

describe('cron.yaml', () => {
  it('means the same to a reader of YAML 1.1, as kubectl is, and of 1.2', () => {
    for (const file of ['cron.yaml', 'k8s/sharded/cronjob.yaml', 'k8s/sharded/state.yaml'])
      expect(objectsOf(file, '1.1')).toEqual(objectsOf(file, '1.2'))
  })

  it('puts everything into the one namespace that it makes', () => {
    const [namespace, ...objects] = objectsOf('cron.yaml')
    expect(namespace?.kind).toBe('Namespace')
    for (const { metadata } of objects) expect(metadata.namespace).toBe(namespace?.metadata.name)
  })

  it('has a name that leaves room for the eleven characters that the names of its Jobs get', () => {
    expect(cronJob.metadata.name.length).toBeLessThanOrEqual(63 - 11)
  })

  it('names a service account, a claim and a ConfigMap that it makes, and a network policy that fits the pod', () => {
    const names = (kind: string) =>
      objectsOf('cron.yaml').flatMap((object) => (object.kind === kind ? [object.metadata.name] : []))
    expect(names('ServiceAccount')).toEqual([pod.serviceAccountName])
    expect(names('PersistentVolumeClaim')).toEqual(
      pod.volumes.flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []),
    )
    expect(names('ConfigMap')).toEqual(pod.volumes.flatMap((volume) => volume.configMap?.name ?? []))
    const { matchLabels } = objectOf('cron.yaml', 'NetworkPolicy').spec.podSelector
    expect(job.template.metadata.labels).toMatchObject(matchLabels)
  })

  it('names the image by the version of this program', () => {
    expect(container.image).toMatch(new RegExp(`:${packageJson.version}$`))
  })

  it('mounts every volume once, and nothing else', () => {
    const names = (items: { name: string }[]) => items.map(({ name }) => name).toSorted()
    expect(names(container.volumeMounts)).toEqual(names(pod.volumes))
  })
})

describe('the program in the pod of cron.yaml', () => {
  it('understands its arguments as a run without flags that leave something out', async () => {
    const calls: [string, unknown, unknown][] = []
    const program = createProgram(async (...call) => void calls.push(call))
    await program.parseAsync(container.args, { from: 'user' })
    const [name, flags, globalFlags] = calls[0]!
    expect(name).toBe('run')
    expect(flags as RunFlags).toMatchObject({
      from: null,
      to: null,
      app: null,
      event: null,
      limit: null,
      resend: 'none',
      shard: null,
    })
    expect(globalFlags).toEqual({ config: flagValue('--config'), json: true, quiet: false, input: false })
  })

  it('accepts the configuration with the variables that are set, finds the SELECT beside it, and reads the token', async () => {
    const { config, folder } = await configInPod()
    expect(config.warehouse.type).toBe('bigquery')
    expect(config.source).toBe(path.join(folder, 'transactions.sql'))
    expect(config.secrets.forApp('any')).toBe(TOKEN)
  })

  it('finds configuration and token where they are mounted', () => {
    const token = container.env.find(({ name }) => name === 'ADJUST_S2S_TOKEN_FILE')?.value ?? ''
    expect(volumeOf(flagValue('--config'))?.configMap).toBeDefined()
    expect(volumeOf(token)?.secret).toBeDefined()
  })

  it('may write its state directory, on a claim, and temporary files, though the root is read-only', async () => {
    const { config } = await configInPod()
    expect(container.securityContext.readOnlyRootFilesystem).toBe(true)
    expect(mountOf(config.stateDir)?.readOnly ?? false).toBe(false)
    expect(volumeOf(config.stateDir)?.persistentVolumeClaim).toBeDefined()
    expect(container.env.map(({ name }) => name)).not.toContain('TMPDIR')
    expect(mountOf(TEMPORARY)?.readOnly ?? false).toBe(false)
    expect(volumeOf(TEMPORARY)?.emptyDir).toBeDefined()
  })

  it('is told of the metadata server in a word that Google’s client knows', () => {
    const google = createRequire(import.meta.resolve('google-auth-library'))
    const known: object = google('gcp-metadata').METADATA_SERVER_DETECTION
    const value = container.env.find(({ name }) => name === 'METADATA_SERVER_DETECTION')?.value ?? ''
    expect(Object.keys(known)).toContain(value)
  })

  it('has a SELECT that fits the source contract, device_id included', async () => {
    const { config } = await configInPod()
    const select = loadSource(config.source)
    expect(select).toContain('FROM `my-project.shop.orders` AS orders')
    const warehouse = await openDuckdbWarehouse({ path: ':memory:' })
    const orders = `(SELECT '1' AS order_id, now() AS ordered_at, 'a' AS adid, 'g' AS gps_adid, 'i' AS idfa, 'c' AS customer_id,
      CAST(1 AS DECIMAL(18, 3)) AS amount, 'EUR' AS currency)`
    try {
      await checkContract(warehouse, select.replace('`my-project.shop.orders`', orders), ['device_id'])
    } finally {
      await warehouse.close()
    }
  })
})
