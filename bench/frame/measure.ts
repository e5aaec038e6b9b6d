import { systemClock } from '../../src/domain/clock.ts'
import { TABLES } from '../benchmarks.ts'
import type { Sample } from './benchmark.ts'

/** Measures one line once and sends the `Sample`: `node measure.ts TABLE LINE ROWS FIXTURES`, the first two by their index. */
const [table = '', line = '', rows = '', fixtures = '[]'] = process.argv.slice(2)
// At the end, and at once when nobody waits for the result any more.
process.once('disconnect', () => process.exit())
const prepare = await TABLES[Number(table)]!.lines[Number(line)]!.load()
const { work, figures, close } = await prepare(Number(rows), JSON.parse(fixtures))

const cpuBefore = process.cpuUsage()
const beginMs = systemClock.monotonic()
let firstMs: number | undefined
const worked = await work(() => {
  firstMs ??= systemClock.monotonic()
})
const endMs = systemClock.monotonic()
const { user, system } = process.cpuUsage(cpuBefore)

// A reader that lost rows would be the fastest of all.
if (worked !== Number(rows)) throw new Error(`${worked} rows of ${rows}`)
const measured = {
  rows: worked,
  seconds: (endMs - beginMs) / 1000,
  firstSeconds: ((firstMs ?? endMs) - beginMs) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakBytes: process.resourceUsage().maxRSS * 1024,
}
const sample: Sample = { ...measured, figures: (await figures?.()) ?? {} }
await close()
process.send!(sample)
