import { describe, expect, it } from 'vitest'
import { Claims } from '../src/audit/claims.ts'
import { Tally } from '../src/audit/tally.ts'
import type { Event, SourceRow } from '../src/domain/event.ts'
import { runPipeline, type Stages } from '../src/pipeline.ts'
import { createTransform } from '../src/transform/transform.ts'
import { VirtualClock } from './support/virtual-clock.ts'
import { NOW_MS, rowWith, rulesWith } from './transform/source-row.ts'

/** The pipeline over these rows, in a window that ends now; the load stage writes down what it is given. */
async function takenByLoad(rows: SourceRow[], nowMs: number): Promise<string[]> {
  const taken: string[] = []
  const load = {
    stopped: null,
    hasRoom: true,
    admit: ({ transactionId }: Event) => taken.push(`${transactionId} admitted`),
    hold: ({ transactionId }: Event, status: string, reason: string) =>
      taken.push(`${transactionId} held ${status} ${reason}`),
    drain: async () => {},
  }
  const audit = { hasRoom: true, flush: async () => {} }
  const stages = {
    runId: 'run',
    clock: new VirtualClock(nowMs),
    nextAuditId: () => 'run/1',
    takeIn: async function* () {
      const transform = createTransform(rulesWith())
      const instants = rows.map(({ occurredAtMicros }) => occurredAtMicros)
      yield { totalRows: rows.length, instants, rows: rows.map((row) => transform(row, nowMs)) }
    },
    claims: new Claims({ windowToMicros: NOW_MS * 1000, write: async () => {} }),
    load,
    audit,
    tally: new Tally(),
  }
  await runPipeline(stages as unknown as Stages)
  return taken
}

describe('a row that lay in the future when the window was drawn', () => {
  it('is kept for the next run when its time comes while the run goes on: it is not claimed', async () => {
    const rows = [
      rowWith({ transactionId: 'past' }),
      rowWith({ transactionId: 'future', occurredAtMicros: (NOW_MS + 360_000) * 1000 }),
    ]
    expect(await takenByLoad(rows, NOW_MS + 400_000)).toEqual([
      'past admitted',
      'future held deferred not_claimed',
    ])
  })
})
