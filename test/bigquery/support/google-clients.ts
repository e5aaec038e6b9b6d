import { BigQuery } from '@google-cloud/bigquery'
import { adapt, BigQueryReadClient, managedwriter } from '@google-cloud/bigquery-storage'
import { RecordBatchReader } from 'apache-arrow'
import { PassThroughClient } from 'google-auth-library'
import { grpc } from 'google-gax'
import { onTestFinished } from 'vitest'
import { PROJECT } from './dataset.ts'

/** Google's client of the REST API as it comes, but that it fails at once: a fault shows as what it is. */
export function bigqueryClient(restUrl: string): BigQuery {
  const authClient = new PassThroughClient()
  return new BigQuery({
    projectId: PROJECT,
    apiEndpoint: restUrl,
    authClient,
    autoRetry: false,
    maxRetries: 0,
  })
}

function plainText(grpcUrl: string) {
  const { hostname, port } = new URL(grpcUrl)
  const sslCreds = grpc.credentials.createInsecure()
  return { projectId: PROJECT, apiEndpoint: hostname, port: Number(port), sslCreds }
}

/** A Storage Read client; it is closed when the test ends. */
export function readClient(grpcUrl: string): BigQueryReadClient {
  const client = new BigQueryReadClient(plainText(grpcUrl))
  onTestFinished(() => client.close())
  return client
}

/** The `id`s of a table through one Arrow stream. `onBatch` is told after each message how many there are by now. */
export async function readIds(
  client: BigQueryReadClient,
  table: string,
  onBatch: (rows: number) => void = () => {},
): Promise<number[]> {
  const [session] = await client.createReadSession(
    {
      parent: `projects/${PROJECT}`,
      readSession: { table, dataFormat: 'ARROW' },
      maxStreamCount: 1,
    },
    { retry: null },
  )
  const schema = session.arrowSchema!.serializedSchema as Uint8Array
  const ids: number[] = []
  // Left alone, the client asks twice more when a stream ends before its first message, whatever the error.
  const once = { retry: null, retryRequestOptions: { retries: 0, noResponseRetries: 0 } }
  const stream = client.readRows({ readStream: session.streams![0]!.name! }, once)
  for await (const { arrowRecordBatch } of stream) {
    const bytes = Buffer.concat([schema, arrowRecordBatch.serializedRecordBatch])
    for (const batch of RecordBatchReader.from(bytes))
      for (const id of batch.getChild('id')!) ids.push(Number(id))
    onBatch(ids.length)
  }
  return ids
}

/** A managed writer to a table of one column `id INT64`; it does not try again. It is closed when the test ends. */
export async function idWriter(grpcUrl: string, table: string): Promise<managedwriter.JSONWriter> {
  const client = new managedwriter.WriterClient(plainText(grpcUrl))
  onTestFinished(async () => {
    client.close()
    await client.getClient().close()
  })
  const connection = await client.createStreamConnection({
    streamId: managedwriter.DefaultStream,
    destinationTable: table,
  })
  connection.onConnectionError(() => {})
  const schema = adapt.convertBigQuerySchemaToStorageTableSchema({ fields: [{ name: 'id', type: 'INT64' }] })
  const protoDescriptor = adapt.convertStorageSchemaToProto2Descriptor(schema, 'root')
  return new managedwriter.JSONWriter({ connection, protoDescriptor })
}
