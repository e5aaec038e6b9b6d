import type { Clock } from '../domain/clock.ts'
import { ExpectedError, TransientError } from '../domain/errors.ts'
import type { Probe } from '../warehouse/warehouse.ts'
import { examine, type Outcome, type Seen } from './finding.ts'

/** A query that waits for its turn has time enough; an endpoint that swallows packets must not hold everything up for minutes. */
const TIMEOUT_MS = 60_000

/** Tries one thing that a run needs of its warehouse. What a run can do without is a warning. */
export function examineProbe(
  probe: Probe,
  needs: readonly Outcome<null>[],
  clock: Clock,
): Promise<Outcome<null>> {
  return examine(probe.name, needs, async () => {
    try {
      const seen = await inTime(probe.attempt(), probe.name, clock)
      const detail = probe.permission === null ? seen : `${seen} (${probe.permission})`
      return { detail, value: null }
    } catch (error) {
      return doneWithout(probe, error)
    }
  })
}

function doneWithout({ without }: Probe, error: unknown): Seen<null> {
  if (without === null || !(error instanceof ExpectedError)) throw error
  const mend = error.hint === undefined ? without : `${error.hint} ${without}`
  return { detail: error.message, value: null, mend }
}

async function inTime<T>(work: Promise<T>, name: string, clock: Clock): Promise<T> {
  let cancel = () => {}
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(TIMEOUT_MS, () =>
      reject(
        new TransientError(`${name}: no answer in ${TIMEOUT_MS / 1000} s`, {
          hint: 'Look whether something between this machine and the warehouse swallows the connection; then try again.',
        }),
      ),
    )
  })
  return Promise.race([work, late]).finally(() => cancel())
}
