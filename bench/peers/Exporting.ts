// Ways from spans to a local OTLP server, each with what a program needs to know to make spans no faster than they
// leave.
import { Catalogue, Observability, Tracing } from "@dawsos/observability"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as Otel from "@opentelemetry/api"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace-node"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Limits from "../../src/tracing/Limits.ts"
import type { Candidate } from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Peer from "./EffectOpenTelemetry.ts"
import * as OrderSpan from "./OrderSpan.ts"
import * as Ours from "./Ours.ts"

/** See the module. */
export interface Exporting {
  /** Makes and ends so many spans in one go. */
  readonly make: (spans: number) => void
  /** Whether as many more find room, beside those that have ended. */
  readonly hasRoom: (spans: number) => boolean
  /** Exports what has ended. */
  readonly flush: () => Promise<unknown>
  readonly close: () => Promise<unknown>
  /** Context managers are for one candidate at a time. */
  readonly contextManager: Pick<Candidate, "before" | "after">
}

/** How spans are sent together. */
export interface Batching {
  /** Spans of a request. */
  readonly batch: number
  /** Spans that may wait. */
  readonly queue: number
  /** How long they wait for others at most. */
  readonly delayMillis: number
}

/** Where the spans come from: programs of Effect, by `Effect.withSpan` or this package's combinator; or OpenTelemetry's API. */
export type Source = "withSpan" | "combinator" | "api"

const programs = <R>(context: Context.Context<R>, body: Effect.Effect<void>) => {
  const run = Effect.runSyncWith(Loop.programContext(context))
  return (spans: number): void => run(Loop.repeated(body, spans))
}

/** Hands batches on, and knows how many spans it was given. */
class Counting implements SpanExporter {
  taken = 0
  readonly #exporter: SpanExporter

  constructor(exporter: SpanExporter) {
    this.#exporter = exporter
  }

  export(...[spans, done]: Parameters<SpanExporter["export"]>): void {
    this.taken += spans.length
    this.#exporter.export(spans, done)
  }

  async forceFlush(): Promise<void> {
    await this.#exporter.forceFlush?.()
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown()
  }
}

/** A `BatchSpanProcessor` with OpenTelemetry's protobuf exporter. */
export const batchSpanProcessor = async (
  url: string,
  source: Exclude<Source, "combinator">,
  { batch, delayMillis, queue }: Batching
): Promise<Exporting> => {
  const exporter = new Counting(new OTLPTraceExporter({ url }))
  const processor = new BatchSpanProcessor(exporter, {
    maxExportBatchSize: batch,
    maxQueueSize: queue,
    scheduledDelayMillis: delayMillis
  })
  const { close, make } = await (source === "api" ? bySdk(processor) : byEffect(processor))
  let made = 0
  return {
    make: (spans) => {
      made += spans
      make(spans)
    },
    hasRoom: (spans) => made - exporter.taken + spans <= queue,
    flush: () => processor.forceFlush(),
    close,
    contextManager: Peer.contextManager
  }
}

const bySdk = (processor: BatchSpanProcessor): Promise<Pick<Exporting, "make" | "close">> => {
  const provider = new NodeTracerProvider({ spanProcessors: [processor] })
  const tracer = provider.getTracer("bench")
  return Promise.resolve({ make: (spans) => OrderSpan.started(tracer, spans), close: () => provider.shutdown() })
}

const byEffect = async (processor: BatchSpanProcessor): Promise<Pick<Exporting, "make" | "close">> => {
  const { close, context } = await Peer.through(processor)
  return { make: programs(context, OrderSpan.spanned), close }
}

/** The same without AsyncLocalStorage, and so with wrong parents for third-party instrumentation. */
export const withoutContextManager: typeof batchSpanProcessor = async (...given) => ({
  ...await batchSpanProcessor(...given),
  contextManager: Peer.noContextManager
})

/** This package as its users install it, configured by the environment: scrubber, books, metrics and all. */
export const ours = async (
  url: string,
  source: Source,
  { batch, delayMillis, queue }: Batching
): Promise<Exporting> => {
  const variables = {
    ENABLE_OBSERVABILITY: "true",
    METRICS_PORT: "0",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: String(delayMillis),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(batch),
    OTEL_BSP_MAX_QUEUE_SIZE: String(queue)
  }
  const layer = Observability.layer({
    catalogue: Catalogue.make({ prefix: "bench", metrics: {} }),
    service: { name: "bench", version: "1.0.0" }
  })
  const runtime = ManagedRuntime.make(
    layer.pipe(
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(variables))),
      Layer.provide(Logger.layer([]))
    )
  )
  const context = await runtime.context()
  Ours.keepInstalled()
  const tracing = Context.get(context, Tracing.Tracing)
  const tracer: Otel.Tracer = tracing.tracer("bench")
  const make = source === "api"
    ? (spans: number) => OrderSpan.started(tracer, spans)
    : programs(context, source === "withSpan" ? OrderSpan.spanned : OrderSpan.observed)
  return {
    make,
    // Its queue is bounded by bytes as well.
    hasRoom: (spans) =>
      tracing.accounting().sinks.every(({ delivery, inFlight, queued }) => {
        const waiting = queued + inFlight
        const room = waiting === 0 ? 0 : (delivery?.bytes ?? 0) * (1 + spans / waiting)
        return waiting + spans <= queue && room <= Limits.defaults.maxQueueBytes
      }),
    flush: () => Effect.runPromise(tracing.flush),
    close: () => runtime.dispose(),
    contextManager: Ours.contextManager
  }
}

/** Effect's own exporter, which knows no bound: it is given no more than some requests at a time. */
export const otlpTracer = async (url: string, { batch, delayMillis, queue }: Batching): Promise<Exporting> => {
  let open = 0
  const client = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      (client) =>
        HttpClient.transformResponse(client, (response) =>
          Effect.suspend(() => {
            open++
            return Effect.ensuring(
              response,
              Effect.sync(() => {
                open--
              })
            )
          }))
    )
  ).pipe(Layer.provide(NodeHttpClient.layerUndici))
  const runtime = ManagedRuntime.make(
    OtlpTracer.layer({
      url,
      resource: { serviceName: "bench" },
      exportInterval: delayMillis,
      maxBatchSize: batch
    }).pipe(Layer.provide([OtlpSerialization.layerProtobuf, client, Logger.layer([])]))
  )
  const context = await runtime.context()
  const { flush } = Context.get(context, OtlpExporter.Flusher)
  return {
    make: programs(context, OrderSpan.spanned),
    hasRoom: (spans) => open * batch + spans <= queue,
    flush: () => Effect.runPromise(flush),
    close: () => runtime.dispose(),
    contextManager: Peer.contextManager
  }
}
