import type { Environment } from './environment.ts'

/** Who is told of a run, as far as the environment says so: names that other programs share, and so none of ours. */
export interface Monitoring {
  /** HEALTHCHECK_URL. Whoever knows it can report in our name, so it is a secret. */
  healthcheckUrl: string | null
  /** Whether OpenTelemetry's own variables ask for traces over OTLP. The exporter reads the rest of them by itself. */
  traces: boolean
  /** A variable that asks for traces with an address that is none. The library would log the address, and a password may stand in it. */
  brokenEndpoint: string | null
}

const isTrue = (text: string | undefined) => text?.trim().toLowerCase() === 'true'

/** In the order in which they count. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']

/** Reads it. It is no part of the configuration, for a run whose configuration is broken has to be reported as well. */
export function readMonitoring(env: Environment = process.env): Monitoring {
  const url = env.HEALTHCHECK_URL?.trim() ?? ''
  const isOff = isTrue(env.OTEL_SDK_DISABLED) || env.OTEL_TRACES_EXPORTER?.trim() === 'none'
  const given = isOff ? [] : ENDPOINTS.filter((name) => (env[name]?.trim() ?? '') !== '')
  // All of them: the library looks at more than the one that counts.
  const brokenEndpoint = given.find((name) => !isHttp(env[name]!)) ?? null
  return {
    healthcheckUrl: url === '' ? null : url,
    traces: given.length > 0 && brokenEndpoint === null,
    brokenEndpoint,
  }
}

function isHttp(text: string): boolean {
  return ['http:', 'https:'].includes(URL.parse(text.trim())?.protocol ?? '')
}
