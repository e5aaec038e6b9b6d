import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Adjust } from '../../src/simulator/adjust.ts'
import { readRequest } from '../../src/simulator/request.ts'
import { completeWorld } from '../../src/simulator/scenario.ts'
import { TruthLog } from '../../src/simulator/truth-log.ts'
import { summarizeTruth } from '../../src/simulator/truth-summary.ts'
import { APP, encode } from './sending.ts'

const NOW_MS = 1_800_000_000_000

/** Few identifiers, tokens and times, so that devices meet and conflict. */
const anyRequest = fc.record({
  identifiers: fc.dictionary(fc.constantFrom('adid', 'idfa', 'gps_adid'), fc.constantFrom('a1', 'b2', 'c3'), {
    minKeys: 1,
    noNullPrototype: true,
  }),
  event_token: fc.constantFrom('abc123', 'def456', 'ghi789'),
  created_at_unix: fc.nat(6).map((second) => String(NOW_MS / 1000 - 60 + second)),
  revenue: fc.constantFrom(undefined, '1.00'),
})

describe('the events that Adjust takes', () => {
  it('are in order, and those that it refuses would not be', () => {
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 25 }), (requests) => {
        const adjust = new Adjust(completeWorld({}), NOW_MS)
        const log = new TruthLog(false)
        for (const { identifiers, ...parameters } of requests) {
          const form = encode({ s2s: '1', app_token: APP, currency: 'EUR', ...identifiers, ...parameters })
          const request = readRequest({
            path: '/event',
            query: '',
            form,
            authorization: undefined,
            sizeBytes: form.length,
            receivedAtMs: NOW_MS,
          })
          const entry = log.open('POST', '/event', NOW_MS)
          log.noteRequest(entry, request, [])
          const taken = adjust.judge(request) === 'ok'
          entry.counted = true
          expect(summarizeTruth(log.entries.filter(({ counted }) => counted)).outOfOrder).toEqual(
            taken ? [] : [entry.sequence],
          )
          entry.counted = taken
        }
      }),
      { numRuns: 500 },
    )
  })
})
