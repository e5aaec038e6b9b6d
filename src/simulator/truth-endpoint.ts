import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import type { TruthEntry } from './truth-log.ts'
import { summarizeTruth } from './truth-summary.ts'

/** Paths that belong to the simulator itself: they are no part of Adjust and not in the truth log. */
export function isControlPath(path: string): boolean {
  return path.startsWith('/__')
}

/** Answers `/__health`, `/__truth` (JSON lines) and `/__truth?summary=1`. */
export function answerControl(
  request: IncomingMessage,
  response: ServerResponse,
  entries: readonly TruthEntry[],
): void {
  const url = new URL(request.url ?? '/', 'http://simulator')
  if (request.method !== 'GET') return sendJson(response, 405, { error: 'only GET' })
  if (url.pathname === '/__health') return sendJson(response, 200, { status: 'ok', requests: entries.length })
  if (url.pathname !== '/__truth') return sendJson(response, 404, { error: 'try /__truth or /__health' })
  if (url.searchParams.get('summary') === '1') return sendJson(response, 200, summarizeTruth(entries))
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  // A reader that hangs up halfway is no error of ours.
  pipeline(Readable.from(jsonLines(entries)), response, () => {})
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

/** Enough for a chunk of some 100 KB: a million lines at once would be one text of half a gigabyte. */
const LINES_A_CHUNK = 256

function* jsonLines(entries: readonly TruthEntry[]): Generator<string> {
  // The log grows while it is being read; an answer ends where the log ended when it was asked for.
  const end = entries.length
  for (let start = 0; start < end; start += LINES_A_CHUNK) {
    const lines = entries.slice(start, Math.min(end, start + LINES_A_CHUNK))
    yield lines.map((entry) => `${JSON.stringify(entry)}\n`).join('')
  }
}
