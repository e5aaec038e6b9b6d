/** What came back for one request. The last three name how it failed, by what that says about the event. */
export type Answer =
  | { kind: 'answered'; status: number; retryAfterMs: number | null; body: string }
  /** Refused, unresolved, TLS failure: not one byte of the request was written. */
  | { kind: 'not_sent'; message: string }
  /** The connection broke after the first byte: whether Adjust has the event is unknown. */
  | { kind: 'lost'; message: string }
  /** No whole answer within the time-out: whether Adjust has the event is unknown. */
  | { kind: 'timed_out'; message: string }
