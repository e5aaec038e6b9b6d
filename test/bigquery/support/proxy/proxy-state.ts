import type { ProxiedCall } from './calls.ts'
import { FaultPlan } from './faults.ts'

/** What both sides of the proxy share. */
export class ProxyState {
  readonly plan = new FaultPlan()
  readonly calls: ProxiedCall[] = []
  /** Connections are reset as soon as they are made. */
  isDown = false
  /** The credentials are no longer valid. */
  isExpired = false

  record({ call, method, path, jobId, body, fault }: ProxiedCall): void {
    this.calls.push({ call, method, path, jobId, body, fault })
  }
}
