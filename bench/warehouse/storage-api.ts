import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { protos } from '@google-cloud/bigquery-storage'
import { FrameReader } from '../../test/bigquery/support/proxy/grpc-frames.ts'
import { arrowAnswer, arrowSchema } from './encode.ts'
import { templates } from './template.ts'

/** As the Storage Read API cuts rows of this width: about a megabyte. */
const ROWS_PER_ANSWER = 2_000

/** What Google's front ends announce; gRPC's own server for Node has no setting for it, and would take appends in sips of 64 kB. */
const WINDOW_BYTES = 1_048_576

/** The gRPC head of a message: whether it is compressed, and its length. */
const HEAD_BYTES = 5

const api = protos.google.cloud.bigquery.storage.v1

/** CreateReadSession, ReadRows and AppendRows with answers that are prepared. Rows that are appended are gone. */
export function createStorageServer(totalRows: number): Http2Server {
  const batches = templates(arrowAnswer)
  const session = api.ReadSession.encode({
    name: 'session',
    arrowSchema: { serializedSchema: arrowSchema() },
    streams: [{ name: 'stream' }],
  }).finish()
  const appended = api.AppendRowsResponse.encode({ appendResult: {} }).finish()

  async function readRows(stream: ServerHttp2Stream, request: Buffer): Promise<void> {
    const { offset } = api.ReadRowsRequest.decode(request.subarray(HEAD_BYTES))
    for (let row = Number(offset); row < totalRows && !stream.destroyed; row += ROWS_PER_ANSWER) {
      const answer = batches(Math.min(ROWS_PER_ANSWER, totalRows - row)).startingAt(row)
      await send(stream, answer)
    }
  }

  const answers: Record<string, (stream: ServerHttp2Stream, request: Buffer) => Promise<void>> = {
    CreateReadSession: (stream) => send(stream, session),
    ReadRows: readRows,
    AppendRows: (stream) => send(stream, appended),
  }

  const server = createServer({ settings: { initialWindowSize: WINDOW_BYTES } })
  server.on('session', (session) => session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES)))
  server.on('stream', async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const answer = answers[headers[':path']!.split('/')[2]!]!
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    const frames = new FrameReader()
    for await (const chunk of stream) for (const request of frames.push(chunk)) await answer(stream, request)
    stream.end()
  })
  return server
}

/** Waits until it has left, or its reader has. */
function send(stream: ServerHttp2Stream, message: Uint8Array): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(message.length, 1)
  const { promise, resolve } = Promise.withResolvers<void>()
  stream.write(head)
  stream.write(message, () => resolve())
  return promise
}
