import { ExitCode } from '../domain/exit-code.ts'

/**
 * The first SIGTERM or SIGINT asks the run to finish what is under way; a second one ends the process at once (the journal knows what
 * was in flight). Kubernetes sends SIGTERM and waits for the grace period, a person presses Ctrl-C.
 */
export function onStopSignal(say: (text: string) => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(ExitCode.tryAgain)
    say(`${name}: nothing new is sent; waiting for the answers that are under way (once more ends at once)`)
    controller.abort()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const release = () => {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
  return { signal: controller.signal, release }
}
