// What a queued span takes: `queuedBytes.ts WAY SPANS` ends so many spans while nobody takes them, then lets everything
// go, and tells the difference in bytes a span.
import { Catalogue, Tracing } from "@dawsos/observability"
import { ExportResultCode } from "@opentelemetry/core"
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace-node"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import * as Heap from "../harness/Heap.ts"
import * as Loop from "../harness/Loop.ts"
import * as Processes from "../harness/Processes.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as OrderSpan from "../peers/OrderSpan.ts"
import * as Ours from "../peers/Ours.ts"
import { ReadingExporter } from "../peers/ReadingExporter.ts"

/** A queue that holds spans until it is told to export them. */
interface Queue {
  readonly make: (spans: number) => void | Promise<void>
  /** How many it says that it holds, where it says so. */
  readonly held?: (() => number) | undefined
  /** Exports what it holds, and says how many arrived. */
  readonly release: () => Promise<number>
  /** Lets everything go. */
  readonly close: () => Promise<unknown>
}

const [, , way = "", given = "0"] = process.argv
const spans = Number(given)
// Longer than it takes, so that nothing is given up.
const forever = 60 * 60_000

const programs = <R>(body: Effect.Effect<void>, context: Context.Context<R>) => Loop.batches(body, { context })

/** An exporter that answers once it may. */
class WaitingExporter extends ReadingExporter {
  readonly #gate: Promise<void>

  constructor(gate: Promise<void>) {
    super()
    this.#gate = gate
  }

  override export(...batch: Parameters<SpanExporter["export"]>): void {
    void this.#answer(...batch)
  }

  async #answer(...[spans, done]: Parameters<SpanExporter["export"]>): Promise<void> {
    await this.#gate
    this.read(spans)
    done({ code: ExportResultCode.SUCCESS })
  }
}

const gate = () => Promise.withResolvers<void>()

/** A processor with one batch on its way, which is how a receiver that hangs leaves it. */
const stalled = () => {
  const { promise, resolve } = gate()
  const exporter = new WaitingExporter(promise)
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: 2 * spans,
    scheduledDelayMillis: forever,
    exportTimeoutMillis: forever
  })
  const release = async () => {
    resolve()
    await processor.forceFlush()
    return exporter.count
  }
  return { processor, release }
}

const sdk = (): Promise<Queue> => {
  const { processor, release } = stalled()
  const provider = new NodeTracerProvider({ spanProcessors: [processor] })
  const tracer = provider.getTracer("bench")
  return Promise.resolve({
    make: (spans) => OrderSpan.started(tracer, spans),
    release,
    close: () => provider.shutdown()
  })
}

const peer = async (): Promise<Queue> => {
  const { processor, release } = stalled()
  const { close, context } = await Peer.through(processor)
  return { make: programs(OrderSpan.spanned, context), release, close }
}

const ours = (body: Effect.Effect<void>) => async (): Promise<Queue> => {
  const { promise, resolve } = gate()
  const { close, context, exporter, flush } = await Ours.make(
    Catalogue.make({ prefix: "bench", metrics: {} }),
    {},
    { gate: promise, limits: { maxQueueSize: 2 * spans, maxQueueBytes: Infinity, exportTimeout: forever } }
  )
  const tracing = Context.get(context, Tracing.Tracing)
  return {
    make: programs(body, context),
    held: () => tracing.accounting().sinks.reduce((sum, { inFlight, queued }) => sum + queued + inFlight, 0),
    release: async () => {
      resolve()
      await flush()
      return exporter.count
    },
    close
  }
}

const otlpTracer = async (): Promise<Queue> => {
  let arrived = 0
  const serialization = Layer.succeed(OtlpSerialization.OtlpSerialization, {
    traces: ({ resourceSpans }) => {
      for (const { scopeSpans } of resourceSpans) for (const { spans } of scopeSpans) arrived += spans.length
      return HttpBody.empty
    },
    metrics: () => HttpBody.empty,
    logs: () => HttpBody.empty
  })
  const client = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response(""))))
  )
  // It knows no bound. A batch that is on its way is written already: none leaves.
  const runtime = ManagedRuntime.make(
    OtlpTracer.layer({
      url: "http://127.0.0.1/v1/traces",
      resource: { serviceName: "bench" },
      exportInterval: forever,
      maxBatchSize: 2 * spans
    }).pipe(Layer.provide(Layer.merge(serialization, client)))
  )
  const context = await runtime.context()
  return {
    make: programs(OrderSpan.spanned, context as Context.Context<never>),
    release: async () => {
      await runtime.runPromise(Effect.flatMap(OtlpExporter.Flusher, ({ flush }) => flush))
      return arrived
    },
    close: () => runtime.dispose()
  }
}

const queues: Readonly<Record<string, () => Promise<Queue>>> = {
  sdk,
  peer,
  ours: ours(OrderSpan.observed),
  oursWithSpan: ours(OrderSpan.spanned),
  otlpTracer
}

/** Fills a queue and empties it; the bytes of the process while it was full. */
const fill = async (make: () => Promise<Queue>): Promise<{ readonly full: number; readonly problem?: string }> => {
  const queue = await make()
  await queue.make(spans)
  const full = await Heap.settled()
  const held = queue.held?.() ?? spans
  const arrived = await queue.release()
  await queue.close()
  return held === spans && arrived === spans
    ? { full }
    : { full, problem: `of ${spans} spans ${held} were held and ${arrived} arrived` }
}

const make = queues[way]
if (make === undefined) throw new Error(`${way} is not one of ${Object.keys(queues).join(", ")}`)
if (way === "peer") Peer.contextManager.before()
// Until everything is compiled and every cache is filled.
for (let n = 0; n < 2; n++) await fill(make)
const { full, problem } = await fill(make)
const empty = await Heap.settled()
Processes.tell({ numbers: { bytes: (full - empty) / spans }, void: problem })
