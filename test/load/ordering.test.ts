import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../src/domain/event.ts'
import { Ordering, type Ticket } from '../../src/load/ordering.ts'
import { event } from './event.ts'
import { OrderingModel } from './ordering-model.ts'

/** An `Ordering` that is driven by transaction ids. */
class Driven {
  readonly ordering = new Ordering()
  readonly ready = new Map<string, Ticket>()
  readonly held = new Set<string>()

  admit(admitted: Event): string | null {
    const { ticket, waitsFor } = this.ordering.admit(admitted)
    if (waitsFor !== null) this.held.add(admitted.transactionId)
    else if (ticket.blockers === 0) this.ready.set(admitted.transactionId, ticket)
    return waitsFor
  }

  settle(transactionId: string): string[] {
    const released = this.ordering.settle(this.#take(transactionId))
    for (const ticket of released) this.ready.set(ticket.event.transactionId, ticket)
    return released.map((ticket) => ticket.event.transactionId)
  }

  hold(transactionId: string): string[] {
    const blocked = this.ordering.hold(this.#take(transactionId))
    this.held.add(transactionId)
    for (const { ticket } of blocked) this.held.add(ticket.event.transactionId)
    return blocked.map(({ ticket, waitsFor }) => `${ticket.event.transactionId} waits for ${waitsFor}`)
  }

  #take(transactionId: string): Ticket {
    const ticket = this.ready.get(transactionId)
    if (ticket === undefined) throw new Error(`${transactionId} is not ready`)
    this.ready.delete(transactionId)
    return ticket
  }
}

const subjects = fc.record({
  appToken: fc.constantFrom('app1', 'app2'),
  kind: fc.constantFrom('event', 'event', 'event', 'event', 'session', 'ad_revenue'),
  eventToken: fc.constantFrom('tok001', 'tok002', 'tok003'),
  revenue: fc.constantFrom(null, '9.99'),
  deviceNames: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 3 }),
}) as fc.Arbitrary<Partial<Event>>

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('admit' as const), subject: subjects }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('settle' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('hold' as const), pick: fc.nat() }) },
  ),
  { maxLength: 80, size: 'max' },
)

