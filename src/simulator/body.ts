import type { IncomingMessage } from 'node:http'

/** Receives the form as text (empty if there is none) and the size of the body in bytes. */
type UseBody = (form: string, bodyBytes: number) => void

/** Reads a body to its end. What is larger than `maxBytes` is counted and thrown away. */
export function readBody(request: IncomingMessage, maxBytes: number, use: UseBody, onGone: () => void): void {
  if (!hasBody(request)) return use('', 0)
  const body = collect(request, maxBytes)
  let ended = false
  request.on('end', () => {
    ended = true
    use(formText(request, body.chunks), body.bytes)
  })
  request.on('close', () => ended || onGone())
  // A broken connection ends in 'close' as well; without a listener it would be thrown.
  request.on('error', () => {})
}

/** Takes only what came in together with the headers: for connections that end before the request is read. */
export function readWhatArrived(request: IncomingMessage, maxBytes: number, use: UseBody): void {
  const body = collect(request, maxBytes)
  request.on('error', () => {})
  setImmediate(() => use(formText(request, body.chunks), body.bytes))
}

function collect(request: IncomingMessage, maxBytes: number): { chunks: Buffer[]; bytes: number } {
  const body = { chunks: [] as Buffer[], bytes: 0 }
  request.on('data', (chunk: Buffer) => {
    body.bytes += chunk.length
    if (body.bytes <= maxBytes) body.chunks.push(chunk)
    else body.chunks.length = 0
  })
  return body
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function formText({ headers }: IncomingMessage, chunks: Buffer[]): string {
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '')
  if (!isForm || chunks.length === 0) return ''
  return (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('utf8')
}
