import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { faultPlanSchema } from '../../src/simulator/fault-plan.ts'
import { scenarioSchema } from '../../src/simulator/scenario.ts'
import { loadScenario } from '../../src/simulator/simulator.ts'
import { answerTo, event, send, start } from './sending.ts'

async function file(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'scenario-')), 'scenario.yaml')
  await writeFile(path, text)
  return path
}

describe('a scenario file', () => {
  it('in YAML sets the world and the faults of a simulator', async () => {
    const path = await file(`
world:
  devices:
    12345678e9012345: { opted_out: true }   # no number, though it looks like one
faults:
  internal_error: { requests: [1] }
`)
    const simulator = await start(await loadScenario(path))
    const parameters = event({ android_id: '12345678e9012345' })
    expect((await send(simulator, parameters)).status).toBe(500)
    expect(await answerTo(simulator, parameters)).toBe('451 Device is opted out')
  })

  it('in JSON is read as well', async () => {
    const simulator = await start(await loadScenario(await file('{"faults":{"too_many_requests":1}}')))
    expect((await send(simulator, event())).status).toBe(429)
  })

  it('that is empty changes nothing', async () => {
    expect(await loadScenario(await file(''))).toEqual({ world: {}, faults: {} })
    expect(await loadScenario(await file('world:\nfaults:\n'))).toEqual({ world: {}, faults: {} })
  })

  it.each([
    ['faults: { too_many_request: 1 }', 'faults.too_many_request: there is no such key', 'too_many_requests'],
    [
      'world: { apps: { abcdefghijkl: { stat: active } } }',
      'world.apps.abcdefghijkl.stat: there is',
      'status',
    ],
    ['faults: { no_answer: { countd: 1 } }', 'faults.no_answer.countd: there is no such key', 'counted'],
    ['faults: { no_answer: 5 }', 'faults.no_answer: Too big', 'docs/simulator.md'],
    ['faults: { no_answer: { first: few } }', 'faults.no_answer.first: ', 'docs/simulator.md'],
    ['faults: { latency_ms: { min: 5, max: 1 } }', 'min is greater than max', 'docs/simulator.md'],
    ['faults: { refuse_connections: { every_ms: 5, for_ms: 9 } }', 'for_ms', 'docs/simulator.md'],
    ['world: { apps: { abcdefghijkl: { secret: 12 } } }', 'apps.abcdefghijkl.secret: ', 'quotes'],
    ['faults: { latency_ms: fast }', 'faults.latency_ms: expected a number, { min, max }', 'docs'],
    ['faults: { internal_error: { x: 1 } }', 'faults.internal_error.x: there is no such key', 'every key'],
    ['world: [', 'neither YAML nor JSON', 'docs/simulator.md'],
    ['just a text', '(the whole)', 'docs/simulator.md'],
  ])('with %j says what is wrong and how to mend it', async (text, message, hint) => {
    const path = await file(text)
    await expect(loadScenario(path)).rejects.toMatchObject({
      name: 'TerminalError',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    })
    await expect(loadScenario(path)).rejects.toThrow(path)
  })

  it('as the documentation shows it is read, and shows every fault', async () => {
    const page = await readFile(new URL('../../docs/simulator.md', import.meta.url), 'utf8')
    const example = /```yaml\n(.*?)```/s.exec(page)?.[1]
    const { faults } = await loadScenario(await file(example ?? ''))
    expect(Object.keys(faults)).toEqual(Object.keys(faultPlanSchema.shape))
  })

  it('that is missing is named', async () => {
    await expect(loadScenario('/nowhere/scenario.yaml')).rejects.toMatchObject({
      name: 'TerminalError',
      message: 'Cannot read the scenario /nowhere/scenario.yaml (ENOENT).',
    })
  })

  it('has a description for every key', () => {
    const undescribed: string[] = []
    const visit = (node: unknown, place: string): void => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, value] of Object.entries(node)) {
        if (key !== 'properties') visit(value, `${place}/${key}`)
        else
          for (const [name, schema] of Object.entries<{ description?: string }>(value)) {
            // The ends of a range say themselves what they are.
            if (!schema.description && !/latency_ms/.test(place)) undescribed.push(`${place}/${name}`)
            visit(schema, `${place}/${name}`)
          }
      }
    }
    visit(z.toJSONSchema(scenarioSchema, { io: 'input', unrepresentable: 'any' }), '')
    expect(undescribed).toEqual([])
  })
})
