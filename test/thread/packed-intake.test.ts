import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EVENT_KINDS, type Event } from '../../src/domain/event.ts'
import type { Intake } from '../../src/intake.ts'
import { packIntake, unpackIntake } from '../../src/thread/packed-intake.ts'
import { earlierWith, rowWith } from '../transform/source-row.ts'

/** Tokens may hold anything that a source can. */
const token = fc.oneof(fc.constantFrom('a', 'b', 'a b', '', 'null'), fc.string())
const word = fc.stringMatching(/^[a-z:]{1,8}$/)

const events = fc.record<Event>({
  transactionId: fc.string(),
  kind: fc.constantFrom(...EVENT_KINDS),
  appToken: token,
  eventToken: fc.option(token),
  occurredAtMicros: fc.nat(),
  revenue: fc.option(fc.constantFrom('1.5', '20')),
  currency: fc.option(fc.constantFrom('EUR', 'USD')),
  deviceNames: fc.array(word, { maxLength: 3 }),
  identifiers: fc.option(fc.constant({ adid: 'a1' })),
  path: fc.constantFrom('/event', '/session'),
  query: fc.string(),
  expiresAtMs: fc.nat(),
  warnings: fc.array(word, { maxLength: 2 }),
  earlier: fc.option(fc.constant(earlierWith())),
})

const intakes: fc.Arbitrary<Intake> = fc.oneof(
  { weight: 5, arbitrary: events.map((event): Intake => ({ kind: 'event', event })) },
  events.map(
    (event): Intake => ({
      kind: 'held',
      event,
      status: 'deferred',
      reason: 'waits_for_in_doubt',
      message: 'x',
    }),
  ),
  fc.constant<Intake>({
    kind: 'settled',
    row: { transactionId: 'invalid' } as never,
    earlier: rowWith().earlier,
  }),
)

describe('a batch that crosses between threads', () => {
  it('comes out as it went in, row by row', () => {
    fc.assert(
      fc.property(fc.array(intakes), (rows) => {
        const instants = rows.map((_, index) => (index % 7 === 0 ? null : index))
        const packed = structuredClone(packIntake({ totalRows: 99, instants, rows }))
        const batch = unpackIntake(packed)
        expect({ ...batch, rows: [...batch.rows] }).toEqual({ totalRows: 99, instants, rows })
      }),
    )
  })
})
