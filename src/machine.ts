import { hostname } from 'node:os'
import { type Clock, type Random, systemClock, systemRandom } from './domain/clock.ts'
import { type Disk, FolderDisk } from './load/disk.ts'
import { HttpTransport, type HttpTransportOptions } from './load/http-transport.ts'
import type { Transport } from './load/transport.ts'

/** What a run takes from the machine that it runs on. Everything else that it meets, it meets through these and the warehouse. */
export interface Machine {
  host: string
  pid: number
  clock: Clock
  random: Random
  /** The folder of the journal. */
  disk(folder: string): Disk
  /** The way to Adjust. */
  transport(options: Omit<HttpTransportOptions, 'clock'>): Transport
}

export const thisMachine: Machine = {
  host: hostname(),
  pid: process.pid,
  clock: systemClock,
  random: systemRandom,
  disk: (folder) => new FolderDisk(folder),
  transport: (options) => new HttpTransport({ ...options, clock: systemClock }),
}

/** This machine with another clock. */
export function machineAt(clock: Clock): Machine {
  return { ...thisMachine, clock, transport: (options) => new HttpTransport({ ...options, clock }) }
}
