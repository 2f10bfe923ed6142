// The peer: Effect's spans through `@effect/opentelemetry` and a `BatchSpanProcessor`.
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { AlwaysOffSampler, BatchSpanProcessor, type Sampler } from "@opentelemetry/sdk-trace-node"
import type * as Context from "effect/Context"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { ReadingExporter } from "./ReadingExporter.ts"

export interface EffectOpenTelemetry {
  readonly context: Context.Context<never>
  readonly exporter: ReadingExporter
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Sets it up with an exporter that reads; `sampled: false` leaves every span out. */
export const make = async (options: { readonly sampled?: boolean | undefined } = {}): Promise<EffectOpenTelemetry> => {
  const exporter = new ReadingExporter()
  // The timer is as good as off: batches are flushed by hand, so that the cost falls into the measurement.
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 8_192, scheduledDelayMillis: 600_000 })
  const sampler: Sampler | undefined = options.sampled === false ? new AlwaysOffSampler() : undefined
  const runtime = ManagedRuntime.make(NodeSdk.layer(() => ({
    resource: { serviceName: "bench" },
    spanProcessor: processor,
    tracerConfig: sampler === undefined ? {} : { sampler }
  })))
  const context = await runtime.context()
  return {
    context: context as Context.Context<never>,
    exporter,
    flush: () => processor.forceFlush(),
    close: () => runtime.dispose()
  }
}

/** Installs OpenTelemetry's context manager, which third-party instrumentation needs, for one candidate at a time. */
export const contextManager = {
  before: (): void => {
    Otel.context.disable()
    Otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  },
  after: (): void => {
    Otel.context.disable()
  }
}
