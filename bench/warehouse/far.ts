import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { systemClock } from '../../src/domain/clock.ts'

/** Of a data centre in another country; within one it is a few. */
export const ROUND_TRIP_MS = 10

/** Makes a port of this machine answer as if it were far away, and answers the port to use instead. Only the way takes longer. */
export async function farPort(port: number): Promise<number> {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true })
    delayed(near, far)
    delayed(far, near)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

function delayed(from: Socket, to: Socket): void {
  const later = (work: () => void) => systemClock.after(ROUND_TRIP_MS / 2, work)
  from.on('data', (bytes) => later(() => to.write(bytes)))
  from.on('close', () => later(() => to.destroy()))
  from.on('error', () => to.destroy())
}
