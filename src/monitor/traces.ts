import { AsyncLocalStorage } from 'node:async_hooks'
import { context, DiagLogLevel, diag, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { SpanAttributes, Trace } from '../domain/trace.ts'
import { VERSION } from '../version.ts'

/** A collector that takes longer gets no more of this run: the process has to end. */
const FLUSH_MS = 5_000

export interface Traces {
  trace: Trace
  /** Closes the run's span and sends what is left; resolves within five seconds, whatever comes of it. `error` marks the run as failed. */
  end(attributes: SpanAttributes, error: string | null): Promise<void>
}

export interface TraceOptions {
  /** Name of the span around all others. */
  name: string
  /** An error in words that may leave this machine. */
  describe(error: unknown): string
  /** Something could not be sent; the library's own words. */
  onTrouble(message: string): void
}

/**
 * One trace, sent over OTLP/HTTP as JSON to where OpenTelemetry's variables point. This module and the packages behind it are loaded only
 * when somebody asks for traces.
 */
export function openTraces({ name, describe, onTrouble }: TraceOptions): Traces {
  reportTrouble(onTrouble)
  const provider = createProvider()
  const tracer = provider.getTracer('adjust-s2s', VERSION)
  const root = tracer.startSpan(name, { kind: SpanKind.INTERNAL })
  // Follows the work through promises and timers, so that a query is a child of the part of the run that asked it.
  const current = new AsyncLocalStorage<Span>()
  return {
    trace: (spanName, work) => {
      const parent = trace.setSpan(context.active(), current.getStore() ?? root)
      const span = tracer.startSpan(spanName, {}, parent)
      return current.run(span, () => within(span, describe, work))
    },
    end: async (last, error) => {
      root.setAttributes(last)
      if (error !== null) root.setStatus({ code: SpanStatusCode.ERROR, message: error })
      root.end()
      await flush(provider, onTrouble)
    },
  }
}

async function within<T>(
  span: Span,
  describe: TraceOptions['describe'],
  work: (note: (attributes: SpanAttributes) => void) => Promise<T>,
): Promise<T> {
  try {
    return await work((attributes) => span.setAttributes(attributes))
  } catch (error) {
    const message = describe(error)
    const type = error instanceof Error ? error.name : typeof error
    span.recordException({ name: type, message })
    span.setStatus({ code: SpanStatusCode.ERROR, message })
    throw error
  } finally {
    span.end()
  }
}

/** `service.name` is ours unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise; the exporter reads its own variables. */
function createProvider(): TracerProvider {
  const own = resourceFromAttributes({ 'service.name': 'adjust-s2s', 'service.version': VERSION })
  const resource = own.merge(detectResources({ detectors: [envDetector] }))
  const exporter = new OTLPTraceExporter({ timeoutMillis: FLUSH_MS })
  const processor = new BatchSpanProcessor({ exporter, exportTimeoutMillis: FLUSH_MS })
  return new TracerProvider({ resource, spanProcessors: [processor] })
}

async function flush(provider: TracerProvider, onTrouble: TraceOptions['onTrouble']): Promise<void> {
  try {
    await provider.forceFlush({ timeoutMillis: FLUSH_MS })
  } catch (errors) {
    const [first] = Array.isArray(errors) ? errors : [errors]
    onTrouble(String((first as Partial<Error>).message ?? first))
  }
}

/** The library says by its own logger what it cannot send: an error as the JSON of its message and stack. */
function reportTrouble(onTrouble: TraceOptions['onTrouble']): void {
  const tell = (text: string) => onTrouble(/"message":"([^"]*)"/.exec(text)?.[1] ?? text)
  const ignore = () => {}
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  )
}