describe('the order rule', () => {
  it('makes ready exactly what no unsettled earlier event blocks, and holds exactly what shares a key with a held one', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const [driven, model] = [new Driven(), new OrderingModel()]
        for (const [number, step] of script.entries()) {
          if (step.do === 'admit') {
            const admitted = event(number, step.subject)
            const waitsFor = driven.admit(admitted)
            model.admit(admitted)
            if (waitsFor !== null) expect(model.held).toContain(waitsFor)
          } else {
            const id = model.ready[step.pick % Math.max(1, model.ready.length)]
            if (id === undefined) continue
            driven[step.do](id)
            model[step.do](id)
          }
          expect([...driven.ready.keys()].sort()).toEqual(model.ready.sort())
          expect([...driven.held].sort()).toEqual(model.held.sort())
        }
      }),
      { numRuns: 400 },
    )
  })

  it('ends with everything settled when everything that is ready is settled', () => {
    fc.assert(
      fc.property(fc.array(subjects, { maxLength: 60 }), (many) => {
        const driven = new Driven()
        for (const [number, subject] of many.entries()) driven.admit(event(number, subject))
        let settled = 0
        for (let [id] = driven.ready.keys(); id !== undefined; [id] = driven.ready.keys()) {
          driven.settle(id)
          settled++
        }
        expect(settled).toBe(many.length)
      }),
    )
  })

  it('keeps one token of a device in order, and lets another token and another device go ahead', () => {
    const driven = new Driven()
    driven.admit(event(1))
    driven.admit(event(2))
    driven.admit(event(3, { eventToken: 'tok002' }))
    driven.admit(event(4, { deviceNames: ['idfa:b'] }))
    expect([...driven.ready.keys()]).toEqual(['t00001', 't00003', 't00004'])
    expect(driven.settle('t00001')).toEqual(['t00002'])
  })

  it('keeps events with revenue in order across tokens', () => {
    const driven = new Driven()
    driven.admit(event(1, { eventToken: 'tok001', revenue: '1' }))
    driven.admit(event(2, { eventToken: 'tok002', revenue: '1' }))
    driven.admit(event(3, { eventToken: 'tok002' }))
    expect([...driven.ready.keys()]).toEqual(['t00001'])
    expect(driven.settle('t00001')).toEqual(['t00002'])
    expect(driven.settle('t00002')).toEqual(['t00003'])
  })

  it('knows two names as one device after an event that has both, for events with only one of them', () => {
    const driven = new Driven()
    driven.admit(event(1, { deviceNames: ['idfa:a', 'adid:x'] }))
    driven.settle('t00001')
    driven.admit(event(2, { deviceNames: ['idfa:a'] }))
    driven.admit(event(3, { deviceNames: ['adid:x'] }))
    expect([...driven.ready.keys()]).toEqual(['t00002'])
  })

  it('makes an event wait for both devices that it turns out to join', () => {
    const driven = new Driven()
    driven.admit(event(1, { deviceNames: ['idfa:a'] }))
    driven.admit(event(2, { deviceNames: ['adid:x'] }))
    driven.admit(event(3, { deviceNames: ['adid:x', 'idfa:a'] }))
    expect(driven.settle('t00002')).toEqual([])
    expect(driven.settle('t00001')).toEqual(['t00003'])
  })

  it('keeps an event that brings names together behind all open events of either, and what has both names behind it', () => {
    const driven = new Driven()
    driven.admit(event(1, { deviceNames: ['idfa:a'] }))
    driven.admit(event(2, { deviceNames: ['adid:x'], eventToken: 'tok002' }))
    driven.admit(event(3, { deviceNames: ['adid:x', 'idfa:a'], eventToken: 'tok003' }))
    driven.admit(event(4, { deviceNames: ['adid:x', 'idfa:a'], eventToken: 'tok004' }))
    driven.admit(event(5, { deviceNames: ['adid:x'], eventToken: 'tok005' }))
    expect([...driven.ready.keys()]).toEqual(['t00001', 't00002', 't00005'])
    expect(driven.settle('t00001')).toEqual([])
    expect(driven.settle('t00002')).toEqual(['t00003'])
    expect(driven.settle('t00003')).toEqual(['t00004'])
  })

  it('holds what follows a held event, and names the one that it waits for', () => {
    const driven = new Driven()
    driven.admit(event(1, { revenue: '1' }))
    driven.admit(event(2, { eventToken: 'tok002', revenue: '1' }))
    driven.admit(event(3, { eventToken: 'tok002' }))
    expect(driven.hold('t00001')).toEqual(['t00002 waits for t00001', 't00003 waits for t00002'])
    expect(driven.admit(event(4, { eventToken: 'tok002' }))).toBe('t00002')
    expect(driven.admit(event(5, { eventToken: 'tok003' }))).toBeNull()
  })

  it('counts the devices that are held', () => {
    const driven = new Driven()
    for (const [number, name] of ['a', 'b', 'c'].entries()) {
      driven.admit(event(number, { deviceNames: [name] }))
      driven.hold(`t0000${number}`)
    }
    expect(driven.ordering.heldDevices).toBe(3)
    driven.admit(event(4, { deviceNames: ['a', 'b'] }))
    expect(driven.ordering.heldDevices).toBe(2)
  })

  it('puts no order on events without a device', () => {
    const driven = new Driven()
    driven.admit(event(1, { deviceNames: [] }))
    driven.admit(event(2, { deviceNames: [] }))
    expect([...driven.ready.keys()]).toEqual(['t00001', 't00002'])
    expect(driven.hold('t00001')).toEqual([])
    expect(driven.settle('t00002')).toEqual([])
  })
})
