import type { CheckSettings } from './check.ts'
import type { AuditRow } from './witnesses.ts'

export function findTooManyUnknown(audit: readonly AuditRow[], settings: CheckSettings): string[] {
  const { concurrency, endedThemselves } = settings
  return [...unknownsByRun(audit)].flatMap(([runId, count]) => {
    if (endedThemselves.has(runId)) return `${runId}: it ended by itself, and left ${count} unknown`
    return count > concurrency
      ? `${runId}: ${count} unknown after it died, with ${concurrency} in flight`
      : []
  })
}

/** Events that the death of a run left in doubt, by run. A later run's word that an event is still in doubt is no new one. */
export function unknownsByRun(audit: readonly AuditRow[]): Map<string, number> {
  const counts = new Map<string, number>()
  const known = new Set<string>()
  for (const { id, runId, attempt, reason } of audit) {
    const request = `${id} ${attempt}`
    if (reason !== 'process_died' || known.has(request)) continue
    known.add(request)
    counts.set(runId, (counts.get(runId) ?? 0) + 1)
  }
  return counts
}
