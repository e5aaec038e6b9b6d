import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Fixture } from '../frame/benchmark.ts'

/** What a sink provides: a server that takes every POST for an event and says OK. */
export interface Sink {
  url: string
}

/** What the sink of `node-sink.ts` has seen since it was last asked: `GET /statistics`. */
export interface SinkStatistics {
  requests: number
  /** From the first arrival to the last. */
  seconds: number
  meanInFlight: number
  peakInFlight: number
  /** Most arrivals in any second, wherever it begins. */
  busiestSecond: number
}

export interface NodeSinkOptions {
  latencyMs: number
  /** Share of devices whose first two requests fail. */
  failingShare: number
}

export const NGINX = findOnPath('nginx')

/** The fastest that this machine has: whoever sends to it is measured, not the sink. */
export const FAST_SINK: Fixture =
  NGINX === null ? nodeSink({}) : { script: join(import.meta.dirname, 'nginx-sink.ts'), args: () => [] }
export const FAST_SINK_NAME = NGINX === null ? 'a sink on node:net' : 'nginx'

/** Slower; it waits before it answers, fails when it is told to, and counts. */
export function nodeSink(options: Partial<NodeSinkOptions>): Fixture {
  const args = [JSON.stringify({ latencyMs: 0, failingShare: 0, ...options } satisfies NodeSinkOptions)]
  return { script: join(import.meta.dirname, 'node-sink.ts'), args: () => args }
}

export async function sinkStatistics({ url }: Sink): Promise<SinkStatistics> {
  const answer = await fetch(`${url}/statistics`)
  return (await answer.json()) as SinkStatistics
}

function findOnPath(program: string): string | null {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program))
  return paths.find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
