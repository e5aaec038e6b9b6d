/**
 * `npm run check:crash -- --kills 1000 [--seed S] [--shops K] [--pauses N]`
 *
 * Real `adjust-s2s run` processes deliver from a real DuckDB file to the simulator in another process, and are killed (`kill -9`) at random
 * instants of their lives, a thousand times; between that they meet SIGTERM, SIGSTOP and SIGCONT, a second run, a full disk, and an
 * Adjust that fails in all the ways that it has. At the end of each shop faults stop, everything that can be settled has to be within
 * three runs, and three witnesses are compared: the source rows, the simulator's truth log, the audit table. Never the sender's own state.
 *
 * `--shops K` live at a time (2). `--pauses N` runs are stopped for longer than their lease, all at the same time, which takes eight minutes:
 * with a DuckDB file, and, where the emulator is installed (`node tools/bigquery-emulator/setup.ts`), beside another machine that takes over.
 * The seed decides what shops are like and what happens to them; the instants are those of a real machine, so the same seed gives the
 * same troubles, not the same run. A shop that broke a rule leaves its folder behind.
 *
 * A disk that runs full is a small tmpfs, which takes the right to mount: `unshare --user --map-root-user --mount npm run check:crash`
 * lends it; without, those troubles are left out and the table shows 0. A killed process leaves to the operating system what it has
 * written: what a power cut takes is a matter of the simulation, not of this.
 */
import { parseArgs } from 'node:util'
import { systemClock, systemRandom } from '../../src/domain/clock.ts'
import { CrashProof } from './crash-proof.ts'

const USAGE = 'npm run check:crash -- [--kills N] [--seed S] [--shops K] [--pauses N]\n'
const PROGRESS_MS = 5_000

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(systemRandom() * 2 ** 31)) },
    shops: { type: 'string', default: '2' },
    pauses: { type: 'string', default: '0' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const [kills, seed, shops, pauses] = [values.kills, values.seed, values.shops, values.pauses].map(Number)
const isWrong = [kills, seed, shops, pauses].some((number) => !Number.isSafeInteger(number) || number! < 0)
if (values.help || isWrong || shops === 0) {
  process.stderr.write(USAGE)
  process.exit(values.help ? 0 : 2)
}
const proof = new CrashProof({ kills: kills!, seed: seed!, shops: shops!, pauses: pauses! })
process.stderr.write(`seed ${seed}; shops in ${proof.folder}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    process.stderr.write(`${signal}: given up; what there is stays in ${proof.folder}\n`)
    process.exit(130)
  })
}
const startedAt = systemClock.monotonic()
const seconds = () => (systemClock.monotonic() - startedAt) / 1000
const progress = setInterval(() => {
  process.stderr.write(`${proof.score.progress({ kills: kills!, pauses: pauses! }, seconds())}\n`)
}, PROGRESS_MS)
const failures = await proof.run()
clearInterval(progress)
process.stdout.write(`${proof.score.table(seconds())}\n`)
for (const text of failures) process.stdout.write(`${text}\n`)
process.exit(failures.length === 0 ? 0 : 1)
