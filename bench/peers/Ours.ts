// This package's layers without a network: spans are scrubbed, queued and read where a receiver would be, metrics are
// kept.
import {
  type Catalogue,
  Guard,
  Metrics,
  Observability,
  ObservabilityConfig,
  Scrubber,
  type SpanSink,
  Tracing
} from "@dawsos/observability"
import * as Otel from "@opentelemetry/api"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import * as FiberInternals from "../../src/tracing/FiberInternals.ts"
import { inTurns } from "../../src/tracing/InTurns.ts"
import type * as Limits from "../../src/tracing/Limits.ts"
import * as OtlpRequest from "../../src/tracing/OtlpRequest.ts"
import * as OtlpSink from "../../src/tracing/OtlpSink.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import type { Check } from "../harness/Interleaved.ts"
import { ReadingExporter } from "./ReadingExporter.ts"

export interface Ours {
  readonly context: Context.Context<Metrics.Metrics | Tracing.Tracing>
  readonly exporter: ReadingExporter
  readonly metrics: Metrics.Service
  readonly accounting: Tracing.Service["accounting"]
  readonly flush: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** What a question may change. */
export interface Options {
  /** Spans wait as they do for OTLP, as bytes that are written when they end; exports are not answered before this is. */
  readonly gate?: Promise<void> | undefined
  readonly limits?: Partial<Limits.Limits> | undefined
}

/** What OTLP does up to the network: requests are written, and taken once the gate is open. */
const waiting = (gate: Promise<void>, exporter: ReadingExporter): SpanSink.SpanEncoder | undefined => {
  const { encoder } = OtlpSink.make({
    name: "waiting",
    url: "http://127.0.0.1:9/",
    headers: {},
    timeout: Duration.seconds(1),
    guard: Guard.make()
  })
  return encoder && {
    ...encoder,
    export: (batch) =>
      Effect.flatMap(inTurns(OtlpRequest.write(batch)), () =>
        Effect.map(Effect.promise(() => gate), () => {
          exporter.count += batch.spans.length
          return { accepted: batch.spans.length, rejected: 0 }
        }))
  }
}

/** Sets it up for a catalogue of metrics; `OTEL_TRACES_SAMPLER` and what else is configured come from `variables`. */
export const make = async (
  catalogue: Catalogue.Catalogue,
  variables: Readonly<Record<string, string>> = {},
  { gate, limits }: Options = {}
): Promise<Ours> => {
  const exporter = new ReadingExporter()
  const read = (spans: Parameters<ReadingExporter["read"]>[0]) =>
    Effect.sync(() => {
      exporter.readRecords(spans)
      return { accepted: spans.length, rejected: 0 }
    })
  const sink: SpanSink.SpanSink = {
    name: "reading",
    acknowledged: true,
    export: read,
    encoder: gate === undefined ? undefined : waiting(gate, exporter),
    shutdown: Effect.void
  }
  const scrubber = Scrubber.make()
  const layer = Layer.unwrap(Effect.map(
    ObservabilityConfig.config.parse(ConfigProvider.fromEnvRecord(variables)),
    (config) =>
      Layer.merge(
        // The timer is as good as off: batches are flushed by hand, so that the cost falls into the measurement.
        TracingLive.layer({
          config,
          scrubber,
          sinks: [sink],
          limits: { scheduledDelay: Duration.toMillis("10 minutes"), ...limits }
        }),
        MetricsMemory.layer({ catalogue, scrubber })
      )
  ))
  const runtime = ManagedRuntime.make(layer.pipe(Layer.provide(Logger.layer([]))))
  const context = await runtime.context()
  keepInstalled()
  const tracing = Context.get(context, Tracing.Tracing)
  return {
    context,
    exporter,
    metrics: Context.get(context, Metrics.Metrics),
    accounting: tracing.accounting,
    flush: () => Effect.runPromise(tracing.flush),
    close: () => runtime.dispose()
  }
}

/** The whole layer of a product while observability is off. */
export const off = async (catalogue: Catalogue.Catalogue): Promise<
  Pick<Ours, "close"> & {
    readonly context: Context.Context<Observability.Services>
  }
> => {
  const layer = Observability.layer({ catalogue }).pipe(
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnvRecord({ ENABLE_OBSERVABILITY: "false" }))),
    // It says once that it is off.
    Layer.provide(Layer.succeed(References.MinimumLogLevel, "None"))
  )
  const runtime = ManagedRuntime.make(layer)
  return { context: await runtime.context(), close: () => runtime.dispose() }
}

