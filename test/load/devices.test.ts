import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Device, Devices } from '../../src/load/devices.ts'

/** Lets an event of these names come and go. */
function visit(devices: Devices<string>, names: string[], app = 'app'): Device<string> {
  const device = devices.unite(app, names).device
  devices.enter(device, [], 'event')
  devices.release(device, [], 'event')
  return device
}

describe('the devices', () => {
  it('are forgotten when nothing is open on them and they have one name', () => {
    const devices = new Devices<string>()
    const before = visit(devices, ['b'])
    expect(devices.unite('app', ['b']).device).not.toBe(before)
  })

  it('are remembered while something is open on them or held', () => {
    const devices = new Devices<string>()
    const open = devices.unite('app', ['a']).device
    devices.enter(open, [], 'event')
    expect(devices.unite('app', ['a']).device).toBe(open)
    devices.hold(open, ['tok'], 't1')
    devices.release(open, [], 'event')
    expect(devices.unite('app', ['a']).device).toBe(open)
  })

  it('are remembered by several names, the most recently used up to the limit', () => {
    const devices = new Devices<string>(2)
    const [first, second] = [visit(devices, ['a', 'A']), visit(devices, ['b', 'B'])]
    visit(devices, ['A'])
    visit(devices, ['c', 'C'])
    expect(devices.unite('app', ['a']).device).toBe(first)
    expect(devices.unite('app', ['b']).device).not.toBe(second)
  })

  it('of two apps are two devices', () => {
    const devices = new Devices<string>()
    expect(devices.unite('app1', ['a']).device).not.toBe(devices.unite('app2', ['a']).device)
  })

  it('have the smallest of their names as root, whatever came first', () => {
    const devices = new Devices<string>()
    devices.enter(devices.unite('app', ['m']).device, [], 'event')
    devices.enter(devices.unite('app', ['c']).device, [], 'event')
    expect(devices.unite('app', ['z', 'm', 'c']).device.root).toBe('c')
    expect(devices.unite('app', ['m', 'b']).device.root).toBe('b')
  })

  it('never remember more names than are open, held, or within the limit', () => {
    const names = fc.uniqueArray(fc.integer({ min: 0, max: 40 }).map(String), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(names, { maxLength: 200 }), (visits) => {
        const devices = new Devices<string>(3)
        const known: Device<string>[] = visits.map((one) => visit(devices, one))
        const alive = new Set(known.map((device) => devices.current(device)))
        // A device is still known when its names lead back to it.
        const remembered = [...alive].filter((device) => knows(devices, device))
        expect(remembered.length).toBeLessThanOrEqual(3)
      }),
    )
  })
})

function knows(devices: Devices<string>, device: Device<string>): boolean {
  const name = device.names[0]!
  return devices.unite('app', [name]).device === device
}
