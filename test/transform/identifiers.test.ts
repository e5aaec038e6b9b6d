import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deviceName } from '../../src/domain/device-name.ts'
import { IDENTIFIERS, type Identifier } from '../../src/domain/event.ts'
import { eventOf, GPS_ADID, IDFA, parametersOf, transformed, verdict } from './source-row.ts'

const ZERO_UUID = '00000000-0000-0000-0000-000000000000'

describe('An identifier', () => {
  const spellings: [Identifier, string, string][] = [
    ['idfa', IDFA.toLowerCase(), IDFA],
    ['idfv', IDFA.toLowerCase(), IDFA],
    ['gps_adid', GPS_ADID.toUpperCase(), GPS_ADID],
    ['fire_adid', GPS_ADID.toUpperCase(), GPS_ADID],
    ['oaid', GPS_ADID.toUpperCase(), GPS_ADID],
    ['android_id', '9774D56D-682E549C', '9774d56d682e549c'],
    ['adid', 'AbC~!1', 'AbC~!1'],
    ['web_uuid', GPS_ADID.toUpperCase(), GPS_ADID.toUpperCase()],
    ['external_device_id', 'user 7 ü+&', 'user 7 ü+&'],
  ]
  it.each(spellings)('%s is sent in the spelling that Adjust wants', (kind, given, sent) => {
    expect(parametersOf({ identifiers: { [kind]: given } })[kind]).toBe(sent)
    expect(eventOf({ identifiers: { [kind]: given } }).identifiers).toEqual({ [kind]: sent })
  })

  const malformed: [Identifier, string][] = [
    ['idfa', IDFA.replaceAll('-', '')],
    ['idfv', `${IDFA}0`],
    ['gps_adid', ` ${GPS_ADID}`],
    ['fire_adid', GPS_ADID.replace('6', 'g')],
    ['oaid', 'unknown'],
    ['android_id', 'not hexadecimal'],
    ['android_id', 'a'.repeat(33)],
    ['adid', 'with space'],
    ['adid', 'a'.repeat(65)],
    ['web_uuid', 'ü'],
    ['external_device_id', 'a'.repeat(256)],
  ]
  it.each(malformed)('%s that reads "%s" is left out with a warning', (kind, value) => {
    const event = eventOf({ identifiers: { oaid: GPS_ADID, gps_adid: GPS_ADID, [kind]: value } })
    expect(event.warnings).toContain(`${kind}_malformed`)
    expect(event.query).not.toContain(`&${kind}=`)
  })

  it.each(IDENTIFIERS)('%s of zeros only is left out with a warning', (kind) => {
    const { query, warnings } = eventOf({
      identifiers: { gps_adid: GPS_ADID, idfa: IDFA, [kind]: ZERO_UUID },
    })
    expect(warnings).toContain(`${kind}_all_zero`)
    expect(query).not.toContain('0000-')
  })

  it('device_id is never sent', () => {
    const event = eventOf({ identifiers: { idfa: IDFA, device_id: 'user-7' } })
    expect(event.query).not.toContain('user-7')
    expect(event.identifiers).toEqual({ idfa: IDFA })
  })
})

describe('A row with no identifier left', () => {
  it('is invalid, and names the kinds but never the values', () => {
    expect(verdict({ identifiers: { idfa: 'secret', gps_adid: 'secret', oaid: ZERO_UUID } })).toBe(
      'settled invalid/identifier_malformed: malformed: idfa, gps_adid',
    )
  })

  it('is invalid when it had none, or only zeros, or only a device_id', () => {
    expect(verdict({ identifiers: {} })).toBe('settled invalid/identifier_missing: no identifier')
    expect(verdict({ identifiers: { idfa: '', device_id: 'user-7' } })).toBe(
      'settled invalid/identifier_missing: no identifier',
    )
    expect(verdict({ identifiers: { idfa: ZERO_UUID } })).toBe(
      'settled invalid/identifier_missing: only all-zero identifiers',
    )
    expect(transformed({ identifiers: { idfa: ZERO_UUID } })).toMatchObject({ warnings: ['idfa_all_zero'] })
  })
})

describe('A row without adid', () => {
  it('draws a warning, or is invalid in strict mode', () => {
    expect(eventOf({ identifiers: { idfa: IDFA } }).warnings).toEqual(['adid_missing'])
    expect(eventOf({ identifiers: { adid: 'a1', idfa: IDFA } }, { adid: 'require' }).warnings).toEqual([])
    expect(verdict({ identifiers: { idfa: IDFA } }, { adid: 'require' })).toContain('invalid/adid_missing')
    expect(verdict({ identifiers: { idfa: IDFA, adid: 'a b' } }, { adid: 'require' })).toContain(
      'adid_missing',
    )
  })
})

describe('The names of a device', () => {
  it('are those of its usable identifiers, then those seen with them, each once', () => {
    const event = eventOf({
      identifiers: { device_id: 'user-7', idfa: IDFA, gps_adid: 'malformed', oaid: ZERO_UUID },
      knownDeviceNames: [deviceName('idfa', IDFA), 'oaid:seen-before'],
    })
    expect(event.deviceNames).toEqual([
      deviceName('idfa', IDFA),
      deviceName('device_id', 'user-7'),
      'oaid:seen-before',
    ])
  })

  it('do not depend on the spelling in the source', () => {
    const names = (idfa: string) => eventOf({ identifiers: { idfa } }).deviceNames
    expect(names(IDFA.toLowerCase())).toEqual(names(IDFA))
  })

  it('are at most 32, its own first', () => {
    const knownDeviceNames = Array.from({ length: 100 }, (_, i) => `adid:${i}`)
    const { deviceNames } = eventOf({ identifiers: { idfa: IDFA }, knownDeviceNames })
    expect(deviceNames).toHaveLength(32)
    expect(deviceNames[0]).toBe(deviceName('idfa', IDFA))
    expect(deviceNames[31]).toBe('adid:30')
  })
})

describe('Any text as an identifier', () => {
  it('is sent in the documented form or not at all', () => {
    const id = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.uuid(),
      fc.uuid().map((uuid) => uuid.toUpperCase()),
    )
    fc.assert(
      fc.property(id, id, id, (idfa, gps_adid, android_id) => {
        const sent = parametersOf({ identifiers: { adid: 'a1', idfa, gps_adid, android_id } })
        expect(sent.idfa ?? IDFA).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/)
        expect(sent.gps_adid ?? GPS_ADID).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
        expect(sent.android_id ?? 'a').toMatch(/^[0-9a-f]+$/)
      }),
    )
  })
})
