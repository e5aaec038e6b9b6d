/** Instants are epoch microseconds. */
export interface ClaimParts {
  /** End of the window, exclusive. Rows from there on are read only to be settled, and are not claimed. */
  windowToMicros: number
  /** Makes a mark durable, in the journal and then in `s2s_runs`. */
  write: (toMicros: number) => Promise<void>
}

/**
 * How far a run has said that it sends. Rows come in `occurred_at` order, so the mark is an instant; it is durable before the first
 * request beyond it leaves. Without the journal of a run that died, the next one knows by the mark what certainly was not sent.
 */
export class Claims {
  readonly #parts: ClaimParts
  #claimedToMicros = Number.NEGATIVE_INFINITY

  constructor(parts: ClaimParts) {
    this.#parts = parts
  }

  /** Whether an event of this instant may be sent. */
  covers(occurredAtMicros: number): boolean {
    return occurredAtMicros <= this.#claimedToMicros
  }

  /**
   * Moves the mark to the end of a batch, whose instants are those of its rows in their order (null for a row without a time). Throws what
   * the warehouse throws; the mark is then where it was.
   */
  async extend(instants: readonly (number | null)[]): Promise<void> {
    // A single row of the year 2255 must not move the mark over everything that is still to come.
    const toMicros = instants.findLast((instant) => instant !== null && this.#isInWindow(instant)) ?? null
    if (toMicros === null || this.covers(toMicros)) return
    await this.#parts.write(toMicros)
    this.#claimedToMicros = toMicros
  }

  #isInWindow(occurredAtMicros: number): boolean {
    return occurredAtMicros < this.#parts.windowToMicros
  }
}

/**
 * Hands out each batch once it is claimed. One batch is read ahead, and its claim is written while the one before is delivered: a claim
 * takes the warehouse up to a second, and nobody waits for it but the first.
 */
export async function* claimAhead<Batch>(
  batches: AsyncIterable<Batch>,
  instantsOf: (batch: Batch) => readonly (number | null)[],
  claims: Pick<Claims, 'extend'>,
): AsyncIterable<Batch> {
  let ahead: { batch: Batch; claimed: Promise<void> } | null = null
  try {
    for await (const batch of batches) {
      await ahead?.claimed
      const claimed: { batch: Batch } | null = ahead
      ahead = { batch, claimed: claims.extend(instantsOf(batch)) }
      // It is awaited before its rows go out; until then a failure must not count as one that nobody handles.
      ahead.claimed.catch(() => {})
      if (claimed !== null) yield claimed.batch
    }
    if (ahead === null) return
    await ahead.claimed
    yield ahead.batch
  } finally {
    // The run may end here: no write is left behind under way.
    await ahead?.claimed
  }
}
