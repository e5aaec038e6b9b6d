import { doubtfulOf, type Judgement, type Resolved } from '../resolve-job.ts'
import { iso } from './query-rows.ts'
import { type Details, occurredAtMs } from './resolve-text.ts'

/** For `--json`. Instants are ISO text. */
export function resolvedJson(resolved: Resolved, { flags, maxAgeDays, command, exitCode }: Details) {
  const { runId, judgements, isWritten, unfinished, nowMs } = resolved
  const count = (kind: Judgement['kind']) => judgements.filter((judgement) => judgement.kind === kind).length
  return {
    run_id: isWritten && count('change') > 0 ? runId : null,
    by: flags.by,
    dry_run: flags.dryRun,
    written: isWritten && count('change') > 0,
    counts: { change: count('change'), unchanged: count('unchanged'), refused: count('refused') },
    events: judgements.map((judgement) => eventJson(judgement, maxAgeDays, nowMs)),
    unfinished_runs: unfinished.map(({ runId: unfinishedRunId }) => unfinishedRunId),
    confirm_command: command,
    exit_code: exitCode,
  }
}

function eventJson(judgement: Judgement, maxAgeDays: number, nowMs: number) {
  const { kind, claim, settlement } = judgement
  const isChange = kind === 'change'
  return {
    transaction_id: claim.transactionId,
    as: claim.verdict,
    why: claim.why,
    outcome: kind,
    from: settlement === null ? null : { status: settlement.status, reason: settlement.reason },
    to: isChange ? { status: judgement.resolution.status, reason: judgement.resolution.reason } : null,
    occurred_at: settlement === null ? null : iso(occurredAtMs(settlement)),
    revenue: settlement?.revenue ?? null,
    currency: settlement?.currency ?? null,
    warning: isChange ? doubtfulOf(judgement, maxAgeDays, nowMs) : null,
    because: kind === 'refused' ? judgement.because : null,
  }
}
