/**
 * What the tracing tests share: a configuration, a scrubber that lets everything pass, sinks that can be controlled, a
 * collector on a port of its own.
 */
import { Guard, ObservabilityConfig, type SpanSink, Tracing } from "@dawsos/observability"
import * as Otel from "@opentelemetry/api"
import { resourceFromAttributes } from "@opentelemetry/resources"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as OtlpTraces from "../../examples/receiver/OtlpTraces.ts"
import type { Timers } from "../../src/delivery/Timers.ts"
import * as Limits from "../../src/tracing/Limits.ts"
import * as OtlpSink from "../../src/tracing/OtlpSink.ts"
import * as Sampler from "../../src/tracing/Sampler.ts"
import type { SpanScrubber } from "../../src/tracing/ScrubbedSpan.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { SpanPipeline } from "../../src/tracing/SpanPipeline.ts"
import * as SpanProvider from "../../src/tracing/SpanProvider.ts"
import type { Options } from "../../src/tracing/TracingLive.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import * as WholeRequest from "./WholeRequest.ts"

export const passThrough: SpanScrubber = {
  text: (text) => text,
  attributes: (attributes) => attributes,
  url: (value) => value
}

type Config = Options["config"]

const defaults = Effect.runSync(ObservabilityConfig.config.parse(ConfigProvider.fromEnvRecord({})))

export const config = (tracing: Partial<Config["tracing"]> = {}, sentry: Partial<Config["sentry"]> = {}): Config => ({
  service: { name: "svc", version: "1.2.3", environment: "test", resourceAttributes: {} },
  tracing: {
    ...defaults.tracing,
    // The port to discard: nobody listens there.
    destination: { _tag: "Otlp", url: "http://127.0.0.1:9/v1/traces", headers: {}, timeout: Duration.seconds(10) },
    destinationReason: "a test",
    ...tracing
  },
  sentry: { dsn: Option.none(), tracesSampleRate: 0, profilesSampleRate: 0, ...sentry }
})

/** A sink that keeps what it gets. */
export const memory = (
  name = "memory"
): SpanSink.SpanSink & { readonly spans: Array<ReadableSpan>; shutdowns: number } => {
  const spans: Array<ReadableSpan> = []
  const sink = {
    name,
    acknowledged: true,
    spans,
    shutdowns: 0,
    export: (batch: ReadonlyArray<ReadableSpan>) =>
      Effect.sync((): SpanSink.ExportResult => {
        spans.push(...batch)
        return { accepted: batch.length, rejected: 0 }
      }),
    shutdown: Effect.sync(() => {
      sink.shutdowns++
    })
  }
  return sink
}

/** An export that waits to be told how it ends. */
export interface Pending {
  readonly batch: ReadonlyArray<ReadableSpan>
  readonly resend: (spans: number) => void
  readonly succeed: (result: SpanSink.ExportResult) => void
  readonly fail: (error: SpanSink.SpanSinkError) => void
}

/** A sink whose exports hang until they are told how to end. */
export const controlled = (
  name = "controlled"
): SpanSink.SpanSink & { readonly pending: Array<Pending>; interrupted: number; mayHaveLeft: () => boolean } => {
  const pending: Array<Pending> = []
  const sink = {
    name,
    acknowledged: true,
    pending,
    interrupted: 0,
    mayHaveLeft: () => true,
    export: (batch: ReadonlyArray<ReadableSpan>, onResent?: (spans: number) => void) =>
      Effect.suspend(() => {
        const end = Deferred.makeUnsafe<SpanSink.ExportResult, SpanSink.SpanSinkError>()
        const entry: Pending = {
          batch,
          resend: (spans) => onResent?.(spans),
          succeed: (result) => Deferred.doneUnsafe(end, Effect.succeed(result)),
          fail: (error) => Deferred.doneUnsafe(end, Effect.fail(error))
        }
        pending.push(entry)
        return Deferred.await(end).pipe(
          Effect.onInterrupt(() => Effect.sync(() => sink.interrupted++)),
          Effect.ensuring(Effect.sync(() => pending.splice(pending.indexOf(entry), 1)))
        )
      }),
    shutdown: Effect.void
  }
  return sink
}

