import { systemClock } from '../domain/clock.ts'
import { TransientError } from '../domain/errors.ts'
import { ExitCode } from '../domain/exit-code.ts'

/** Whoever signals a process group reaches the program once itself and once through its launcher: that is one signal. */
const ONE_SIGNAL_MS = 200

/**
 * The first SIGTERM or SIGINT asks the run to finish what is under way; a second one ends the process at once (the journal knows what
 * was in flight). Kubernetes sends SIGTERM and waits for the grace period, a person presses Ctrl-C.
 */
export function onStopSignal(say: (text: string) => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  let firstAt = Number.NEGATIVE_INFINITY
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (systemClock.monotonic() - firstAt > ONE_SIGNAL_MS) process.exit(ExitCode.tryAgain)
      return
    }
    firstAt = systemClock.monotonic()
    say(`${name}: nothing new is sent; waiting for the answers that are under way (once more ends at once)`)
    controller.abort(
      new TransientError(`${name}: stopped before the end`, {
        hint: 'Nothing is lost; run the same command again.',
      }),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const release = () => {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
  return { signal: controller.signal, release }
}
