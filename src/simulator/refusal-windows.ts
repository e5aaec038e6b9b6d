import type { RefusalSettings } from './fault-plan.ts'
import type { Timers } from './timers.ts'

/** What a window of refused connections does to the server. */
export interface Door {
  /** Stop listening, and close idle connections if asked to. */
  shut(closeIdle: boolean): void
  /** Listen again on the same port. */
  reopen(): void
}

/** Shuts and reopens a door in the plan's rhythm until it is stopped. */
export class RefusalWindows {
  private readonly settings: RefusalSettings
  private readonly timers: Timers
  private readonly door: Door
  private cancel: () => void = () => {}
  private shut = false

  constructor(settings: RefusalSettings, timers: Timers, door: Door) {
    this.settings = settings
    this.timers = timers
    this.door = door
  }

  start(): void {
    this.waitToShut(this.settings.first_after_ms ?? this.settings.every_ms)
  }

  /** Ends the rhythm with the door open. */
  stop(): void {
    this.cancel()
    if (this.shut) this.door.reopen()
    this.shut = false
  }

  private waitToShut(delayMs: number): void {
    const { every_ms, for_ms, close_idle } = this.settings
    this.cancel = this.timers.after(delayMs, () => {
      this.shut = true
      this.door.shut(close_idle)
      this.cancel = this.timers.after(for_ms, () => {
        this.shut = false
        this.door.reopen()
        this.waitToShut(every_ms - for_ms)
      })
    })
  }
}
