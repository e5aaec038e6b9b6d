import { z } from 'zod'
import { REASONS } from '../../../src/domain/reason.ts'
import { STATUSES } from '../../../src/domain/settlement.ts'
import { VERDICTS } from '../../../src/resolve-job.ts'

/**
 * What each command prints with `--json`. Strict at every level: a key that is not here fails, so none gets out without being written down in
 * docs/json.md, whose tables and examples are held against these.
 */
const object = z.strictObject

const count = z.int().nonnegative()
const instant = z.iso.datetime()
const text = z.string()
/** Exact, as the warehouse has it: a float would round it. */
const money = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ type: 'decimal' })
const exitCode = z.union([0, 1, 2, 3, 4, 75].map((code) => z.literal(code))).meta({ type: 'exit code' })
const status = z.enum(STATUSES).meta({ type: 'status' })
const auditStatus = z.enum([...STATUSES, 'retried']).meta({ type: 'status' })
const reason = z.enum(Object.keys(REASONS) as [string, ...string[]]).meta({ type: 'reason' })
const verdict = z.enum(VERDICTS)
const runId = z
  .string()
  .regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}(-\d+)?$/)
  .meta({ type: 'run id' })
const shard = z
  .string()
  .regex(/^\d+\/\d+$/)
  .meta({ type: 'shard' })

const window = object({ from: instant, to: instant })
// Named ones stand in sections of their own, for several commands print them.
export const counts = object({
  read: count,
  ...(Object.fromEntries(STATUSES.map((name) => [name, count])) as Record<
    (typeof STATUSES)[number],
    typeof count
  >),
}).meta({ type: '[counts](#counts)' })
/** Of what a plan would send nobody knows yet what Adjust says. */
const countedReason = z.enum([...reason.options, 'would_be_sent']).meta({ type: 'reason' })
export const reasonCount = object({ status, reason: countedReason, count, example: text }).meta({
  type: '[reason count](#reason-counts)',
})
const reasons = z.array(reasonCount)
export const request = object({
  transaction_id: text,
  method: z.enum(['GET', 'POST']),
  url: text,
  parameters: z.array(text),
}).meta({ type: '[request](#requests)' })
export const attempt = object({
  settled_at: instant,
  run_id: runId,
  attempt: count,
  status: auditStatus,
  reason: text,
  http_status: z.int().nullable(),
  message: text.nullable(),
  sent_at: instant.nullable(),
  latency_ms: count.nullable(),
  occurred_at: instant.nullable(),
  kind: z.enum(['event', 'ad_revenue', 'session']).nullable(),
  app_token: text.nullable(),
  event_token: text.nullable(),
  revenue: money.nullable(),
  currency: text.nullable(),
  audit_id: text,
}).meta({ type: '[attempt](#attempts)' })
const examples = z.array(text)

export const run = object({
  run_id: runId,
  window,
  counts,
  reasons,
  requests: count,
  retries: count,
  duration_s: z.number().nonnegative(),
  rate_per_s: z.number().nonnegative(),
  bytes_billed: count.nullable(),
  recovered: count,
  stopped: reason.nullable(),
  last_failure: text.nullable(),
  refused: z.array(object({ name: text, reason })),
  read_to_end: z.boolean(),
  exit_code: exitCode,
})

export const plan = object({
  window,
  counts,
  reasons,
  warnings: z.record(text, count),
  tokens: z.record(text, count),
  leaves_earlier: z.boolean(),
  requests: z.array(request),
  bytes_estimated: count.nullable(),
  bytes_billed: count.nullable(),
  exit_code: exitCode,
})

export const statusOutput = object({
  leases: z.array(
    object({
      shard,
      holder: runId.nullable(),
      host: text.nullable(),
      pid: count.nullable(),
      epoch: count,
      acquired_at: instant.nullable(),
      expires_at: instant,
      sending: z.boolean(),
    }),
  ),
  runs: z.array(
    object({
      run_id: runId,
      state: z.enum(['ended', 'running', 'died']),
      started_at: instant,
      ended_at: instant.nullable(),
      window,
      full_window: z.boolean(),
      counts: counts.nullable(),
      reasons: reasons.nullable(),
      requests: count.nullable(),
      retries: count.nullable(),
      duration_s: z.number().nonnegative().nullable(),
      bytes_billed: count.nullable(),
      exit_code: exitCode.nullable(),
      shard: shard.nullable(),
      command: text.nullable(),
      host: text.nullable(),
      pid: count.nullable(),
      version: text.nullable(),
    }),
  ),
  open: z.array(
    object({
      status,
      reason,
      kind: z.enum(['event', 'ad_revenue', 'session']).nullable(),
      app_token: text.nullable(),
      event_token: text.nullable(),
      events: count,
      oldest_occurred_at: instant.nullable(),
      oldest_settled_at: instant.nullable(),
      example: text,
      given_up_at: instant.nullable(),
    }),
  ),
  exit_code: exitCode,
})

