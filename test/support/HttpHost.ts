// A real server on a free port, observed by the drop-in `serve`, with what a test asks of it.
import { Catalogue, Guard, HttpServer as Instrument, Metrics, Observation } from "@dawsos/observability"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import type * as Fiber from "effect/Fiber"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Http from "node:http"
import * as CollectedSpans from "./CollectedSpans.ts"
import * as Recorded from "./Recorded.ts"

const { Label } = Catalogue
export const requests = Catalogue.counter({
  name: "api_requests_total",
  help: "Requests",
  labels: { method: Label.oneOf(...Instrument.methods), endpoint: Label.bounded(), status_code: Label.bounded() }
})
export const duration = Catalogue.histogram({
  name: "api_request_duration_seconds",
  help: "Time that a request takes",
  unit: "seconds",
  labels: { method: Label.oneOf(...Instrument.methods), endpoint: Label.bounded() },
  buckets: [0.1, 1],
  bucketsReason: "a test"
})

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
  /** Whether the connection broke before the body ended. */
  readonly broken: boolean
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Gives up when the server has begun to work (`true`), or when the first part of the body is there. */
  readonly abort?: "waiting" | "reading"
}

export interface Host {
  readonly recorded: Recorded.Recorded
  readonly collected: CollectedSpans.CollectedSpans
  readonly reported: ReadonlyArray<Cause.Cause<unknown>>
  readonly send: (path: string, sent?: Sent) => Effect.Effect<Answer>
  /** Sends, and waits until the server has recorded the request. */
  readonly ask: (path: string, sent?: Sent) => Effect.Effect<Answer>
  /** Waits for the next request that the server has recorded. */
  readonly ended: Effect.Effect<Observation.EndedOperation>
  /** Completes when a handler has been entered: for requests that never end. */
  readonly entered: () => void
}

const failedAnswer: Answer = { status: 0, headers: {}, body: "", broken: true }

const exchange = (port: number, path: string, sent: Sent, entered: Promise<void>): Promise<Answer> =>
  new Promise((resolve) => {
    const request = Http.request({
      host: "127.0.0.1",
      port,
      path,
      method: sent.method ?? "GET",
      headers: sent.headers ?? {},
      agent: false
    }, (response) => {
      let body = ""
      const answer = (broken: boolean) => ({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body,
        broken
      })
      response.on("data", (chunk) => {
        body += String(chunk)
        if (sent.abort === "reading") request.destroy()
      })
      response.on("end", () => resolve(answer(false)))
      response.on("error", () => resolve(answer(true)))
    })
    request.on("error", () => resolve(failedAnswer))
    request.end()
    if (sent.abort === "waiting") void entered.then(() => request.destroy())
  })

export interface Setup {
  readonly options?: Partial<Instrument.Options>
  readonly serve?: Parameters<typeof HttpRouter.serve>[1]
  /** The tracer, `none` for a program without one; a collecting one by default. */
  readonly tracer?: Tracer.Tracer | "none"
  readonly sampled?: boolean
  readonly metrics?: "none"
  /** How long the server waits at its end for requests in flight. */
  readonly gracefulShutdownTimeout?: Duration.Input
  /** Further context of the server. */
  readonly context?: Context.Context<never>
}

/** Serves an app as long as the scope is open. */
export const make = (
  app: Layer.Layer<never, never, HttpRouter.HttpRouter>,
  setup: Setup = {}
): Effect.Effect<Host, never, Scope.Scope> =>
  Effect.gen(function*() {
    const recorded = Recorded.make()
    const collected = CollectedSpans.make({ sampled: setup.sampled !== false })
    const reported: Array<Cause.Cause<unknown>> = []
    const ended = yield* Queue.unbounded<Observation.EndedOperation>()
    const entered = Promise.withResolvers<void>()
    const listener: Observation.OperationListener = {
      onEnd: (operation: Observation.EndedOperation, _fiber: Fiber.Fiber<unknown, unknown>) => {
        if (operation.category === "http.server") Queue.offerUnsafe(ended, operation)
      }
    }
    let context = Context.make(Guard.CurrentGuard, recorded.guard).pipe(
      Context.add(Observation.CurrentOperationListener, listener)
    )
    if (setup.metrics !== "none") context = Context.add(context, Metrics.Metrics, recorded.service)
    if (setup.tracer !== "none") context = Context.add(context, Tracer.Tracer, setup.tracer ?? collected.tracer)
    if (setup.context !== undefined) context = Context.merge(context, setup.context)
    const reporter = ErrorReporter.make(({ cause }) => reported.push(cause))
    const serve = Instrument.serve({ requests, duration, prefix: "test", ...setup.options })
    const Served = serve(app, { disableListenLog: true, disableLogger: true, ...setup.serve }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(() => Http.createServer(), {
        port: 0,
        host: "127.0.0.1",
        gracefulShutdownTimeout: setup.gracefulShutdownTimeout
      })),
      Layer.provide(Layer.mergeAll(Layer.succeedContext(context), ErrorReporter.layer([reporter])))
    )
    const built = yield* Effect.orDie(Layer.build(Served as Layer.Layer<HttpServer.HttpServer>))
    const { address } = Context.get(built, HttpServer.HttpServer)
    const port = "port" in address ? address.port : 0
    const send: Host["send"] = (path, sent = {}) => Effect.promise(() => exchange(port, path, sent, entered.promise))
    return {
      recorded,
      collected,
      reported,
      send,
      ask: (path, sent) => Effect.tap(send(path, sent), () => Queue.take(ended)),
      ended: Queue.take(ended),
      entered: () => entered.resolve()
    }
  })
