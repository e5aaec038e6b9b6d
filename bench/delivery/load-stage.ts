import { systemClock, systemRandom } from '../../src/domain/clock.ts'
import type { Journal } from '../../src/load/journal.ts'
import { Load, type LoadRules } from '../../src/load/load.ts'
import type { Transport } from '../../src/load/transport.ts'
import type { Prepare } from '../frame/benchmark.ts'
import type { PurchasesFile } from './purchases.ts'
import { allSourceRows, encoder } from './source-rows.ts'

/** As `src/run-job.ts` has it when nothing is set. */
const RULES: LoadRules = {
  runId: 'run',
  requestsPerSecond: 100_000,
  concurrency: 64,
  maxAttempts: 5,
  deviceNotFoundRetryDays: 7,
  inDoubt: { revenue: 'hold', other: 'hold' },
  windowEvents: 8_192,
  unauthenticated: 'stop',
}

/** Ordering, gates, decisions and what becomes of them; neither the journal nor the wire takes any time. */
export const loadStage: Prepare = async (_rows, fixtures) => {
  const [{ path }] = fixtures as [PurchasesFile]
  const rows = await allSourceRows(path)
  const events = rows.map(encoder())
  let settled = 0
  let audited = 0
  const load = new Load(RULES, {
    clock: systemClock,
    random: systemRandom,
    journal: { intent: durableAtOnce, outcome() {} } as object as Journal,
    isLeaseHeld: () => true,
    transport: { send: answerSoon, async close() {} },
    tokenFor: () => 'bench',
    nextAuditId: () => `run/${audited++}`,
    onSettled: ({ row }) => {
      if (row.status === 'delivered') settled++
    },
  })
  return {
    async work() {
      for (const event of events) {
        load.admit(event)
        if (!load.hasRoom) await load.room()
      }
      await load.drain()
      return settled
    },
    async close() {},
  }
}

function durableAtOnce(_row: object, onDurable: () => void): number {
  queueMicrotask(onDurable)
  return 1
}

const answerSoon: Transport['send'] = (_request, { mayStart, onStart, onAnswer }) => {
  if (!mayStart()) throw new Error('nothing stops this run')
  onStart()
  const answer = { kind: 'answered', status: 200, retryAfterMs: null, body: '{"status":"OK"}' } as const
  setImmediate(() => onAnswer(answer))
}
