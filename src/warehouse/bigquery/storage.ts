import type { BigQueryReadClient, managedwriter } from '@google-cloud/bigquery-storage'
import type { ClientOptions } from 'google-gax'

type WriterClient = InstanceType<typeof managedwriter.WriterClient>

const CHANNEL = {
  /**
   * What may be under way before it is acknowledged. With Node's own 64 kB a stream carries 64 kB a round trip: 10 ms from the server that is
   * 7,000 rows a second, and with this window more than 100,000 (docs/performance.md).
   */
  'grpc-node.flow_control_window': 4_000_000,
  /** At 50 requests a second a stream stands still for minutes; a connection that a gateway has dropped meanwhile is noticed. */
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
}

/** Opens the gRPC clients of the Storage API when they are first needed: loading them takes longer than a small query. */
export class StorageClients {
  readonly #endpoint: string | undefined
  readonly #project: string
  #reader: Promise<BigQueryReadClient> | null = null
  #writer: Promise<WriterClient> | null = null

  constructor(project: string, endpoint: string | undefined) {
    this.#project = project
    this.#endpoint = endpoint
  }

  reader(): Promise<BigQueryReadClient> {
    this.#reader ??= this.#open().then(({ storage, options }) => new storage.BigQueryReadClient(options))
    return this.#reader
  }

  writer(): Promise<WriterClient> {
    this.#writer ??= this.#open().then(({ storage, options }) => {
      const client = new storage.managedwriter.WriterClient(options)
      // Off unless asked for.
      client.enableWriteRetries(true)
      return client
    })
    return this.#writer
  }

  async close(): Promise<void> {
    await (await this.#reader?.catch(() => null))?.close()
    const writer = await this.#writer?.catch(() => null)
    writer?.close()
    await writer?.getClient().close()
  }

  async #open() {
    const [storage, gax] = await Promise.all([import('@google-cloud/bigquery-storage'), import('google-gax')])
    return { storage, options: { projectId: this.#project, ...CHANNEL, ...address(this.#endpoint, gax) } }
  }
}

/** Plain `http:` is for loopback, where an emulator has neither TLS nor credentials. */
function address(endpoint: string | undefined, gax: typeof import('google-gax')): ClientOptions {
  if (endpoint === undefined) return {}
  const { protocol, hostname, port } = new URL(endpoint)
  const isPlain = protocol === 'http:'
  return {
    apiEndpoint: hostname,
    port: Number(port) || (isPlain ? 80 : 443),
    ...(isPlain ? withoutCredentials(gax) : {}),
  }
}

function withoutCredentials({
  grpc,
  GoogleAuth,
  googleAuthLibrary,
}: typeof import('google-gax')): ClientOptions {
  return {
    sslCreds: grpc.credentials.createInsecure(),
    auth: new GoogleAuth({ authClient: new googleAuthLibrary.PassThroughClient() }),
  }
}
