import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Completeness, type Verdict } from '../../src/export/completeness.ts'
import { SentEvents } from '../../src/export/sent-events.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** A full hour, UTC. */
const START = Date.parse('2026-11-20T00:00:00Z')
const LATER = START + 48 * HOUR

/** Minutes since START. */
interface Delivered {
  id: string
  token: string
  sent: number
  /** When Adjust writes it down, by its own clock. */
  filed: number
  occurred: number
  /** One, unless it says otherwise. */
  requests?: number
}

/** An event of unknown outcome that Adjust has counted. */
type Doubt = Delivered & { sentTo: number }

/** What the rule makes of a doubt, with an export that has only the rows that `has` says. */
function judge(
  delivered: readonly Delivered[],
  doubt: Doubt,
  has: (event: Delivered) => boolean,
  nowMs = LATER,
): Verdict {
  const events = new SentEvents(delivered.length + 1)
  const add = ({ id, token, sent, occurred, requests = 1 }: Delivered, isDelivered: boolean) =>
    events.add({
      ...{ transactionId: id, appToken: 'app', kind: 'event', eventToken: token },
      ...{ outcome: isDelivered ? 'delivered ok' : 'in_doubt timed_out', isDelivered },
      ...{ sentAtMs: START + sent * MINUTE, occurredAtMs: START + occurred * MINUTE },
      ...{ requests, deliveries: isDelivered ? 1 : 0 },
    })
  const index = add(doubt, false)
  for (const event of delivered) add(event, true)
  const row = { appToken: 'app', atMs: null, source: 0, line: null }
  for (const event of [...delivered, doubt])
    if (has(event)) events.match({ ...row, transactionId: event.id, eventToken: event.token })
  expect(events.found(index) > 0).toBe(has(doubt))
  const moment = { index, sentFromMs: START + doubt.sent * MINUTE, sentToMs: START + doubt.sentTo * MINUTE }
  return new Completeness(events).judge(moment, nowMs)
}

const id = (number: number) => `order-${String(number).padStart(4, '0')}`

/** One a minute over ten hours, sent a quarter of an hour after it occurred. */
const everyMinute = (minutes = 600): Delivered[] =>
  Array.from({ length: minutes }, (_, sent) => ({
    ...{ id: id(sent), token: sent % 2 === 0 ? 'even' : 'odd' },
    ...{ sent, filed: sent, occurred: sent - 15 },
  }))

const doubtAt = (sent: number, changes: Partial<Doubt> = {}): Doubt => ({
  ...{ id: 'order-9999', token: 'even', sent, sentTo: sent, filed: sent, occurred: sent - 15 },
  ...changes,
})

const lost = (doubt: Doubt) => (event: Delivered) => event.id !== doubt.id

const why = (verdict: Verdict) => (verdict.kind === 'unproven' ? verdict.why : verdict.kind)

/** Events of one to three tokens, dense or thin or in runs, and a counted event in doubt among them. Filed within minutes; the doubtful one within the hour. */
const world = fc
  .record({
    sends: fc.oneof(
      fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 }),
      fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 300, maxLength: 600 }),
      fc.array(fc.constantFrom(0, 1, 30, 61, 62, 119, 120, 121, 180, 240, 290, 299, 300, 301, 420), {
        minLength: 100,
        maxLength: 400,
      }),
    ),
    offsets: fc.array(
      fc.record({ filed: fc.integer({ min: -2, max: 3 }), waited: fc.nat(120), token: fc.nat(2) }),
      {
        minLength: 5,
        maxLength: 50,
      },
    ),
    doubt: fc.record({
      sent: fc.integer({ min: 60, max: 540 }),
      lasted: fc.oneof(fc.constant(0), fc.nat(40)),
      delay: fc.oneof(fc.integer({ min: -2, max: 3 }), fc.integer({ min: -2, max: 59 })),
      waited: fc.oneof(fc.nat(120), fc.integer({ min: 120, max: 5_000 })),
      token: fc.nat(2),
    }),
  })
  .map(({ sends, offsets, doubt }) => {
    const delivered = (sends as number[]).map((sent, number): Delivered => {
      const { filed, waited, token } = offsets[number % offsets.length]!
      return { id: id(number), token: `token${token}`, sent, filed: sent + filed, occurred: sent - waited }
    })
    const { sent, lasted, delay, waited, token } = doubt
    const sentTo = sent + lasted
    const filed = (delay < 0 ? sent : sentTo) + delay
    return {
      delivered,
      doubt: { id: 'order-9999', token: `token${token}`, sent, sentTo, filed, occurred: sent - waited },
    }
  })

