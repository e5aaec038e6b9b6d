import { type GrpcCall, isRestCall, type RestCall } from './calls.ts'

/** Numbers of google.rpc.Code, as they stand in the `grpc-status` trailer. */
export const GRPC_CODES = {
  CANCELLED: 1,
  NOT_FOUND: 5,
  FAILED_PRECONDITION: 9,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const
export type GrpcCode = keyof typeof GRPC_CODES

/** An answer in the server's stead; it never sees the request. */
type StatusFault = { kind: 'status'; status: number; reason: string; message: string }
type GrpcStatusFault = { kind: 'grpc-status'; code: GrpcCode; message: string }

/** The connection is reset before the server sees the request, or after it has carried it out: the answer is lost. */
type ResetFault = {
  kind: 'reset-before' | 'reset-after'
  /** Of gRPC: the other streams of the connection live on. */
  only?: 'stream'
}

/** Nothing happens until `release()` or `clear()`; then the request goes its way. */
type HangFault = { kind: 'hang' }

/** Only for requests that carry a page token. */
type PageTokenFault = { kind: 'expired-page-token' }

/** The job is taken, does not run, and has failed by the time that anybody looks at it. */
type JobFault = { kind: 'job-error'; reason: string; message: string }

/** A stream ends after so many of the server's messages: with a status, or by a reset. */
type CutFault = { kind: 'cut'; afterMessages: number; code?: GrpcCode }

export type RestFault = StatusFault | ResetFault | HangFault | PageTokenFault | JobFault
export type GrpcFault = GrpcStatusFault | ResetFault | HangFault | CutFault
export type Fault = RestFault | GrpcFault

export interface Injection {
  call: RestCall | GrpcCall | 'any-rest' | 'any-grpc' | 'any'
  fault: Fault
  /** How many calls it meets; 1 when left out. */
  times?: number
  /** How many matching calls go through first; 0 when left out. */
  skip?: number
}

interface Planned extends Required<Injection> {}

/** A call on the lookout for its fault. */
export type Candidate =
  | { protocol: 'rest'; call: RestCall; hasPageToken: boolean }
  | { protocol: 'grpc'; call: GrpcCall }

/** The faults that are still to happen. A call meets the first that matches it, and counts for every one that it skips. */
export class FaultPlan {
  #planned: Planned[] = []
  #hanging: PromiseWithResolvers<void> = Promise.withResolvers()

  /** Throws on a fault that its call could never meet: a test would wait for it in vain. */
  add(injection: Injection): void {
    const { call, fault } = injection
    const protocol = protocolOf(fault)
    const callProtocol = call === 'any-rest' || isRestCall(call) ? 'rest' : 'grpc'
    if (call !== 'any' && protocol !== 'any' && protocol !== callProtocol)
      throw new TypeError(`${call} is a call of ${callProtocol}, which has no fault ${fault.kind}`)
    this.#planned.push({ times: 1, skip: 0, ...injection })
  }

  take(candidate: Candidate): Fault | null {
    for (const planned of this.#planned) {
      if (!matches(planned, candidate)) continue
      if (planned.skip > 0) planned.skip--
      else {
        planned.times--
        this.#planned = this.#planned.filter(({ times }) => times > 0)
        return planned.fault
      }
    }
    return null
  }

  /** Resolves when the calls that hang may go on. */
  released(): Promise<void> {
    return this.#hanging.promise
  }

  release(): void {
    this.#hanging.resolve()
    this.#hanging = Promise.withResolvers()
  }

  clear(): void {
    this.#planned = []
    this.release()
  }
}

function protocolOf({ kind }: Fault): 'rest' | 'grpc' | 'any' {
  switch (kind) {
    case 'status':
    case 'expired-page-token':
    case 'job-error':
      return 'rest'
    case 'grpc-status':
    case 'cut':
      return 'grpc'
    default:
      return 'any'
  }
}

function matches({ call, fault }: Planned, candidate: Candidate): boolean {
  if (call !== 'any' && call !== `any-${candidate.protocol}` && call !== candidate.call) return false
  const protocol = protocolOf(fault)
  if (protocol !== 'any' && protocol !== candidate.protocol) return false
  if (fault.kind === 'job-error') return candidate.call === 'submit'
  if (fault.kind === 'expired-page-token') return candidate.protocol === 'rest' && candidate.hasPageToken
  return true
}
