import type { Trace } from '../domain/trace.ts'
import type { Ends } from '../ends.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'

/**
 * The same warehouse, with a span for each query (until its first rows), each change and each batch of rows that it is given. The
 * lease's updates and the log of runs are seen here, the two ends of the pipeline below, so the stages need not know of traces.
 */
export function traceWarehouse(warehouse: Warehouse, trace: Trace): Warehouse {
  const traced: Pick<Warehouse, 'query' | 'update' | 'append'> = {
    query: (sql, options) => traceReading(warehouse.query(sql, options), trace, options?.name),
    update: (statement, options) =>
      trace(`update ${options?.name ?? ''}`.trim(), async (note) => {
        const rows = await warehouse.update(statement, options)
        note({ 'db.response.affected_rows': rows })
        return rows
      }),
    append: (table, rows) => traceAppend(table, rows, trace, () => warehouse.append(table, rows)),
  }
  return new Proxy(warehouse, {
    get(target, key) {
      if (Object.hasOwn(traced, key)) return traced[key as keyof typeof traced]
      // Private fields are found on the object itself alone.
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** The same ends: the extraction and the batches of the audit, as `traceWarehouse` shows them. */
export function traceEnds(ends: Ends, trace: Trace): Ends {
  return {
    takeIn: (request, signal) => traceReading(ends.takeIn(request, signal), trace, 'sql/extract.sql'),
    record: (rows) => traceAppend('s2s_audit', rows, trace, () => ends.record(rows)),
  }
}

function traceAppend(
  table: string,
  { length }: { length: number },
  trace: Trace,
  append: () => Promise<void>,
): Promise<void> {
  return trace(`append ${table}`, async (note) => {
    note({ 'db.collection.name': table, 'db.operation.batch.size': length })
    await append()
  })
}

/** The rows come as fast as they are delivered, so only the wait for the first of them is the warehouse's. */
async function* traceReading<Batch extends { totalRows: number }>(
  reading: AsyncIterable<Batch>,
  trace: Trace,
  name = '',
): AsyncGenerator<Batch> {
  const batches = reading[Symbol.asyncIterator]()
  try {
    let next = await trace(`query ${name}`.trim(), async (note) => {
      const first = await batches.next()
      note({ 'db.response.returned_rows': first.done ? 0 : first.value.totalRows })
      return first
    })
    for (; !next.done; next = await batches.next()) yield next.value
  } finally {
    await batches.return?.()
  }
}
