import { describe, expect, it } from 'vitest'
import { exampleYaml } from '../../src/config/example.ts'
import { fields } from '../../src/config/fields.ts'
import { load, REQUIRED } from './config-folder.ts'

const lines = exampleYaml().split('\n')

/** The same with the second kind of warehouse instead of the first, as its comments say. */
function withOtherWarehouse(): string {
  const first = lines.indexOf('warehouse:')
  const or = lines.indexOf('# or:')
  const end = lines.indexOf('', or)
  const other = lines.slice(or + 1, end).map((line) => line.replace(/^# /, ''))
  return [...lines.slice(0, first), ...other, ...lines.slice(end)].join('\n')
}

const withoutPlace = ({
  configFile,
  source,
  stateDir,
  warehouse,
  ...rest
}: Awaited<ReturnType<typeof load>>) => rest

describe('the printed example', () => {
  it('loads, and gives the defaults', async () => {
    const [example, defaults] = [await load(exampleYaml()), await load(REQUIRED)]
    expect(withoutPlace(example)).toEqual(withoutPlace(defaults))
  })

  it('loads with the other warehouse put in its place', async () => {
    const config = await load(withOtherWarehouse())
    expect(config.warehouse).toMatchObject({ type: 'bigquery', location: 'EU', maximumGbBilled: 50 })
  })

  it.each(fields.map(({ path }) => path))('shows %s', (path) => {
    const key = path.split('.').at(-1)
    expect(lines.some((line) => line.replace(/^[# ]+/, '').startsWith(`${key}: `))).toBe(true)
  })

  it('has a comment above every setting', () => {
    const settings = lines.flatMap((line, index) => (/^ *[a-z_]+:/.test(line) ? [index] : []))
    const bare = settings.filter((index) => !/^ *# .+/.test(lines[index - 1] ?? ''))
    expect(bare).toEqual([])
  })

  it('is readable without scrolling sideways', () => {
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120)
  })
})

describe('every setting', () => {
  it.each(fields.map((field) => [field.path, field] as const))(
    '%s says what it is and what is allowed',
    (_, field) => {
      expect(field.description).toMatch(/^[A-Za-z].*\.$/)
      expect(field.allowed).not.toBe('')
      expect('defaultValue' in field || field.example !== undefined).toBe(true)
    },
  )

  it('has an environment variable of its own', () => {
    expect(new Set(fields.map(({ variable }) => variable)).size).toBe(fields.length)
  })
})
