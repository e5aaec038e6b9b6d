import { systemClock } from '../../src/domain/clock.ts'
import { FolderDisk } from '../../src/load/disk.ts'
import { HttpTransport } from '../../src/load/http-transport.ts'
import { Journal } from '../../src/load/journal.ts'
import { outcomeOf } from '../../src/load/rows.ts'
import { openDuckdbWarehouse } from '../../src/warehouse/duckdb-warehouse.ts'
import type { Prepare } from '../frame/benchmark.ts'
import { temporaryFolder } from '../frame/folder.ts'
import { deliveredRow } from '../warehouse/rows.ts'
import { encodedBodies } from './bare.ts'
import type { PurchasesFile } from './purchases.ts'
import type { Sink } from './sink.ts'
import { allSourceRows, encoder, sourceRows } from './source-rows.ts'

/** Each stage of a run alone, by the functions that a run calls. */
const AT_ONCE = 64
const DIFFERENT_ROWS = 4_000

/** The query, and reading into source rows. */
export const extractStage: Prepare = async (_rows, fixtures) => {
  const [{ path }] = fixtures as [PurchasesFile]
  const warehouse = await openDuckdbWarehouse({ path })
  return {
    async work(onFirst) {
      let read = 0
      for await (const rows of sourceRows(warehouse)) {
        onFirst()
        read += rows.length
      }
      return read
    },
    close: () => warehouse.close(),
  }
}

export const transformStage: Prepare = async (_rows, fixtures) => {
  const [{ path }] = fixtures as [PurchasesFile]
  const rows = await allSourceRows(path)
  const encode = encoder()
  return {
    async work() {
      for (const row of rows) encode(row)
      return rows.length
    },
    async close() {},
  }
}

/** An intent, the wait until it is durable, an outcome. The warehouse acknowledges at once. */
export const journalStage: Prepare = async (rows) => {
  const different = Array.from({ length: Math.min(rows, DIFFERENT_ROWS) }, (_, row) => journalled(row))
  const { journal } = await Journal.open(new FolderDisk(temporaryFolder()), 'bench', 'run')
  const write = (row: number) =>
    new Promise<void>((resolve) => {
      const { intent, outcome } = different[row % different.length]!
      const auditId = `${intent.runId}/${row}`
      const segment = journal.intent({ ...intent, auditId }, () => {
        journal.outcome({ ...outcome, auditId })
        resolve(journal.acknowledge(segment, 1))
      })
    })
  return {
    async work() {
      await allOf(rows, write)
      await journal.close()
      return rows
    },
    async close() {},
  }
}

export const sendStage: Prepare = async (rows, fixtures) => {
  const [{ path }, { url }] = fixtures as [PurchasesFile, Sink]
  const bodies = await encodedBodies(path, Math.min(rows, DIFFERENT_ROWS))
  const transport = new HttpTransport({
    url,
    requestStyle: 'post_body',
    timeoutMs: 10_000,
    userAgent: 'adjust-s2s/0.1.0',
    clock: systemClock,
  })
  const send = (row: number) =>
    new Promise<void>((resolve, reject) => {
      const request = { path: '/event', query: bodies[row % bodies.length]!, token: 'bench' }
      transport.send(request, {
        mayStart: () => true,
        onStart() {},
        onAnswer: (answer) =>
          answer.kind === 'answered' && answer.status === 200 ? resolve() : reject(new Error(answer.kind)),
      })
    })
  return {
    async work() {
      await allOf(rows, send)
      return rows
    },
    close: () => transport.close(),
  }
}

function journalled(row: number) {
  const delivered = deliveredRow(row)
  const { status, reason, httpStatus, message, settledAtMs, latencyMs, ...intent } = delivered
  const sentAtMs = settledAtMs
  return { intent: { ...intent, sentAtMs }, outcome: outcomeOf({ ...delivered, sentAtMs }) }
}

/** As many at a time as there are connections to Adjust. */
async function allOf(rows: number, work: (row: number) => Promise<void>): Promise<void> {
  let next = 0
  const slots = Array.from({ length: AT_ONCE }, async () => {
    while (next < rows) await work(next++)
  })
  await Promise.all(slots)
}
