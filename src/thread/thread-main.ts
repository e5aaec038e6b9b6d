import { parentPort } from 'node:worker_threads'
import { createBirpc } from 'birpc'
import { systemClock } from '../domain/clock.ts'
import { type Ends, endsAt } from '../ends.ts'
import type { IntakeBatch } from '../intake.ts'
import { openWarehouse } from '../warehouse/open-warehouse.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import type { Batch, Reading, WarehouseCalls, WarehouseEvents } from './calls.ts'
import { type PackedIntake, packIntake } from './packed-intake.ts'
import { Readings } from './readings.ts'
import { packError } from './thread-error.ts'

// Runs in the thread that `openInThread` starts.
const host = parentPort!
const hurry = new AbortController()
const readings = new Readings()
let warehouse: Warehouse
let ends: Ends

function read(what: Reading, signal: AbortSignal): AsyncIterable<Batch> {
  return what.kind === 'intake'
    ? packed(ends.takeIn(what.request, signal))
    : warehouse.query(what.sql, { ...what.options, signal })
}

async function* packed(batches: AsyncIterable<IntakeBatch>): AsyncIterable<PackedIntake> {
  for await (const batch of batches) yield packIntake(batch)
}

const calls: WarehouseCalls = {
  async open(config, options) {
    const onTrouble = (message: string) => void rpc.trouble(message)
    warehouse = await openWarehouse(config, { ...options, onTrouble, hurry: hurry.signal })
    ends = endsAt(warehouse, systemClock)
    return { name: warehouse.name, isExclusive: warehouse.isExclusive === true }
  },
  describe: (select) => warehouse.describe(select),
  estimate: (sql, options) => warehouse.estimate(sql, options),
  update: (statement, options) => warehouse.update(statement, options),
  append: (table, rows) => warehouse.append(table, rows),
  record: (rows) => ends.record(rows),
  missingTables: () => warehouse.missingTables(),
  start: async (number, what) => readings.start(number, (signal) => read(what, signal)),
  next: (number) => readings.next(number),
  abort: async (number) => readings.abort(number),
  end: (number) => readings.end(number),
  hurry: async () => hurry.abort(),
  close: () => warehouse.close(),
}

/** The same calls: what they cost is told, and errors are packed. */
function served(): WarehouseCalls {
  const serve =
    (call: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      try {
        return await call(...args)
      } catch (error) {
        throw packError(error)
      } finally {
        if (warehouse !== undefined) await rpc.statistics(warehouse.statistics())
      }
    }
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, serve(call)]),
  ) as unknown as WarehouseCalls
}

const rpc = createBirpc<WarehouseEvents, WarehouseCalls>(served(), {
  post: (message) => host.postMessage(message),
  on: (listen) => host.on('message', listen),
  eventNames: ['trouble', 'statistics'],
})