/** An export that lacks the counted event, for the reason that makes it lack others: absence is then a lie. */
function neverAbsent<Parameter>(
  parameter: fc.Arbitrary<Parameter>,
  lacks: (event: Delivered, parameter: Parameter, doubt: Doubt) => boolean,
  isTelling: (delivered: Delivered[], parameter: Parameter, doubt: Doubt) => boolean = () => true,
) {
  fc.assert(
    fc.property(world, parameter, ({ delivered, doubt }, parameter) => {
      fc.pre(lacks(doubt, parameter, doubt) && isTelling(delivered, parameter, doubt))
      expect(judge(delivered, doubt, (event) => !lacks(event, parameter, doubt)).kind).toBe('unproven')
    }),
    { numRuns: 1_000 },
  )
}

const hour = (minute: number) => Math.floor(minute / 60)

describe('absence from an export', () => {
  it('is proven in the midst of delivered events that are all there, and names the two around it', () => {
    const doubt = doubtAt(300)
    expect(judge(everyMinute(), doubt, lost(doubt))).toEqual({
      kind: 'absent',
      earlier: 1 + 294,
      later: 1 + 360,
      neighbours: 67,
    })
  })

  it('is never said of an event that the export was cut off before, at whatever instant', () => {
    neverAbsent(fc.integer({ min: 0, max: 700 }), ({ filed }, end) => filed >= end)
  })

  it('is never said of an event that was counted before the export begins', () => {
    neverAbsent(fc.integer({ min: 0, max: 700 }), ({ filed }, begin) => filed < begin)
  })

  it('is never said where files of whole hours are not there, whatever is in them', () => {
    neverAbsent(
      fc.array(fc.nat(11), { maxLength: 3 }),
      ({ filed }, hours, doubt) => hours.includes(hour(filed)) || hour(filed) === hour(doubt.filed),
    )
  })

  it('is never said where partitions by the time of occurrence are not there', () => {
    neverAbsent(
      fc.array(fc.integer({ min: -2, max: 11 }), { maxLength: 3 }),
      ({ occurred }, hours, doubt) =>
        hours.includes(hour(occurred)) || hour(occurred) === hour(doubt.occurred),
    )
  })

  it('is never said within a hole of any length that a delivered event was sent and filed in', () => {
    const isIn = (minute: number, { from, length }: { from: number; length: number }) =>
      minute >= from && minute < from + length
    neverAbsent(
      fc.record({ from: fc.nat(600), length: fc.nat(300) }),
      ({ filed }, hole) => isIn(filed, hole),
      (delivered, hole) => delivered.some(({ sent, filed }) => isIn(sent, hole) && isIn(filed, hole)),
    )
  })

  it('is never said of a token that the export is set up without, or with from some day on', () => {
    neverAbsent(
      fc.option(fc.integer({ min: 0, max: 700 })),
      ({ token, filed }, until, doubt) => token === doubt.token && filed < (until ?? 10_000),
    )
  })
})

