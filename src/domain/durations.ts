export const MS_PER_MINUTE = 60_000
export const MS_PER_HOUR = 60 * MS_PER_MINUTE
export const MS_PER_DAY = 24 * MS_PER_HOUR

/**
 * Clocks of apps and warehouses disagree by seconds; more than this is a wrong time zone or a wrong unit. Extraction and transform have
 * to draw the same line: what the one waits for no longer, the other settles as invalid.
 */
export const MAX_FUTURE_MS = 5 * MS_PER_MINUTE

/** A run looks at the audit rows of 118 days: twice the age limit, and a margin. With less it would send again what is forgotten. */
export const SHORTEST_AUDIT_DAYS = 120

/** Twice the age limit: what is open for longer has lost its source row, and must not hold the window open, or alarm, for ever. */
export const OPEN_LOOK_BACK_DAYS = 116
