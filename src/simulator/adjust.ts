import type { AnswerName } from './answers.ts'
import { type Device, DeviceRegistry, hasSetIn, listedDevices } from './device-registry.ts'
import { checkPayload } from './payload-rules.ts'
import { type EventRequest, effectiveTimeMs } from './request.ts'
import type { App, DeviceSettings, KnownWorld } from './world.ts'

const DAY_MS = 86_400_000

/** Answers that mean that the event was counted. */
const COUNTED: ReadonlySet<AnswerName> = new Set(['ok', 'authenticationMissing', 'authenticationWrong'])

export function isCounted(answer: AnswerName): boolean {
  return COUNTED.has(answer)
}

/**
 * Adjust behind its endpoints: what it knows and remembers, and how it judges a request. It does not deduplicate:
 * the same event twice counts twice. Where no page gives the order of the checks, the coarser one comes first.
 */
export class Adjust {
  private readonly startedAtMs: number
  private readonly devices = new DeviceRegistry()
  private world: KnownWorld
  private listed: Map<string, DeviceSettings>

  constructor(world: KnownWorld, startedAtMs: number) {
    this.startedAtMs = startedAtMs
    this.world = world
    this.listed = listedDevices(world)
  }

  /** Changes what Adjust knows; what it remembers of devices and counted events stays. */
  setWorld(world: KnownWorld): void {
    this.world = world
    this.listed = listedDevices(world)
  }

  /** The app of a token, `null` if there is none. */
  app(appToken: string): App | null {
    const listed = Object.hasOwn(this.world.apps, appToken) ? this.world.apps[appToken] : undefined
    return listed ?? (this.world.any_app ? this.world.default_app : null)
  }

  /** Judges a request to one of the three endpoints, and counts its event if the answer says so. */
  judge(request: EventRequest): AnswerName {
    if (request.sizeBytes > this.world.max_request_bytes) return 'requestTooLarge'
    if (request.parameters.get('s2s') !== '1') return 's2sMissing'
    const appToken = request.parameters.get('app_token') ?? ''
    if (!/^[a-z0-9]{12}$/.test(appToken)) return 'invalidAppToken'
    const app = this.app(appToken)
    if (app === null) return 'appTokenNotFound'
    return checkApp(request, app) ?? checkEventToken(request, app) ?? this.judgeEvent(request, app, appToken)
  }

  private judgeEvent(request: EventRequest, app: App, appToken: string): AnswerName {
    const devices = this.devices.find(appToken, request.identifiers)
    const refusal =
      this.checkDevice(request, devices) ??
      checkPayload(request) ??
      checkUnique(request, devices) ??
      this.checkTime(request, devices)
    if (refusal) return refusal
    remember(this.devices.unite(appToken, request.identifiers), request, app)
    return authentication(request, app) ?? 'ok'
  }

  private checkDevice({ identifiers, receivedAtMs }: EventRequest, devices: Device[]): AnswerName | null {
    const sent = [...new Set(Object.values(identifiers).map((value) => value.toLowerCase()))]
    if (sent.length === 0) return 'deviceNotFound'
    // Counting every identifier of a large run would cost memory for nothing.
    if (this.listed.size === 0) return this.world.any_device || devices.length > 0 ? null : 'deviceNotFound'
    this.devices.countRequest(sent.filter((value) => this.listed.has(value)))
    const elapsedSeconds = (receivedAtMs - this.startedAtMs) / 1000
    const all = [...sent, ...devices.flatMap(({ values }) => values)]
    if (all.some((value) => this.isOptedOut(value, elapsedSeconds))) return 'deviceOptedOut'
    const known = devices.length > 0 || sent.some((value) => this.isKnown(value, elapsedSeconds))
    return known ? null : 'deviceNotFound'
  }

  private isOptedOut(value: string, elapsedSeconds: number): boolean {
    const optedOut = this.listed.get(value)?.opted_out ?? false
    return hasSetIn(optedOut, elapsedSeconds, this.devices.requestCount(value))
  }

