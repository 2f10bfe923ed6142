// Three ways to send spans by OTLP over HTTP, with one interface.
import { Accounting, Observability, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"

/** What the program itself can say at the end of what became of its spans. */
export interface Books {
  readonly exported: number
  /** Sent twice. */
  readonly resent: number
  /** Lost, for any reason. */
  readonly dropped: number
  /** Of those dropped, the ones whose answer was lost: they may have arrived. */
  readonly inDoubt: number
}

export interface Candidate {
  /** Ends one span of that name, with a few attributes. */
  readonly emit: (name: string) => void
  /** Shuts down as its documents say, and answers once that says it is over; with nothing where nothing is counted. */
  readonly close: () => Promise<Books | undefined>
}

export const names = ["@dawsos/observability", "BatchSpanProcessor", "OtlpExporter"] as const

export type Name = (typeof names)[number]

const attributes = { "portfolio.positions": 42, "pattern.id": "portfolio_overview", "db.rows": 17 }

// What all three can be told alike: an export every second, batches of 512. All else is as each has it by default.
const intervalMs = 1000
const batch = 512

const ours = async (url: string): Promise<Candidate> => {
  const env = {
    ENABLE_OBSERVABILITY: "true",
    METRICS_PORT: "0",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: String(intervalMs),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(batch)
  }
  const runtime = ManagedRuntime.make(
    Observability.layer(DawsOs.vocabulary).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))
  )
  const tracing = await runtime.runPromise(Tracing.Tracing)
  return {
    emit: (name) => runtime.runSync(Effect.void.pipe(Effect.withSpan(name, { attributes }))),
    close: async () => {
      await runtime.dispose()
      const { sinks } = tracing.accounting()
      const sum = (read: (sink: Accounting.SinkAccounting) => number) =>
        sinks.reduce((total, sink) => total + read(sink), 0)
      return {
        exported: sum(({ exported }) => exported),
        resent: sum(({ delivery }) => delivery?.resent ?? 0),
        dropped: sum(Accounting.droppedTotal),
        inDoubt: sum(({ dropped }) => dropped.timeout)
      }
    }
  }
}

const openTelemetry = (url: string): Promise<Candidate> => {
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url }), {
    scheduledDelayMillis: intervalMs,
    maxExportBatchSize: batch
  })
  const provider = new NodeTracerProvider({ spanProcessors: [processor] })
  const tracer = provider.getTracer("bench")
  return Promise.resolve({
    emit: (name) => tracer.startSpan(name, { attributes }).end(),
    close: async () => {
      await provider.shutdown()
      return undefined
    }
  })
}

const effect = async (url: string): Promise<Candidate> => {
  const runtime = ManagedRuntime.make(
    OtlpTracer.layer({ url, resource: { serviceName: "bench" }, exportInterval: intervalMs, maxBatchSize: batch }).pipe(
      Layer.provide(Layer.mergeAll(OtlpSerialization.layerProtobuf, FetchHttpClient.layer, Logger.layer([])))
    )
  )
  await runtime.context()
  return {
    emit: (name) => runtime.runSync(Effect.void.pipe(Effect.withSpan(name, { attributes }))),
    close: async () => {
      await runtime.dispose()
      return undefined
    }
  }
}

const makers: Readonly<Record<Name, (url: string) => Promise<Candidate>>> = {
  "@dawsos/observability": ours,
  BatchSpanProcessor: openTelemetry,
  OtlpExporter: effect
}

export const make = (name: Name, url: string): Promise<Candidate> => makers[name](url)
