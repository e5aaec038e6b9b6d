import type { Environment } from './environment.ts'

/** Who is told of a run, as far as the environment says so: names that other programs share, and so none of ours. */
export interface Monitoring {
  /** HEALTHCHECK_URL. Whoever knows it can report in our name, so it is a secret. */
  healthcheckUrl: string | null
  /** Whether OpenTelemetry's own variables ask for traces over OTLP. The exporter reads the rest of them by itself. */
  traces: boolean
}

const isTrue = (text: string | undefined) => text?.trim().toLowerCase() === 'true'

/** Reads it. It is no part of the configuration, for a run whose configuration is broken has to be reported as well. */
export function readMonitoring(env: Environment = process.env): Monitoring {
  const url = env.HEALTHCHECK_URL?.trim() ?? ''
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?.trim() || env.OTEL_EXPORTER_OTLP_ENDPOINT?.trim()
  const isOff = isTrue(env.OTEL_SDK_DISABLED) || env.OTEL_TRACES_EXPORTER?.trim() === 'none'
  return { healthcheckUrl: url === '' ? null : url, traces: Boolean(endpoint) && !isOff }
}
