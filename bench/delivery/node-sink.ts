import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { systemClock } from '../../src/domain/clock.ts'
import { provide } from '../frame/script.ts'
import { Arrivals } from './arrivals.ts'
import { FailingDevices } from './failing-devices.ts'
import { RequestReader } from './request-reader.ts'
import { Schedule } from './schedule.ts'
import type { NodeSinkOptions, Sink } from './sink.ts'

/** Says OK after a while, fails where it is told to, and counts: `node node-sink.ts OPTIONS`, `NodeSinkOptions` as JSON. */
const { latencyMs, failingShare } = JSON.parse(process.argv[2]!) as NodeSinkOptions
const OK = answer('200 OK', { status: 'OK' })
const FAILURE = answer('500 Internal Server Error', {
  error: 'Event request failed (Internal error, contact support@adjust.com)',
})

const arrivals = new Arrivals()
const schedule = new Schedule(latencyMs, systemClock)
const failing = new FailingDevices(failingShare)

const server = createServer({ noDelay: true }, (socket) => {
  const requests = new RequestReader((head, body) => take(socket, head, body))
  socket.on('data', (bytes: Buffer) => requests.push(bytes))
  // Whoever measures goes when it is done.
  socket.on('error', () => socket.destroy())
})
await once(server.listen(0, '127.0.0.1', 4096), 'listening')
await provide({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } satisfies Sink)
process.exit()

function take(socket: Socket, head: string, body: Buffer): void {
  if (head.startsWith('GET /statistics ')) {
    failing.forget()
    return void socket.write(answer('200 OK', arrivals.take()))
  }
  arrivals.arrived(systemClock.monotonic())
  const bytes = failing.fails(body) ? FAILURE : OK
  schedule.inTurn(() => {
    arrivals.answered(systemClock.monotonic())
    socket.write(bytes)
  })
}

function answer(status: string, content: object): Buffer {
  const body = JSON.stringify(content)
  return Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
}
