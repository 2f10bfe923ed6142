/**
 * Observes the requests of an Effect HTTP server by route template.
 *
 * Effect's server opens a span for each request but records no metric, and knows the route only on sampled spans. The
 * drop-in `serve` counts each request once whatever the sampling, gives it a request id, and makes the boundary at whose
 * edge failures are reported.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import * as Boundary from "../Boundary.ts"
import type * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Observation from "../Observation.ts"
import * as Scrubber from "../Scrubber.ts"
import { type Method, methodLabel } from "./HttpMethods.ts"
import * as HttpRoutes from "./HttpRoutes.ts"

export { type Method, methodLabel, methods } from "./HttpMethods.ts"
export { routeTemplate } from "./HttpRoutes.ts"
import * as GuardedSpan from "../observation/GuardedSpan.ts"

/** The endpoint of requests that no route matched. */
export const unmatched = "unmatched"

/** The header in which a request id comes in and goes out. */
export const requestIdHeader = "x-request-id"

/** The labels of a counter of requests. */
export type RequestLabels = {
  readonly method: Catalogue.OneOf<Method>
  readonly endpoint: Catalogue.Bounded
  readonly status_code: Catalogue.Bounded
}

/** The labels of a histogram of request durations. */
export type DurationLabels = {
  readonly method: Catalogue.OneOf<Method>
  readonly endpoint: Catalogue.Bounded
}

/** What `serve` records, and what it leaves alone. */
export interface Options {
  readonly requests: Catalogue.Counter<RequestLabels>
  readonly duration: Catalogue.Histogram<DurationLabels>
  /** Prefix of the span attributes that are no semantic convention. */
  readonly prefix: string
  /** Requests that are neither traced nor counted; health checks and scrapes by default. */
  readonly unobserved?: ((request: HttpServerRequest.HttpServerRequest) => boolean) | undefined
  /** The header that names the user, `x-user-id` by default. The id leaves the process hashed. */
  readonly userHeader?: string | undefined
}

const pathOf = (url: string): string => {
  const end = url.search(/[?#]/)
  return end === -1 ? url : url.slice(0, end)
}

const isHealthOrScrape = (path: string): boolean =>
  path === "/metrics" || path === "/healthz" || path === "/health" || path.startsWith("/health/")

const acceptedRequestId = /^[A-Za-z0-9._:-]{1,128}$/

const noop = (): undefined => undefined

// The id is sent back and to every sink: one that is a key or somebody's address is not taken over.
const requestIdOf = (request: HttpServerRequest.HttpServerRequest, scrubber: Scrubber.Scrubber): string => {
  const given = request.headers[requestIdHeader]
  return given !== undefined && acceptedRequestId.test(given) && scrubber.text(given) === given
    ? given
    : crypto.randomUUID()
}

const boundaryOf = (
  request: HttpServerRequest.HttpServerRequest,
  span: Tracer.AnySpan | undefined,
  userHeader: string,
  scrubber: Scrubber.Scrubber
): Boundary.Boundary => {
  const method = methodLabel(request.method)
  const boundary = new Boundary.Boundary("http", `${method} ${unmatched}`, request.source)
  boundary.method = method
  boundary.requestId = requestIdOf(request, scrubber)
  boundary.span = span
  const user = request.headers[userHeader]
  if (user !== undefined && user !== "") boundary.user = { id: user }
  Boundary.bindRequest(request.source, boundary)
  return boundary
}

const isObserving = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  Context.getOrUndefined(fiber.context, Metrics.Metrics)?.enabled === true ||
  fiber.cache.tracer !== undefined ||
  fiber.getRef(Observation.CurrentOperationListener) !== undefined

interface Ending {
  readonly code: number
  readonly status: Observation.Status
  readonly errorType: string | undefined
  /** What failed after a success had been announced: Effect ends the span by the status line alone. */
  readonly late?: Cause.Cause<unknown> | undefined
}

const answered = (code: number): Ending =>
  code >= 500
    ? { code, status: "error", errorType: String(code) }
    : { code, status: "success", errorType: undefined }

// What counts is the status of the response, but 499 when the client gave up, and 500 when the body failed after the
// status line of a success had been sent.
const endingOf = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>): Ending => {
  if (exit._tag === "Success") return answered(exit.value.status)
  const [{ status: sent }, failed] = HttpServerError.causeResponseStripped(exit.cause)
  if (Option.isNone(failed)) return answered(sent)
  const cause = failed.value
  const aborted = cause.reasons.some((reason) => reason.annotations.has(HttpServerError.ClientAbort.key))
  const status = Observation.statusOfCause(cause)
  const code = sent >= 400 ? sent : status !== "interrupted" ? 500 : aborted ? 499 : 503
  if (code < 499) return answered(code)
  return {
    code,
    status,
    late: sent < 400 && status !== "interrupted" ? cause : undefined,
    errorType: Observation.errorTypeOfCause(cause) ?? String(code)
  }
}

type Unobserved = (guard: Guard.Guard, request: HttpServerRequest.HttpServerRequest) => boolean

const middleware = (options: Options, unobserved: Unobserved) =>
<E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isObserving(fiber)) return app
    const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
    const guard = fiber.getRef(Guard.CurrentGuard)
    // Neither is what happens inside of it: a probe every second would fill the traces.
    if (unobserved(guard, request)) return Effect.withTracerEnabled(app, false)
    const span = fiber.cache.span
    const boundary = guard.run("instrument", () => {
      const made = boundaryOf(request, span, options.userHeader ?? "x-user-id", fiber.getRef(Scrubber.CurrentScrubber))
      HttpEffect.appendPreResponseHandlerUnsafe(
        fiber.context,
        (_request, response) =>
          Effect.succeed(HttpServerResponse.setHeader(response, requestIdHeader, made.requestId ?? ""))
      )
      return made
    }, () => undefined)
    if (boundary === undefined) return app
    if (span?._tag === "Span") GuardedSpan.attribute(guard, span, `${options.prefix}.request_id`, boundary.requestId)

    const clock = fiber.getRef(Clock.Clock)
    const start = clock.monotonicTimeNanosUnsafe()
    return Effect.onExitPrimitive(
      Effect.updateContext(app, (context: Context.Context<R>) =>
        Context.add(context, Boundary.CurrentBoundary, boundary)),
      (exit) => {
        guard.run("instrument", () => {
          record(fiber, guard, options, request, boundary, exit, Number(clock.monotonicTimeNanosUnsafe() - start))
        }, noop)
        return undefined
      }
    )
  })

