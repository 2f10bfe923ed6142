// The peer: Effect's spans through `@effect/opentelemetry` and a `BatchSpanProcessor`.
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { AlwaysOffSampler, BatchSpanProcessor, type Sampler, type SpanProcessor } from "@opentelemetry/sdk-trace-node"
import type * as Context from "effect/Context"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { ReadingExporter } from "./ReadingExporter.ts"

/** Effect's tracer, as a context to run in. */
export interface Installed {
  readonly context: Context.Context<never>
  readonly close: () => Promise<void>
}

export interface EffectOpenTelemetry extends Installed {
  readonly exporter: ReadingExporter
  readonly flush: () => Promise<void>
}

/** Sets it up with a processor. */
export const through = async (spanProcessor: SpanProcessor, sampler?: Sampler): Promise<Installed> => {
  const runtime = ManagedRuntime.make(NodeSdk.layer(() => ({
    resource: { serviceName: "bench" },
    spanProcessor,
    tracerConfig: sampler === undefined ? {} : { sampler }
  })))
  return { context: await runtime.context() as Context.Context<never>, close: () => runtime.dispose() }
}

/** Sets it up with an exporter that reads; `sampled: false` leaves every span out. */
export const make = async (options: { readonly sampled?: boolean | undefined } = {}): Promise<EffectOpenTelemetry> => {
  const exporter = new ReadingExporter()
  // The timer is as good as off: batches are flushed by hand, so that the cost falls into the measurement.
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 8_192, scheduledDelayMillis: 600_000 })
  const installed = await through(processor, options.sampled === false ? new AlwaysOffSampler() : undefined)
  return { ...installed, exporter, flush: () => processor.forceFlush() }
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

/** Takes away whatever context manager is installed, for one candidate at a time. */
export const noContextManager = {
  before: (): void => {
    Otel.context.disable()
  }
}