  private isKnown(value: string, elapsedSeconds: number): boolean {
    const known = this.listed.get(value)?.known ?? this.world.any_device
    return hasSetIn(known, elapsedSeconds, this.devices.requestCount(value))
  }

  /** Age, install and order all end in one answer. */
  private checkTime(request: EventRequest, devices: Device[]): AnswerName | null {
    const createdAtMs = effectiveTimeMs(request)
    const { max_age_days, max_ad_revenue_age_days } = this.world
    const maxAgeDays = request.path === '/ad_revenue' ? max_ad_revenue_age_days : max_age_days
    if (createdAtMs < request.receivedAtMs - maxAgeDays * DAY_MS) return 'badEventState'
    if (createdAtMs < this.installedAtMs(request, devices)) return 'badEventState'
    return request.path === '/event' ? checkOrder(request, createdAtMs, devices) : null
  }

  /** The earliest install among a device's identifiers, of those that have one. */
  private installedAtMs({ identifiers }: EventRequest, devices: Device[]): number {
    const values = [...Object.values(identifiers), ...devices.flatMap((device) => device.values)]
    const installs = values.flatMap((value) => this.listed.get(value.toLowerCase())?.installed_at ?? [])
    return installs.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...installs)
  }
}

function checkApp(request: EventRequest, app: App): AnswerName | null {
  if (app.status === 'inactive') return 'appInactive'
  if (app.security === 'active' && authentication(request, app) !== null) return 'notAuthorized'
  if (app.status === 'tracking_disabled') return 'trackingDisabled'
  return request.path === '/session' && !app.session_enabled ? 'sessionsNotEnabled' : null
}

/** How the request's token fares; null when it is right, or when the app has no secret to compare it with. */
function authentication({ bearerToken }: EventRequest, { secret }: App): AnswerName | null {
  if (secret === undefined || bearerToken === secret) return null
  return bearerToken === null ? 'authenticationMissing' : 'authenticationWrong'
}

function checkEventToken({ path, parameters }: EventRequest, app: App): AnswerName | null {
  if (path !== '/event') return null
  const eventToken = parameters.get('event_token') ?? ''
  const listed = eventTokenSettings(app, eventToken)
  if (eventToken === '' || (!listed && !app.any_event_token)) return 'invalidEventToken'
  if (listed?.status === 'blocklisted') return 'eventTokenBlocklisted'
  return listed?.status === 'tracking_disabled' ? 'trackingDisabled' : null
}

function eventTokenSettings(app: App, eventToken: string) {
  return Object.hasOwn(app.event_tokens, eventToken) ? app.event_tokens[eventToken] : undefined
}

function checkUnique({ path, parameters }: EventRequest, devices: Device[]): AnswerName | null {
  if (path !== '/event') return null
  const eventToken = parameters.get('event_token')!
  return devices.some(({ uniqueTokens }) => uniqueTokens?.has(eventToken)) ? 'earlierUniqueEvent' : null
}

/** Per device and event token, and per device over all events with revenue; an equal time is in order. */
function checkOrder({ parameters }: EventRequest, createdAtMs: number, devices: Device[]): AnswerName | null {
  const eventToken = parameters.get('event_token')!
  const withRevenue = parameters.has('revenue')
  const tooEarly = devices.some(
    ({ marks, revenueMark }) =>
      createdAtMs < (marks.get(eventToken) ?? Number.NEGATIVE_INFINITY) ||
      (withRevenue && createdAtMs < revenueMark),
  )
  return tooEarly ? 'badEventState' : null
}

function remember(device: Device, request: EventRequest, app: App): void {
  if (request.path !== '/event') return
  const eventToken = request.parameters.get('event_token')!
  const createdAtMs = effectiveTimeMs(request)
  device.raiseMark(eventToken, createdAtMs)
  if (request.parameters.has('revenue')) device.revenueMark = Math.max(device.revenueMark, createdAtMs)
  if (eventTokenSettings(app, eventToken)?.unique) {
    device.uniqueTokens = (device.uniqueTokens ?? new Set<string>()).add(eventToken)
  }
}
