import type { ExitCode } from '../domain/exit-code.ts'
import type { Unproven } from '../export/completeness.ts'
import type { Examples } from '../export/quality.ts'
import type { Finding, Standing } from '../reconcile-doubts.ts'
import type { Reconciliation } from '../reconcile-job.ts'
import { iso } from './query-rows.ts'

/** What the export says: `delivered` (found), `not_delivered` (absent), or why neither is proven. */
export type FindingCode = 'found' | 'absent' | Unproven

export interface FindingCount {
  standing: Standing
  finding: FindingCode
  count: number
  /** transaction_id of the first of them. */
  example: string
  /** Of that one: a delivered event that the export lacks. */
  missing: string | null
}

const STANDINGS: readonly Standing[] = ['in_doubt', 'abandoned', 'opened']

/** Findings by standing and what the export says, in this order: in doubt first, found first. */
export function countFindings(findings: readonly Finding[]): FindingCount[] {
  const counts = new Map<string, FindingCount>()
  for (const { doubt, standing, verdict, exampleId } of findings) {
    const finding = verdict.kind === 'unproven' ? verdict.why : verdict.kind
    const known = counts.get(`${standing} ${finding}`)
    if (known !== undefined) known.count++
    else
      counts.set(`${standing} ${finding}`, {
        ...{ standing, finding, count: 1 },
        ...{ example: doubt.transactionId, missing: exampleId },
      })
  }
  const rank = ({ standing, finding }: FindingCount) =>
    STANDINGS.indexOf(standing) * 3 + (finding === 'found' ? 0 : finding === 'absent' ? 1 : 2)
  return [...counts.values()].sort((one, other) => rank(one) - rank(other))
}

/** `reconcile --json`. Shares are of 1, rounded to six digits; instants are ISO, UTC. */
export function reconciliationJson(reconciliation: Reconciliation, exitCode: ExitCode) {
  const { runId, window, findings, quality, unknown, unfinishedRuns, isWritten } = reconciliation
  const { delivered, measured, found, missing, duplicated, notMeasured, contradicted } = quality
  return {
    run_id: isWritten ? runId : null,
    window: { from: iso(window.fromMs), to: iso(window.toMs) },
    export: exportJson(reconciliation.export),
    findings: countFindings(findings),
    changes: findings.flatMap(({ doubt, resolution }) =>
      resolution === null
        ? []
        : [
            {
              transaction_id: doubt.transactionId,
              status: resolution.status,
              reason: resolution.reason,
              message: resolution.message,
            },
          ],
    ),
    written: isWritten,
    quality: {
      delivered,
      measured,
      found,
      missing: { ...withShare(missing, measured), examples: missing.examples },
      duplicated: {
        ...withShare(duplicated, measured),
        extra_rows: duplicated.extraRows,
        examples: duplicated.examples,
      },
      not_measured: {
        outside_the_export: notMeasured.outsideTheExport,
        in_holes: notMeasured.inHoles,
        token_not_in_export: notMeasured.tokenNotInExport,
      },
      contradicted: [...contradicted].map(([outcome, { count, examples }]) => {
        const [status, reason] = outcome.split(' ')
        return { status, reason, count, examples }
      }),
      unknown: { count: unknown.count, exact: unknown.isExact, examples: unknown.examples },
    },
    unfinished_runs: unfinishedRuns,
    exit_code: exitCode,
  }
}

function exportJson({ names, rows, rowsWithId, foreignRows, fromMs, toMs }: Reconciliation['export']) {
  return {
    names,
    rows,
    rows_with_transaction_id: rowsWithId,
    rows_of_other_tokens: foreignRows,
    from: iso(fromMs),
    to: iso(toMs),
  }
}

function withShare({ count }: Examples, of: number): { count: number; share: number | null } {
  return { count, share: of === 0 ? null : Number((count / of).toFixed(6)) }
}
