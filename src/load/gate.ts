import type { Event } from '../domain/event.ts'
import type { Reason } from '../domain/reason.ts'

/** Outcomes that are looked at to tell a storm of rejections from single bad events. */
const STORM_WINDOW = 100
const STORM_REJECTED = 90

/** May this event be sent? A scout goes first: until one answer has proven an app and a token, only one request of it is out. */
export type Passage = { kind: 'go' } | { kind: 'wait' } | { kind: 'stopped'; reason: Reason }

interface Door {
  proven: boolean
  /** The scout's transaction. */
  scout: string | null
  stopped: Reason | null
}

interface AppDoor extends Door {
  /** By event token, or by kind for events that have none. */
  tokens: Map<string, TokenDoor>
}

interface TokenDoor extends Door {
  app: AppDoor
  recent: boolean[]
  rejected: number
}

/**
 * Keeps one wrong token from burning a million events: an app or token that Adjust refuses stops, and one whose recent events are
 * nearly all rejected stops as well. What is stopped stays unsent.
 */
export class Gate {
  readonly #apps = new Map<string, AppDoor>()

  pass(event: Event): Passage {
    const token = this.#door(event)
    const { app } = token
    const reason = app.stopped ?? token.stopped
    if (reason !== null) return { kind: 'stopped', reason }
    if ((!app.proven && app.scout !== null) || (!token.proven && token.scout !== null))
      return { kind: 'wait' }
    if (!app.proven) app.scout = event.transactionId
    if (!token.proven) token.scout = event.transactionId
    return { kind: 'go' }
  }

  /** The request of this event came back; `proven` when the answer shows that app and token are good. True when others may go now. */
  returned(event: Event, proven: boolean): boolean {
    const token = this.#door(event)
    let opened = false
    for (const door of [token.app, token]) {
      if (door.proven) continue
      if (proven) door.proven = true
      if (door.scout === event.transactionId) door.scout = null
      opened = true
    }
    return opened
  }

  stop(event: Event, what: 'token' | 'app', reason: Reason): void {
    const token = this.#door(event)
    const door = what === 'app' ? token.app : token
    door.stopped ??= reason
  }

  /** Counts a final answer; true when this was the one that showed a storm of rejections, and the token has stopped. */
  countOutcome(event: Event, rejected: boolean): boolean {
    const token = this.#door(event)
    token.recent.push(rejected)
    token.rejected += rejected ? 1 : 0
    if (token.recent.length > STORM_WINDOW) token.rejected -= token.recent.shift() ? 1 : 0
    if (token.recent.length < STORM_WINDOW || token.rejected < STORM_REJECTED || token.stopped !== null)
      return false
    token.stopped = 'rejection_storm'
    return true
  }

  /** Apps and tokens that stopped, for the summary. */
  stops(): { name: string; reason: Reason }[] {
    const apps: [string, Door][] = [...this.#apps]
    const tokens = [...this.#apps].flatMap(([app, { tokens }]) =>
      [...tokens].map(([token, door]): [string, Door] => [`${app}/${token}`, door]),
    )
    return [...apps, ...tokens].flatMap(([name, { stopped }]) =>
      stopped === null ? [] : [{ name, reason: stopped }],
    )
  }

  #door(event: Event): TokenDoor {
    const app = this.#app(event.appToken)
    const name = event.eventToken ?? event.kind
    let token = app.tokens.get(name)
    if (token === undefined) {
      token = { proven: false, scout: null, stopped: null, app, recent: [], rejected: 0 }
      app.tokens.set(name, token)
    }
    return token
  }

  #app(appToken: string): AppDoor {
    let app = this.#apps.get(appToken)
    if (app === undefined) {
      app = { proven: false, scout: null, stopped: null, tokens: new Map() }
      this.#apps.set(appToken, app)
    }
    return app
  }
}