const record = (
  fiber: Fiber.Fiber<unknown, unknown>,
  guard: Guard.Guard,
  options: Options,
  request: HttpServerRequest.HttpServerRequest,
  boundary: Boundary.Boundary,
  exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>,
  nanos: number
): void => {
  const { route, span } = boundary
  const method = methodLabel(request.method)
  const endpoint = route ?? unmatched
  const { code, errorType, late, status } = endingOf(exit)
  if (span?._tag === "Span") {
    // The router sets `http.route` as it is written in the code; one spelling serves spans and labels.
    if (route !== undefined) GuardedSpan.attribute(guard, span, "http.route", route)
    if (errorType !== undefined) GuardedSpan.attribute(guard, span, "error.type", errorType)
    // Untraced, a request has no span of its own, and the one around it is none of ours to end.
    if (late !== undefined && span.kind === "server" && span.status._tag === "Started") {
      guard.run("tracer", () => GuardedSpan.onEnd(span, guard, () => Exit.failCause(late)), noop)
    }
  }
  const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
  if (metrics?.enabled === true) {
    metrics.counter(options.requests, { method, endpoint, status_code: String(code) }).increment()
    metrics.histogram(options.duration, { method, endpoint }).observe(
      nanos / 1e9,
      GuardedSpan.exemplar(fiber, guard, span)
    )
  }
  Observation.announce(fiber, {
    category: "http.server",
    name: `${method} ${endpoint}`,
    status,
    durationMillis: nanos / 1e6,
    attributes: { "http.response.status_code": code }
  })
}

// Known routes show at 0 before their first request, as a success and as the failure that alerts look for.
const declareRoutes =
  (options: Options, metrics: Metrics.Service | undefined, guard: Guard.Guard) => (method: string, path: string) => {
    if (metrics === undefined || method === "*" || (options.unobserved === undefined && isHealthOrScrape(path))) return
    guard.run("instrument", () => {
      const labels = { method: methodLabel(method), endpoint: HttpRoutes.templateOf(path) }
      metrics.declare(options.requests, [{ ...labels, status_code: "200" }, { ...labels, status_code: "500" }])
      metrics.declare(options.duration, [labels])
    }, noop)
  }

const observeRoutes = <A, E, R>(app: Layer.Layer<A, E, R>, options: Options) =>
  Layer.provide(
    app,
    Layer.effect(
      HttpRouter.HttpRouter,
      Effect.withFiber<HttpRouter.HttpRouter, never, HttpRouter.HttpRouter>((fiber) => {
        const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
        const declare = declareRoutes(options, metrics, fiber.getRef(Guard.CurrentGuard))
        return Effect.flatMap(HttpRouter.HttpRouter, (router) =>
          Effect.as(
            router.addGlobalMiddleware(HttpRoutes.noting as Parameters<typeof router.addGlobalMiddleware>[0]),
            HttpRoutes.observeRouter(router, declare, "")
          ) as Effect.Effect<HttpRouter.HttpRouter>)
      })
    )
  )

/**
 * Makes a drop-in for `HttpRouter.serve` that observes requests.
 *
 * Use it for plain routers and for `HttpApi` alike; it takes the same arguments and has the same type. Every request
 * counts once, under its route template (`unmatched` where there is none) and its final status: a defect is 500, a
 * request that the client gave up on 499, a body that fails after a success was announced 500. The duration ends with
 * the response. Health checks and `/metrics` are neither traced nor counted.
 *
 * Don't build or run the server inside a span: every request would join that trace.
 */
export const serve = (options: Options): typeof HttpRouter.serve => {
  const isUnobserved = options.unobserved ?? ((request) => isHealthOrScrape(pathOf(request.url)))
  const unobserved: Unobserved = (guard, request) => guard.run("instrument", () => isUnobserved(request), () => false)
  const observe = middleware(options, unobserved)
  // Fresh, since a second server of the program may stand in another context.
  const untraced = Layer.fresh(Layer.effect(
    HttpMiddleware.TracerDisabledWhen,
    Effect.withFiber((fiber) => {
      const guard = fiber.getRef(Guard.CurrentGuard)
      const disabled = fiber.getRef(HttpMiddleware.TracerDisabledWhen)
      return Effect.succeed((request: HttpServerRequest.HttpServerRequest) =>
        disabled(request) || unobserved(guard, request)
      )
    })
  ))
  const served = (
    app: Layer.Layer<unknown, unknown, unknown>,
    serveOptions?: Parameters<typeof HttpRouter.serve>[1]
  ) => {
    const own = serveOptions?.middleware
    return Layer.provide(
      HttpRouter.serve(observeRoutes(app, options), {
        ...serveOptions,
        middleware: (effect) => observe(own === undefined ? effect : own(effect))
      }),
      untraced
    )
  }
  // One signature with the one it stands in for, whose types compute requirements from the app.
  return served as unknown as typeof HttpRouter.serve
}
