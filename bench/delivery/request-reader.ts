const HEAD_END = '\r\n\r\n'

/**
 * Cuts what a connection sends into requests. Of HTTP/1.1 it knows what senders of small forms use: a body has a content-length, or there
 * is none.
 */
export class RequestReader {
  readonly #onRequest: (head: string, body: Buffer) => void
  #rest: Buffer | null = null

  constructor(onRequest: (head: string, body: Buffer) => void) {
    this.#onRequest = onRequest
  }

  push(bytes: Buffer): void {
    let rest = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes])
    for (let length = this.#read(rest); length > 0; length = this.#read(rest)) rest = rest.subarray(length)
    this.#rest = rest.length === 0 ? null : rest
  }

  /** Bytes of the first request; 0 as long as some are missing. */
  #read(bytes: Buffer): number {
    const headLength = bytes.indexOf(HEAD_END)
    if (headLength < 0) return 0
    const head = bytes.toString('latin1', 0, headLength)
    if (/\r\ntransfer-encoding:/i.test(head)) throw new Error('this sink wants a content-length')
    const begin = headLength + HEAD_END.length
    const end = begin + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (bytes.length < end) return 0
    this.#onRequest(head, bytes.subarray(begin, end))
    return end
  }
}
