import { describe, expect, it } from 'vitest'
import { reproducible, type Sbom } from '../../tools/container/sbom.ts'

/** As npm writes it, in the order and with the time and number of one call. */
function sbomOf(serialNumber: string, timestamp: string, refs: string[]): Sbom {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber,
    metadata: {
      timestamp,
      tools: [{ name: 'cli' }],
      component: { 'bom-ref': 'adjust-s2s@1', type: 'library', name: 'the-folder' },
    },
    components: refs.map((ref) => ({ 'bom-ref': ref, type: 'library', name: ref })),
    dependencies: refs.map((ref) => ({ ref, dependsOn: [] })),
  }
}

const one = reproducible(sbomOf('urn:uuid:1', '2026-01-01T00:00:00Z', ['b@1', 'a@1']), 'adjust-s2s')

describe('the bill of materials', () => {
  it('is the same text for the same packages, whenever and wherever it is made', () => {
    const other = reproducible(sbomOf('urn:uuid:2', '2026-05-05T00:00:00Z', ['a@1', 'b@1']), 'adjust-s2s')
    expect(JSON.stringify(other)).toBe(JSON.stringify(one))
  })

  it('has another serial number for other packages, a UUID as CycloneDX wants it', () => {
    const other = reproducible(sbomOf('urn:uuid:1', '2026-01-01T00:00:00Z', ['a@2', 'b@1']), 'adjust-s2s')
    expect(other.serialNumber).not.toBe(one.serialNumber)
    expect(one.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })

  it('calls the program by its name, not by its folder', () => {
    expect(one.metadata.component).toMatchObject({
      name: 'adjust-s2s',
      type: 'application',
      'bom-ref': 'adjust-s2s@1',
    })
    expect(one.metadata).not.toHaveProperty('timestamp')
  })
})
