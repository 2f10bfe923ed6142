/**
 * What the tracing tests share: a configuration, a scrubber that lets everything pass, sinks that can be controlled, a
 * collector on a port of its own.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type { SpanScrubber } from "../../src/tracing/ScrubbedSpan.ts"
import type { ExportResult, SpanSink, SpanSinkError } from "../../src/tracing/SpanSink.ts"
import type { Options } from "../../src/tracing/TracingLive.ts"

export const passThrough: SpanScrubber = { text: (text) => text, attributes: (attributes) => attributes }

type Config = Options["config"]

export const config = (tracing: Partial<Config["tracing"]> = {}, sentry: Partial<Config["sentry"]> = {}): Config => ({
  service: { name: "svc", version: "1.2.3", environment: "test", resourceAttributes: {} },
  tracing: {
    disabled: false,
    destination: {
      _tag: "Otlp",
      url: "http://127.0.0.1:9/v1/traces",
      headers: {},
      timeout: Duration.seconds(10)
    },
    destinationReason: "a test",
    sampler: { _tag: "AlwaysOn", parentBased: true },
    queue: {
      maxQueueSize: 2048,
      maxExportBatchSize: 512,
      scheduledDelay: Duration.seconds(5),
      exportTimeout: Duration.seconds(30)
    },
    ...tracing
  },
  sentry: { dsn: Option.none(), tracesSampleRate: 0, profilesSampleRate: 0, ...sentry }
})

/** A sink that keeps what it gets. */
export const memory = (name = "memory"): SpanSink & { readonly spans: Array<ReadableSpan>; shutdowns: number } => {
  const spans: Array<ReadableSpan> = []
  const sink = {
    name,
    acknowledged: true,
    spans,
    shutdowns: 0,
    export: (batch: ReadonlyArray<ReadableSpan>) =>
      Effect.sync((): ExportResult => {
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
  readonly succeed: (result: ExportResult) => void
  readonly fail: (error: SpanSinkError) => void
}

/** A sink whose exports hang until they are told how to end. */
export const controlled = (
  name = "controlled"
): SpanSink & { readonly pending: Array<Pending>; interrupted: number } => {
  const pending: Array<Pending> = []
  const sink = {
    name,
    acknowledged: true,
    pending,
    interrupted: 0,
    export: (batch: ReadonlyArray<ReadableSpan>) =>
      Effect.suspend(() => {
        const end = Deferred.makeUnsafe<ExportResult, SpanSinkError>()
        const entry: Pending = {
          batch,
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
