export interface Guard {
  name: string
  /** What breaks without it, for people. */
  protects: string
  /** Below `src`. */
  file: string
  /** The code that stands there once, and what it becomes. */
  from: string
  to: string
}

/** The guards that the promise rests on, each with the change to the program that takes it out. */
export const GUARDS: readonly Guard[] = [
  {
    name: 'fsync',
    protects: 'an intent survives a power cut',
    file: 'load/journal.ts',
    from: '    await this.#sync()\n    this.#durableFrames = this.#frames\n',
    to: '    this.#durableFrames = this.#frames\n',
  },
  {
    name: 'intent-before-send',
    protects: 'a request leaves only after its intent is durable',
    file: 'load/journal.ts',
    from: "    this.#pending.push({ type: 'intent', row })\n    this.#waiting.push(onDurable)\n",
    to: "    this.#pending.push({ type: 'intent', row })\n    queueMicrotask(onDurable)\n",
  },
  {
    name: 'revenue-order',
    protects: 'order over all events with revenue of a device',
    file: 'load/ordering.ts',
    from: "  if (event.kind === 'event' && event.revenue !== null) scopes.push(REVENUE_SCOPE)\n",
    to: '',
  },
  {
    name: 'alias-ids',
    protects: 'ids that came together are one device',
    file: 'load/ordering.ts',
    from: 'this.#devices.unite(event.appToken, event.deviceNames)',
    to: 'this.#devices.unite(event.appToken, event.deviceNames.slice(0, 1))',
  },
  {
    name: 'known-aliases',
    protects: 'what earlier runs saw together is one device',
    file: 'extract/source-row.ts',
    from: "knownDeviceNames: known === null ? [] : known.split(' '),",
    to: 'knownDeviceNames: known === null ? [] : [],',
  },
  {
    name: 'lane-held-in-retry',
    protects: 'later events of a device wait while one is tried again',
    file: 'load/load.ts',
    from: '    this.#retries++\n',
    to: "    this.#retries++\n    for (const next of this.#ordering.settle(ticket)) this.#ready.push(next)\n    ticket.state = 'open'\n",
  },
  {
    name: 'late-rows',
    protects: 'an event that a later one has overtaken is not sent',
    file: 'transform/transform.ts',
    from: 'if (laterDeliveredAtMicros === null || !skipsLate) return null',
    to: 'if (laterDeliveredAtMicros === null || skipsLate) return null',
  },
  {
    name: 'wait-for-in-doubt',
    protects: 'events of a device wait for one whose outcome an earlier run does not know',
    file: 'transform/transform.ts',
    from: "return event.kind === 'ad_revenue' ? null : row.waitsForInDoubt",
    to: "return event.kind === 'ad_revenue' ? row.waitsForInDoubt : null",
  },
  {
    name: '202-is-no-plain-success',
    protects: 'the run stops when Adjust misses the authentication token',
    file: 'load/classify.ts',
    from: "reason: 'ok_unauthenticated' }, stops: 'run' }",
    to: "reason: 'ok_unauthenticated' }, stops: null }",
  },
  {
    name: 'refused-app-stops',
    protects: 'one wrong app does not burn all of its events',
    file: 'load/adjust-health.ts',
    from: "    if (stops === 'app') this.#gate.stop(event, 'app', 'app_stopped')\n",
    to: '',
  },
  {
    name: 'time-out-not-retried',
    protects: 'an unknown outcome is not sent again',
    file: 'load/classify.ts',
    from: "finding: { kind: 'in_doubt', reason: 'timed_out' }",
    to: "finding: { kind: 'retry', reason: 'not_sent', retryAfterMs: null }",
  },
  {
    name: 'gateway-page-not-retried',
    protects: 'only the documented 500 says that the event failed',
    file: 'load/classify.ts',
    from: "  return inDoubt('undocumented_answer')\n",
    to: "  return retry('internal_error')\n",
  },
  {
    name: 'doubt-is-kept',
    protects: 'an event in doubt stays in doubt when this run cannot send it',
    file: 'load/rows.ts',
    from: "  if (earlier?.status !== 'in_doubt') return conclusion\n",
    to: '  if (earlier !== undefined) return conclusion\n',
  },
  {
    name: 'quiet-time',
    protects: 'a request may still be under way when its connection is gone',
    file: 'transform/in-doubt.ts',
    from: "ageMs >= IN_DOUBT_QUIET_MS ? 'resend' : 'hold'",
    to: "ageMs >= 0 ? 'resend' : 'hold'",
  },
  {
    name: 'lease-epoch',
    protects: 'of two that take the lease at once, one gets it',
    file: 'lease/lease.ts',
    from: '    if (rows === 0) return false\n',
    to: '',
  },
  {
    name: 'lease-deadline',
    protects: 'a paused run that wakes up late sends nothing',
    file: 'lease/lease-time.ts',
    from: '    until: monotonic + LEASE_MS,\n    untilMs,\n',
    to: '    until: monotonic + 1e12,\n    untilMs: untilMs + 1e12,\n',
  },
  {
    name: 'last-look-before-the-wire',
    protects: 'lease, age and stop are looked at once more when the connection is there',
    file: 'load/sender.ts',
    from: '      sending.takenBack = !this.#callbacks.mayLeave(sending.ticket)\n',
    to: '',
  },
  {
    name: 'lost-journal',
    protects: 'a lost journal does not read as "nothing was sent"',
    file: 'recovery.ts',
    from: '(found?.claimedToMicros ?? Number.NEGATIVE_INFINITY) >= run.claimedToMicros',
    to: '(found?.claimedToMicros ?? Number.POSITIVE_INFINITY) >= run.claimedToMicros',
  },
  {
    name: 'older-journal',
    protects: 'a copy of the journal that knows less is not taken for it',
    file: 'recovery.ts',
    from: '(found?.claimedToMicros ?? Number.NEGATIVE_INFINITY) >= run.claimedToMicros',
    to: 'found !== undefined || run.claimedToMicros === Number.NEGATIVE_INFINITY',
  },
  {
    name: 'claimed-before-sent',
    protects: 'nothing is sent beyond what the warehouse has been told',
    file: 'audit/claims.ts',
    from: '    await this.#parts.write(toMicros)\n',
    to: '    this.#parts.write(toMicros).catch(() => {})\n',
  },
  {
    name: 'age-at-sending',
    protects: 'nothing older than the limit is sent, however long it waited',
    file: 'load/load.ts',
    from: 'return this.#parts.clock.now() >= ticket.event.expiresAtMs',
    to: 'return this.#parts.clock.now() >= ticket.event.expiresAtMs + 1e12',
  },
  {
    name: 'nothing-ages-out-unseen',
    protects: 'what passes the age limit between two runs is settled as expired',
    file: 'selection.ts',
    from: 'const window = resolveWindow(selection, config.delivery, owedFromMs, nowMs)',
    to: 'const window = resolveWindow(selection, config.delivery, owedFromMs === null ? owedFromMs : null, nowMs)',
  },
  {
    name: 'tail-crc',
    protects: 'a half-written tail is not read as records',
    file: 'load/journal-format.ts',
    from: "if (header.payloadCrc === crc32(payload)) return { kind: 'whole', payload }",
    to: "if (header.payloadCrc !== -1) return { kind: 'whole', payload }",
  },
  {
    name: 'acknowledged-before-forgotten',
    protects: 'the journal forgets an outcome only when the warehouse has it',
    file: 'audit/audit.ts',
    from: '    try {\n      await this.#parts.record(',
    to: '    try {\n      await this.#acknowledge(batch)\n      await this.#parts.record(',
  },
  {
    name: 'written-once',
    protects: 'what a crash left is looked up before it is written',
    file: 'audit/recover.ts',
    from: '      for (const auditId of columns.audit_id ?? []) missing.delete(auditId as string)\n',
    to: '      for (const auditId of columns.audit_id ?? []) missing.has(auditId as string)\n',
  },
  {
    name: 'rate',
    protects: 'never more than the set requests in any one second',
    file: 'load/rate.ts',
    from: 'return Math.max(0, this.#startedAt[number % this.#limit]! + this.#windowMs - now)',
    to: 'return Math.max(0, 0 * (this.#startedAt[number % this.#limit]! + this.#windowMs - now))',
  },
  {
    name: 'rate-between-runs',
    protects: 'the last second of one run and the first of the next are not one',
    file: 'lease/lease.ts',
    from: 'Math.max(0, ...rows.map((row) => handoverMs(row, parts)))',
    to: '0 * rows.length',
  },
  {
    name: 'concurrency',
    protects: 'a crash leaves at most as many unknowns as may be in flight',
    file: 'load/adjust-health.ts',
    from: 'return inFlight >= this.#concurrency.limit',
    to: 'return inFlight >= 10 * this.#concurrency.limit',
  },
  {
    name: 'waits-name-what-they-wait-for',
    protects: 'a wait that goes on for another event says so',
    file: 'audit/audit.ts',
    from: "(row.status === 'in_doubt' || earlier.message === row.message)",
    to: "(row.status === 'in_doubt' || earlier.message !== '')",
  },
]