/** The same sink, but its spans wait as bytes; it is given those of which it gets the bytes. */
export const encoding = (sink: SpanSink.SpanSink): SpanSink.SpanSink & { readonly encoder: SpanSink.SpanEncoder } => {
  const { encoder } = OtlpSink.make({
    name: sink.name,
    url: "http://127.0.0.1:9/",
    headers: {},
    timeout: Duration.seconds(1),
    guard: Guard.make()
  })
  if (encoder === undefined) throw new Error("spans wait as records")
  const encoded = new Map<string, ReadableSpan>()
  return {
    ...sink,
    encoder: {
      ...encoder,
      encode: (span, out) => {
        encoded.set(span.spanContext().spanId, span)
        encoder.encode(span, out)
      },
      export: (batch, onResent) =>
        Effect.suspend(() =>
          sink.export(
            idsOf(WholeRequest.of(batch)).map((id) => {
              const span = encoded.get(id)
              if (span === undefined) throw new Error(`nobody has encoded ${id}`)
              return span
            }),
            onResent
          )
        )
    }
  }
}

/** The ids of the spans of a request, oldest first in each scope. */
export const idsOf = (request: Uint8Array): ReadonlyArray<string> =>
  Result.getOrThrow(OtlpTraces.decode(request, "otlp")).map(({ spanId }) => spanId)

/** One request that a collector got. */
export interface Received {
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
}

/** An HTTP server on a free port that keeps its requests and answers as told. */
export const collector = (
  answer: (response: Http.ServerResponse, request: Received) => void = (response) => response.end()
): Effect.Effect<{ readonly url: string; readonly received: Array<Received> }, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const received: Array<Received> = []
        const server = Http.createServer(async (request, response) => {
          const chunks: Array<Uint8Array> = []
          for await (const chunk of request) chunks.push(chunk)
          const got = { path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks) }
          received.push(got)
          answer(response, got)
        })
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
        return { server, received }
      }),
      ({ server }) =>
        Effect.promise(() => {
          server.closeAllConnections()
          return new Promise((resolve) => server.close(resolve))
        })
    ),
    ({ received, server }) => ({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received })
  )

