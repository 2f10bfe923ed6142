import type { Attributes } from "@opentelemetry/api"
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-node"
import { AlwaysOnSampler, BasicTracerProvider } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as Http from "node:http"

/** What an exporter says of a batch: 0 for success. */
export interface ExportResult {
  readonly code: number
  readonly error?: Error
}

/** A tracer whose ended spans are collected, without any processor or exporter of the SDK. */
export const collectingTracer = (resource: Attributes = { "service.name": "svc", "service.version": "1.2.3" }) => {
  const ended: Array<ReadableSpan> = []
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new AlwaysOnSampler(),
    spanProcessors: [{
      onStart: () => {},
      onEnd: (span) => ended.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve()
    }]
  })
  return { tracer: provider.getTracer("receiver-test", "0.9"), ended }
}

/** A request span with a failing child, with everything that a span can carry. */
export const exampleTrace = (): readonly [root: ReadableSpan, child: ReadableSpan] => {
  const { ended, tracer } = collectingTracer()
  const start = 1_700_000_000_123
  const other = tracer.startSpan("linked", { startTime: start }, ROOT_CONTEXT)
  const root = tracer.startSpan("POST /v1/execute", {
    kind: SpanKind.SERVER,
    startTime: start,
    attributes: { text: "täxt", yes: true, whole: 42, negative: -7, fraction: 0.25, list: ["a", "b"] },
    links: [{ context: other.spanContext() }]
  }, ROOT_CONTEXT)
  const child = tracer.startSpan(
    "metrics.compute_twr",
    { startTime: start + 2 },
    trace.setSpan(ROOT_CONTEXT, root)
  )
  child.addEvent("exception", { "exception.type": "RateLimited" }, start + 3)
  child.setStatus({ code: SpanStatusCode.ERROR, message: "quota" })
  child.end(start + 5)
  root.setStatus({ code: SpanStatusCode.OK })
  root.end(start + 12)
  return [ended[1]!, ended[0]!]
}

/** `n` small spans, each a trace of its own. */
export const spans = (n: number): ReadonlyArray<ReadableSpan> => {
  const { ended, tracer } = collectingTracer()
  for (let index = 0; index < n; index++) tracer.startSpan(`span ${index}`, {}, ROOT_CONTEXT).end()
  return ended
}

/** Runs one export of a real exporter and gives its answer. */
export const exportSpans = (
  exporter: Pick<SpanExporter, "export">,
  batch: ReadonlyArray<ReadableSpan>
): Effect.Effect<ExportResult> =>
  Effect.callback((resume) => {
    exporter.export([...batch], (result) => resume(Effect.succeed(result)))
  })

export const idOf = (span: ReadableSpan): string => span.spanContext().spanId

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
}

/** A plain HTTP client; fails with Node's error code. */
export const post = (
  url: string,
  body: Uint8Array | string,
  headers: Record<string, string> = { "content-type": "application/x-protobuf" },
  method = "POST"
): Effect.Effect<Answer, string> =>
  Effect.callback((resume) => {
    const request = Http.request(url, { method, headers, agent: false }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
      response.on("end", () =>
        resume(
          Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        ))
    })
    request.on("error", (error: NodeJS.ErrnoException) => resume(Effect.fail(error.code ?? error.message)))
    request.end(body)
    return Effect.sync(() => {
      request.destroy()
    })
  })