describe('an unproven absence', () => {
  const all = everyMinute()

  it('says what is missing: too recent, no later, no earlier neighbour, or one beside it', () => {
    const doubt = doubtAt(570)
    expect(why(judge(all, doubt, lost(doubt), START + 600 * MINUTE))).toBe('too_recent')
    expect(why(judge(all, doubt, lost(doubt)))).toBe('no_later_neighbour')
    const first = doubtAt(3)
    expect(why(judge(all, first, lost(first)))).toBe('no_earlier_neighbour')
    const middle = doubtAt(300)
    const oneLost = ({ id: other }: Delivered) => other !== middle.id && other !== id(320)
    expect(judge(all, middle, oneLost)).toEqual({
      kind: 'unproven',
      why: 'neighbours_missing',
      example: 1 + 320,
    })
  })

  it('is what nine delivered events in the hour leave, and ten do not', () => {
    const doubt = doubtAt(330)
    // Every hour but the fifth is full; the doubt occurred in it, too, and was sent in its middle.
    const thin = (count: number) =>
      everyMinute()
        .map((event) => ({ ...event, occurred: event.sent }))
        .filter(({ sent }) => hour(sent) !== 5 || (sent >= 310 && sent < 310 + count))
    const changed = { ...doubt, occurred: 330 }
    expect(why(judge(thin(9), changed, lost(doubt)))).toBe('too_few_neighbours')
    expect(why(judge(thin(10), changed, lost(doubt)))).toBe('absent')
  })

  it('takes in the next hour for a request that was late in its own, and all hours that it may have been sent in', () => {
    const emptySixth = all.filter(({ sent }) => hour(sent) !== 6)
    const judged = (doubt: Doubt) => why(judge(emptySixth, doubt, lost(doubt)))
    expect(judged(doubtAt(344))).toBe('absent')
    expect(judged(doubtAt(346))).toBe('too_few_neighbours')
    expect(judged(doubtAt(310, { sentTo: 400 }))).toBe('too_few_neighbours')
  })

  it('is that of an id unlike those that came back', () => {
    const judged = (transactionId: string) => {
      const doubt = doubtAt(300, { id: transactionId })
      return why(judge(all, doubt, lost(doubt)))
    }
    expect(judged('order-7777')).toBe('absent')
    for (const other of ['order-77777', 'ORDER-7777', 'order+7777', 'örder-7777', '07777', ' order-777'])
      expect([other, judged(other)]).toEqual([other, 'id_unlike_others'])
  })

  it('is what one of them leaves that is missing, also far from the event if it is of the same token', () => {
    const doubt = doubtAt(300)
    const judged = (delivered: Delivered[], missing: number) =>
      why(judge(delivered, doubt, ({ id: other }) => other !== doubt.id && other !== id(missing)))
    // Its token is rare: found at 100 and 500, missing at 450. The app is found all the time.
    const rare = all.map((event) => ({
      ...event,
      token: [100, 450, 500].includes(event.sent) ? 'even' : 'odd',
    }))
    expect(judged(rare, 449)).toBe('absent')
    expect(judged(rare, 450)).toBe('neighbours_missing')
    // Of other tokens it counts beside the event, and back to the begin of its hour.
    expect(judged(all, 301)).toBe('neighbours_missing')
    expect(judged(all, 241)).toBe('neighbours_missing')
    expect(judged(all, 239)).toBe('absent')
    const atHalf = doubtAt(330)
    expect(why(judge(all, atHalf, ({ id: other }) => other !== atHalf.id && other !== id(301)))).toBe(
      'neighbours_missing',
    )
  })

  it('takes in the hour before for a request that was early in its own, for clocks differ', () => {
    const emptyFourth = all.filter(({ sent }) => hour(sent) !== 4 || sent === 240)
    const judged = (doubt: Doubt) => why(judge(emptyFourth, doubt, lost(doubt)))
    const occurred = { occurred: 310 }
    expect(judged(doubtAt(310, occurred))).toBe('absent')
    expect(judged(doubtAt(304, occurred))).toBe('too_few_neighbours')
  })

  it('looks back past neighbours of the last minutes, which may be filed after it', () => {
    const doubt = doubtAt(310, { occurred: 340 })
    // Between the found ones at 240 and 306 lies nothing but one that is missing, of its own token or of another.
    for (const missing of [250, 251]) {
      const sparse = all.filter(({ sent }) => sent <= 240 || sent === missing || sent >= 306)
      const judged = why(judge(sparse, doubt, ({ id: other }) => other !== doubt.id && other !== id(missing)))
      expect(judged).toBe('neighbours_missing')
    }
  })

  it('does not count those at the edges of the hour, which may be filed under another', () => {
    const doubt = doubtAt(330)
    const judged = (kept: (sent: number) => boolean) =>
      why(
        judge(
          all.filter(({ sent }) => hour(sent) !== 5 || kept(sent)),
          doubt,
          lost(doubt),
        ),
      )
    expect(judged((sent) => sent < 305 || sent >= 355)).toBe('too_few_neighbours')
    expect(judged((sent) => sent < 315)).toBe('absent')
  })

  it('is what others of its hour of occurrence leave: too few, or one that is missing though it was sent far away', () => {
    const old = doubtAt(300, { occurred: -1_000 })
    expect(why(judge(all, old, lost(old)))).toBe('too_few_neighbours')
    // Eleven events of that hour, sent two hours before: an export from that day on may begin in the middle of the hour.
    const withOld = all.map((event) =>
      event.sent >= 170 && event.sent < 181 ? { ...event, occurred: event.sent - 1_170 } : event,
    )
    expect(why(judge(withOld, old, lost(old)))).toBe('absent')
    const oneLost = (missing: number) => (event: Delivered) => event.id !== old.id && event.id !== id(missing)
    expect(why(judge(withOld, old, oneLost(175)))).toBe('neighbours_missing')
    // What was sent before the export begins, or after it ends, it lacks for that reason.
    const more = [...withOld, { id: id(700), token: 'odd', sent: 700, filed: 700, occurred: -1_000 }]
    expect(why(judge(more, old, oneLost(700)))).toBe('absent')
  })

  it('is what neighbours leave that needed several requests, for the export may have another than the one that counts', () => {
    const doubt = doubtAt(300)
    const repeated = all.map((event) => ({ ...event, requests: 2 }))
    expect(why(judge(repeated, doubt, lost(doubt)))).toBe('app_not_in_export')
    // Missing, they say as much as others.
    const one = all.map((event) => (event.sent === 320 ? { ...event, requests: 2 } : event))
    expect(why(judge(one, doubt, lost(doubt)))).toBe('absent')
    const oneLost = ({ id: other }: Delivered) => other !== doubt.id && other !== id(320)
    expect(why(judge(one, doubt, oneLost))).toBe('neighbours_missing')
  })
})
