import { describe, expect, it } from 'vitest'
import { play } from './play.ts'
import { Simulation } from './simulation.ts'
import { describeBroken, SimulationTally } from './tally.ts'

const SEEDS = 2_000

describe('a week of production', () => {
  it('breaks no promise in any of two thousand seeds, whatever goes wrong', {
    timeout: 600_000,
  }, async () => {
    const tally = new SimulationTally()
    await play({ fromSeed: 1, seeds: SEEDS, onResult: (result) => tally.add(result) })
    expect(tally.broken.map((result) => describeBroken(result))).toEqual([])
    expect(tally.seeds).toBe(SEEDS)
    // Each kind of trouble was there, or the seeds prove less than they say.
    expect([...tally.injected.keys()].sort()).toEqual(TROUBLES)
    expect(tally.inDoubtAfterCrash).toBeGreaterThan(100)
  })

  it('is the same story for the same seed', async () => {
    const tell = async () => {
      const simulation = new Simulation(7)
      const result = await simulation.play()
      return { result, audit: simulation.tables.audit, runs: simulation.tables.runs }
    }
    expect(await tell()).toEqual(await tell())
  })
})

const TROUBLES = [
  'Adjust down',
  'cut off at work',
  'cut off from the warehouse',
  'disk full',
  'killed',
  'paused',
  'paused while it connects',
  'power cut',
  'request garbage_body',
  'request gateway_page',
  'request handled_late',
  'request internal_error',
  'request no_answer',
  'request refused',
  'request reset_after',
  'request reset_before',
  'request slow_answer',
  'request too_many_requests',
  'second run',
  'snapshot of the volume',
  'sync failed',
  'terminated',
  'volume from a backup',
  'volume lost',
  'warehouse answerLost',
  'warehouse away',
  'warehouse refused',
  'warehouse repeated',
  'warehouse resultCut',
]
