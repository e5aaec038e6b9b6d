import { describe, expect, it } from 'vitest'
import { Gate } from '../../src/load/gate.ts'
import { event } from './event.ts'

const go = { kind: 'go' }
const wait = { kind: 'wait' }
const stopped = (reason: string) => ({ kind: 'stopped', reason })

function proven(): Gate {
  const gate = new Gate()
  gate.pass(event(0))
  gate.returned(event(0), true)
  return gate
}

describe('the gate', () => {
  it('lets one event of an app and token go ahead, and the others wait for its answer', () => {
    const gate = new Gate()
    expect(gate.pass(event(1))).toEqual(go)
    expect(gate.pass(event(2))).toEqual(wait)
    expect(gate.pass(event(3, { eventToken: 'tok002' }))).toEqual(wait)
    expect(gate.pass(event(4, { appToken: 'other' }))).toEqual(go)
    expect(gate.returned(event(1), true)).toBe(true)
    expect(gate.pass(event(2))).toEqual(go)
    expect(gate.pass(event(5))).toEqual(go)
  })

  it('lets one event go ahead for each new token of a proven app', () => {
    const gate = proven()
    expect(gate.pass(event(1, { eventToken: 'tok002' }))).toEqual(go)
    expect(gate.pass(event(2, { eventToken: 'tok002' }))).toEqual(wait)
    expect(gate.pass(event(3))).toEqual(go)
  })

  it('sends another one ahead when the first came back and proved nothing', () => {
    const gate = new Gate()
    gate.pass(event(1))
    expect(gate.returned(event(1), false)).toBe(true)
    expect(gate.pass(event(2))).toEqual(go)
    expect(gate.pass(event(1))).toEqual(wait)
  })

  it('has nothing to open when an event of a proven token comes back', () => {
    expect(proven().returned(event(9), true)).toBe(false)
  })

  it('stops a token, and leaves the other tokens of the app alone', () => {
    const gate = proven()
    gate.stop(event(1), 'token', 'token_stopped')
    expect(gate.pass(event(2))).toEqual(stopped('token_stopped'))
    expect(gate.pass(event(3, { eventToken: 'tok002' }))).toEqual(go)
    expect(gate.stops()).toEqual([{ name: 'abcdefghijkl/tok001', reason: 'token_stopped' }])
  })

  it('stops an app with all its tokens, also those that it has not seen', () => {
    const gate = proven()
    gate.stop(event(1), 'app', 'app_stopped')
    expect(gate.pass(event(2, { eventToken: 'tok002' }))).toEqual(stopped('app_stopped'))
    expect(gate.pass(event(3, { appToken: 'other' }))).toEqual(go)
  })

  it('stops a token when 90 of its last 100 outcomes are rejections, and says so once', () => {
    const gate = proven()
    const counted = Array.from({ length: 110 }, (_, index) => gate.countOutcome(event(index), index >= 10))
    expect(counted.indexOf(true)).toBe(99)
    expect(counted.filter(Boolean)).toHaveLength(1)
    expect(gate.pass(event(2))).toEqual(stopped('rejection_storm'))
  })

  it('does not stop a token for a rejection here and there, or before it has seen enough', () => {
    const gate = proven()
    for (let index = 0; index < 99; index++) expect(gate.countOutcome(event(index), true)).toBe(false)
    const other = proven()
    for (let index = 0; index < 1_000; index++) other.countOutcome(event(index), index % 10 < 8)
    expect(other.pass(event(1))).toEqual(go)
  })
})
