/** What a span of a trace says beside its name and its time. No ids of devices or transactions. */
export type SpanAttributes = Record<string, string | number | boolean>

/**
 * Does some work within a span of this name, under the span around it; a failure is noted in the span and thrown on. The work may say
 * more of itself by `note`.
 */
export type Trace = <T>(
  name: string,
  work: (note: (attributes: SpanAttributes) => void) => Promise<T>,
) => Promise<T>

/** Nobody looks. */
export const noTrace: Trace = (_name, work) => work(() => {})
