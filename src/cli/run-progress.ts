import { systemClock } from '../domain/clock.ts'
import type { Log } from '../log.ts'
import type { RunProgress } from '../run-job.ts'
import type { CommandContext } from './command.ts'
import { createProgress, type Progress } from './progress.ts'

/** How often the progress is asked for; drawing and logging have paces of their own. */
const ASK_PROGRESS_MS = 200

/** Asks the run how far it is, as long as it lasts. */
export function showProgress({ flags, stderr }: CommandContext, log: Log) {
  let display: Progress | null = null
  let cancel = () => {}
  const follow = (ask: () => RunProgress) => {
    if (flags.quiet) return
    display = createProgress({ stream: stderr, isTTY: stderr.isTTY, clock: systemClock, log })
    const startedAt = systemClock.monotonic()
    const update = () => {
      const now = ask()
      const seconds = (systemClock.monotonic() - startedAt) / 1000
      display?.update({ ...now, requestsPerSecond: seconds > 0 ? now.settled / seconds : 0 })
      cancel = systemClock.after(ASK_PROGRESS_MS, update)
    }
    update()
  }
  const stop = () => {
    cancel()
    display?.stop()
    display = null
  }
  return { follow, stop }
}