/** Timers that only run when they are told how much time has passed. */
export const manualTimers = (): Timers & {
  readonly advance: (millis: number) => void
  /** How many are set, `soon` included. */
  readonly pending: () => number
} => {
  let now = 0
  let timers: Array<{ readonly at: number; readonly body: () => void }> = []
  const soon: Array<() => void> = []
  const runSoon = () => {
    while (soon.length > 0) soon.shift()?.()
  }
  return {
    now: () => now,
    after: (millis, body) => {
      const timer = { at: now + millis, body }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    soon: (body) => {
      soon.push(body)
    },
    pending: () => timers.length + soon.length,
    advance: (millis) => {
      runSoon()
      const until = now + millis
      for (;;) {
        const next = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        now = next.at
        timers = timers.filter((timer) => timer !== next)
        next.body()
        runSoon()
      }
      now = until
    }
  }
}

/** A pipeline over the given sinks, with the tracers that feed it. */
export const pipelineOf = (
  sinks: ReadonlyArray<SpanSink.SpanSink>,
  limits: Partial<Limits.Limits> = {},
  scrub: (span: ReadableSpan) => ReadableSpan = (span) => ScrubbedSpan.make(span, passThrough),
  /** Called whenever the pipeline tells of an export or a circuit. */
  onTold: () => void = () => {}
) => {
  const guard = Guard.make()
  const timers = manualTimers()
  const problems: Array<string | undefined> = []
  const circuits: Array<string> = []
  const pipeline = new SpanPipeline({
    sinks,
    guard,
    timers,
    limits: { ...Limits.defaults, maxQueueSize: 8, maxExportBatchSize: 4, ...limits },
    random: () => 0,
    scrub,
    run: (effect) => Effect.runFork(effect),
    onExport: (_sink, problem) => {
      problems.push(problem)
      onTold()
    },
    onCircuit: (_sink, { state }) => {
      circuits.push(state)
      onTold()
    }
  })
  const provider = SpanProvider.make({
    guard,
    pipeline,
    resource: resourceFromAttributes({ "service.name": "svc" }),
    sampler: () => Sampler.make({ _tag: "AlwaysOn", parentBased: true }, true)
  })
  const scope = { name: "test", version: undefined }
  return {
    guard,
    timers,
    pipeline,
    problems,
    circuits,
    tracer: provider.tracer(scope),
    unsampled: provider.unsampled(scope)
  }
}

/** Runs an effect under a live layer whose only sink is in memory, and gives its exit with the spans that came out. */
export const traced = Effect.fnUntraced(function*<A, E>(
  effect: Effect.Effect<A, E, Tracing.Tracing>,
  options: Partial<Options> = {}
) {
  const sink = memory()
  const guard = Guard.make()
  const { accounting, exit } = yield* Effect.gen(function*() {
    const exit = yield* Effect.exit(effect)
    return { exit, accounting: yield* (yield* Tracing.Tracing).flush }
  }).pipe(
    Effect.provide(TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [sink], ...options })),
    Effect.provideService(Guard.CurrentGuard, guard),
    Effect.provideService(References.MinimumLogLevel, "None")
  )
  return { exit, accounting, guard, spans: sink.spans }
})

/** The span of a name. */
export const named = (spans: ReadonlyArray<ReadableSpan>, name: string): ReadableSpan => {
  const span = spans.find((candidate) => candidate.name === name)
  if (span === undefined) throw new Error(`no span ${name} among ${spans.map((other) => other.name).join(", ")}`)
  return span
}

/** A copy of a span with other fields, as an object that nobody here has made. */
export const foreign = (span: ReadableSpan, fields: Partial<ReadableSpan> = {}): ReadableSpan => {
  const context = span.spanContext()
  const { parentSpanContext } = span
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    ...(parentSpanContext === undefined ? {} : { parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    duration: span.duration,
    ended: span.ended,
    status: span.status,
    attributes: span.attributes,
    events: span.events,
    links: span.links,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    ...fields
  }
}

/** The same, but nobody can read its name. */
export const unreadable = (span: ReadableSpan): ReadableSpan =>
  Object.defineProperty(foreign(span), "name", {
    get: () => {
      throw new Error("broken")
    }
  })

/** The name of a span's parent, or `-` for none that is known. */
export const parentOf = (spans: ReadonlyArray<ReadableSpan>, name: string): string => {
  const { parentSpanContext } = named(spans, name)
  return spans.find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name ?? "-"
}

/** Ended spans with a bit of everything, as they come to a sink. */
export const endedSpans = (count: number, attributes: Otel.Attributes = {}): ReadonlyArray<ReadableSpan> => {
  const sink = memory()
  const { timers, tracer } = pipelineOf([sink], {
    maxQueueSize: count,
    maxQueueBytes: Infinity,
    maxRequestBytes: Infinity
  })
  for (let index = 0; index < count; index++) {
    tracer.startActiveSpan(`span ${index}`, { kind: Otel.SpanKind.CLIENT }, (span) => {
      span.setAttributes({ text: "héllo", whole: 200, fraction: 0.5, flag: true, list: ["a", "b"], ...attributes })
      span.addEvent("exception", { "exception.type": "NotFound", list: [1, 2] }, 1_700_000_000_123)
      span.addLink({
        context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 }
      })
      span.setStatus({ code: Otel.SpanStatusCode.ERROR, message: "no" })
      span.end()
    })
  }
  timers.advance(5_000)
  return sink.spans
}
