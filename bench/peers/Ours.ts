// This package's layers without a network: spans are scrubbed, queued and read where a receiver would be, metrics are
// kept.
import * as Otel from "@opentelemetry/api"
import * as Context from "effect/Context"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { type Catalogue, Metrics, ObservabilityConfig, Scrubber, type SpanSink, Tracing } from "@dawsos/observability"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import { ContextManager } from "../../src/tracing/ContextManager.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { ReadingExporter } from "./ReadingExporter.ts"

export interface Ours {
  readonly context: Context.Context<Metrics.Metrics | Tracing.Tracing>
  readonly exporter: ReadingExporter
  readonly metrics: Metrics.Service
  readonly flush: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** Sets it up for a catalogue of metrics; `OTEL_TRACES_SAMPLER` and what else is configured come from `variables`. */
export const make = async (
  catalogue: Catalogue.Catalogue,
  variables: Readonly<Record<string, string>> = {}
): Promise<Ours> => {
  const exporter = new ReadingExporter()
  const sink: SpanSink.SpanSink = {
    name: "reading",
    acknowledged: true,
    export: (spans) =>
      Effect.sync(() => {
        exporter.read(spans)
        return { accepted: spans.length, rejected: 0 }
      }),
    shutdown: Effect.void
  }
  const scrubber = Scrubber.make()
  const layer = Layer.unwrap(Effect.map(
    ObservabilityConfig.config.parse(ConfigProvider.fromEnvRecord(variables)),
    (config) =>
      Layer.merge(
        // The timer is as good as off: batches are flushed by hand, so that the cost falls into the measurement.
        TracingLive.layer({ config, scrubber, sinks: [sink], limits: { scheduledDelay: Duration.toMillis("10 minutes") } }),
        MetricsMemory.layer({ catalogue, scrubber })
      )
  ))
  const runtime = ManagedRuntime.make(layer.pipe(Layer.provide(Logger.layer([]))))
  const context = await runtime.context()
  const tracing = Context.get(context, Tracing.Tracing)
  return {
    context,
    exporter,
    metrics: Context.get(context, Metrics.Metrics),
    flush: () => Effect.runPromise(tracing.flush),
    close: () => runtime.dispose()
  }
}

/** Installs this package's context manager, for one candidate at a time. */
export const contextManager = {
  before: (): void => {
    Otel.context.disable()
    Otel.context.setGlobalContextManager(new ContextManager().enable())
  },
  after: (): void => {
    Otel.context.disable()
  }
}