export const explain = object({
  transaction_id: text,
  source_rows: count,
  next: object({
    outcome: z.enum(['sent', 'held', ...STATUSES]),
    reason: reason.nullable(),
    message: text.nullable(),
  }).nullable(),
  request: request.nullable(),
  history: z.array(attempt),
  waits_for: attempt.nullable(),
  verdict: z.array(text),
  exit_code: exitCode,
})

export const doctor = object({
  checks: z.array(
    object({
      check: text,
      status: z.enum(['ok', 'warning', 'failed', 'skipped']),
      detail: text,
      hint: text.nullable(),
      request: request.nullable(),
    }),
  ),
  ok: count,
  warnings: count,
  failed: count,
  skipped: count,
  exit_code: exitCode,
})

const settled = object({ status, reason })
export const resolve = object({
  run_id: runId.nullable(),
  by: text,
  dry_run: z.boolean(),
  written: z.boolean(),
  counts: object({ change: count, unchanged: count, refused: count }),
  events: z.array(
    object({
      transaction_id: text,
      as: verdict,
      why: text,
      outcome: z.enum(['change', 'unchanged', 'refused']),
      from: settled.nullable(),
      to: settled.nullable(),
      occurred_at: instant.nullable(),
      revenue: money.nullable(),
      currency: text.nullable(),
      warning: z.enum(['too_old', 'too_recent']).nullable(),
      because: text.nullable(),
    }),
  ),
  unfinished_runs: z.array(runId),
  confirm_command: text.nullable(),
  exit_code: exitCode,
})

const found = { count, share: z.number().min(0).max(1).nullable(), examples }
export const reconcile = object({
  run_id: runId.nullable(),
  window,
  export: object({
    names: z.array(text),
    rows: count,
    rows_with_transaction_id: count,
    rows_of_other_tokens: count,
    from: instant.nullable(),
    to: instant.nullable(),
  }),
  findings: z.array(
    object({
      standing: z.enum(['in_doubt', 'abandoned', 'opened']),
      finding: z.enum([
        'found',
        'absent',
        'other_token',
        'app_not_in_export',
        'token_not_in_export',
        'id_unlike_others',
        'too_recent',
        'no_later_neighbour',
        'no_earlier_neighbour',
        'neighbours_missing',
        'too_few_neighbours',
      ]),
      count,
      example: text,
      missing: text.nullable(),
    }),
  ),
  changes: z.array(object({ transaction_id: text, status, reason, message: text.nullable() })),
  written: z.boolean(),
  quality: object({
    delivered: count,
    measured: count,
    found: count,
    missing: object(found),
    duplicated: object({ ...found, extra_rows: count }),
    not_measured: object({ outside_the_export: count, in_holes: count, token_not_in_export: count }),
    contradicted: z.array(object({ status, reason: text, count, examples })),
    unknown: object({ count, exact: z.boolean(), examples }),
  }),
  unfinished_runs: z.array(runId),
  exit_code: exitCode,
})

export const init = object({
  steps: z.array(
    object({
      kind: z.enum(['state directory', 'warehouse', 'table', 'column', 'view']),
      name: text,
      status: z.enum(['created', 'existed']),
    }),
  ),
  source: object({ path: text, exists: z.boolean() }),
  exit_code: exitCode,
})
export const initExample = object({ example: text, exit_code: exitCode })
export const initPrint = object({ statements: z.array(text), exit_code: exitCode })

export const simulateStart = object({ url: text, seed: count })
export const simulateEnd = object({
  requests: count,
  counted: count,
  counted_twice: z.array(text),
  out_of_order: z.array(count),
  busiest_second: object({ from: instant, requests: count }).nullable(),
  answers: z.array(object({ status: z.int().nullable(), message: text.nullable(), count })),
  faults: z.record(text, count),
  violations: z.record(text, count),
  exit_code: exitCode,
})

export const completion = object({
  shell: z.enum(['bash', 'zsh', 'fish']),
  script: text,
  exit_code: exitCode,
})

export const error = object({ error: object({ message: text, hint: text.nullable(), exit_code: exitCode }) })

/** By their headings in docs/json.md. */
export const SCHEMAS: Record<string, z.ZodType> = {
  Errors: error,
  Counts: counts,
  'Reason counts': reasonCount,
  Requests: request,
  Attempts: attempt,
  run,
  plan,
  status: statusOutput,
  explain,
  doctor,
  resolve,
  reconcile,
  init,
  'init --example': initExample,
  'init --print': initPrint,
  'simulate, at its start': simulateStart,
  'simulate, at its end': simulateEnd,
  completion,
}
