import type { Answer } from './answer.ts'

export interface OutgoingRequest {
  /** Endpoint, such as `/event`. */
  path: string
  /** Form-encoded parameters. */
  query: string
  /** Bearer token of the app, null when none is configured. */
  token: string | null
}

export interface RequestCallbacks {
  /** Asked right before the first byte, for a connection may take its time; false takes the request back: it is answered `not_sent`. */
  mayStart: () => boolean
  /** The first byte goes out now; may be called by `send` itself, and is not called when the request fails before that. */
  onStart: () => void
  /** Called exactly once, never before `send` has returned. */
  onAnswer: (answer: Answer) => void
}

/** Carries requests to Adjust. */
export interface Transport {
  send(request: OutgoingRequest, callbacks: RequestCallbacks): void
  close(): Promise<void>
}
