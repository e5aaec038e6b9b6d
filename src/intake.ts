import { type SettledSourceRow, settledSourceRow } from './audit/source-settlement.ts'
import type { Clock } from './domain/clock.ts'
import type { EarlierOutcome, SourceRow } from './domain/event.ts'
import { type ExtractOptions, extract } from './extract/extract.ts'
import { createTransform, type Transformed, type TransformRules } from './transform/transform.ts'
import type { Warehouse } from './warehouse/warehouse.ts'

/** A row of the source, read and judged: what the delivery has to do with it. */
export type Intake =
  | Exclude<Transformed, { kind: 'settled' }>
  | { kind: 'settled'; row: SettledSourceRow; earlier: EarlierOutcome | null }

export interface IntakeBatch {
  /** Rows of the whole window, this batch included. */
  totalRows: number
  /** Of each row in epoch microseconds: its `occurred_at`, null where the source has none. */
  instants: readonly (number | null)[]
  /** To be gone through once. */
  rows: Iterable<Intake>
}

/** What is read, and under which rules. It may cross to another thread, so it is plain data. */
export interface IntakeRequest {
  /** The source in the shape of the contract (see `checkContract`). */
  projection: string
  options: Omit<ExtractOptions, 'signal' | 'onTotal'>
  rules: TransformRules
}

/**
 * Reads the rows that are due, in (`occurred_at`, `transaction_id`) order, and makes of each what can be said before anything is sent.
 * Pure computing between two waits for the warehouse, batch by batch: it can run beside the delivery as well as in it.
 *
 * @throws Terminal- and TransientErrors of the warehouse.
 */
export async function* takeIn(
  warehouse: Warehouse,
  clock: Clock,
  { projection, options, rules }: IntakeRequest,
  signal?: AbortSignal,
): AsyncGenerator<IntakeBatch, void> {
  const transform = createTransform(rules)
  let totalRows = 0
  const onTotal = (rows: number) => {
    totalRows = rows
  }
  for await (const rows of extract(warehouse, projection, {
    ...options,
    onTotal,
    ...(signal && { signal }),
  })) {
    yield {
      totalRows,
      instants: rows.map(({ occurredAtMicros }) => occurredAtMicros),
      rows: judged(rows, transform, clock),
    }
  }
}

/** Each row when it is wanted, by the time that it is then. */
function* judged(
  rows: readonly SourceRow[],
  transform: ReturnType<typeof createTransform>,
  clock: Clock,
): Generator<Intake, void> {
  for (const row of rows) {
    const result = transform(row, clock.now())
    yield result.kind === 'settled'
      ? { kind: 'settled', row: settledSourceRow(row, result), earlier: row.earlier }
      : result
  }
}