/** A check that nothing of what ran in the context of a layer that is off was taken for a span or counted. */
export const silent = (context: Context.Context<Observability.Services>): Check => () => {
  const { started } = Context.get(context, Tracing.Tracing).accounting()
  const samples = Context.get(context, Metrics.Metrics).samples().length
  return started === 0 && samples === 0 ? undefined : `${started} spans were made and ${samples} values counted`
}

/** A check that each operation was counted and its duration observed, with an exemplar where it is sampled. */
export const counted = (
  { metrics }: Ours,
  { duration, exemplar, total }: {
    readonly total: Catalogue.Counter
    readonly duration: Catalogue.Histogram
    readonly exemplar: boolean
  }
): Check => {
  const sums = () => {
    const samples = metrics.samples()
    const sum = (metric: string) => samples.reduce((sum, { name, value }) => name === metric ? sum + value : sum, 0)
    return [sum(total.name), sum(`${duration.name}_count`)] as const
  }
  const before = sums()
  return async (operations) => {
    const [increments, observations] = sums()
    if (increments - before[0] !== operations || observations - before[1] !== operations) {
      return `${increments - before[0]} counted and ${observations - before[1]} observed of ${operations}`
    }
    const text = await Effect.runPromise(metrics.render("openmetrics"))
    return text.includes("# {trace_id=") === exemplar ? undefined : exemplar ? "no exemplar" : "an exemplar"
  }
}

/** A check that each operation is in the books as one that was left out, and that nothing arrived. */
export const leftOut = ({ accounting, exporter }: Ours): Check => {
  const before = accounting().unsampled
  const arrived = exporter.count
  return (operations) => {
    const unsampled = accounting().unsampled - before
    if (exporter.count !== arrived) return `${exporter.count - arrived} spans arrived`
    return unsampled === operations ? undefined : `${unsampled} of ${operations} spans are in the books as left out`
  }
}

// What is process-wide and costs others too: where fibers are followed for the sake of third-party parents, two methods
// of theirs are wrapped.
const methods = ["evaluate", "setContext"] as const
const plain = methods.map((name) => Object.getOwnPropertyDescriptor(FiberInternals.prototype, name))
let wrapped: typeof plain | undefined
let manager: Otel.ContextManager | undefined

const put = (descriptors: typeof plain): void =>
  methods.forEach((name, index) => {
    const descriptor = descriptors[index]
    if (descriptor !== undefined) Object.defineProperty(FiberInternals.prototype, name, descriptor)
  })

/**
 * Keeps what the first layer has installed, which all of them share, for {@link contextManager}; to be called when a layer
 * is built.
 */
export const keepInstalled = (): void => {
  if (manager !== undefined) return
  manager = Reflect.get(Otel.context, "_getContextManager").call(Otel.context) as Otel.ContextManager
  wrapped = methods.map((name) => Object.getOwnPropertyDescriptor(FiberInternals.prototype, name))
  put(plain)
}

/** Installs what this package's layers have installed, for one candidate at a time. */
export const contextManager = {
  before: (): void => {
    Otel.context.disable()
    if (manager === undefined || wrapped === undefined) return
    Otel.context.setGlobalContextManager(manager)
    put(wrapped)
  },
  after: (): void => {
    Otel.context.disable()
    put(plain)
  }
}
