/** What to do with an event whose outcome stayed unknown: keep its device waiting, leave it, or send it again. */
export type InDoubtPolicy = 'hold' | 'skip' | 'resend'

/** What is sent though it is settled. */
export const RESEND_MODES = ['none', 'failed', 'all'] as const
export type ResendMode = (typeof RESEND_MODES)[number]
