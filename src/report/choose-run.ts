import { TerminalError } from '../domain/errors.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import { type RunRecord, readRuns } from './run-record.ts'

/** How many of the runs that are meant by one abbreviation are named. */
const NAMED = 5

const LIST = '`adjust-s2s status` lists the last runs.'

/**
 * The run that is asked for: by its id, by the beginning of it or by what stands behind its hyphen; null takes the newest one that ended.
 *
 * @throws TerminalError when there is none, or more than one.
 */
export async function chooseRun(
  warehouse: Pick<Warehouse, 'query'>,
  text: string | null,
): Promise<RunRecord> {
  if (text === null) return newestEnded(warehouse)
  // Nothing else stands in a run id, and nothing of this means anything in a regular expression.
  if (!/^[0-9A-Za-z-]+$/.test(text)) throw notFound(text)
  const runs = await readRuns(warehouse, { pattern: `^${text}|-${text}$`, limit: NAMED + 1 })
  const exact = runs.find(({ runId }) => runId === text)
  const [only, other] = runs
  if (exact !== undefined) return exact
  if (only === undefined) throw notFound(text)
  if (other === undefined) return only
  const names = runs.slice(0, NAMED).map(({ runId }) => runId)
  const more = runs.length > NAMED ? ', …' : ''
  throw new TerminalError(`${text} is short for several runs: ${names.join(', ')}${more}.`, {
    hint: `Give more of the id. ${LIST}`,
  })
}

async function newestEnded(warehouse: Pick<Warehouse, 'query'>): Promise<RunRecord> {
  const [run] = await readRuns(warehouse, { endedOnly: true, limit: 1 })
  if (run !== undefined) return run
  const [unfinished] = await readRuns(warehouse, { limit: 1 })
  throw new TerminalError('No run has ended yet.', {
    hint:
      unfinished === undefined
        ? '`adjust-s2s run` makes the first one.'
        : `Run ${unfinished.runId} was started and has not ended: \`adjust-s2s report ${unfinished.runId}\` shows what is known of it.`,
  })
}

function notFound(text: string): TerminalError {
  return new TerminalError(`The log of runs has no run ${JSON.stringify(text)}.`, { hint: LIST })
}
