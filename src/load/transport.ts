import type { Answer } from './answer.ts'

export interface OutgoingRequest {
  /** Endpoint, such as `/event`. */
  path: string
  /** Form-encoded parameters. */
  query: string
  /** Bearer token of the app, null when none is configured. */
  token: string | null
}

/** Carries requests to Adjust. Calls back exactly once for each, never before `send` has returned. */
export interface Transport {
  send(request: OutgoingRequest, onAnswer: (answer: Answer) => void): void
  close(): Promise<void>
}
