/**
 * Observes the requests of an Effect HTTP server by route template.
 *
 * Effect's server opens a span for each request but records no metric, and knows the route only on sampled spans. The
 * drop-in `serve` counts each request once whatever the sampling, gives it a request id, and makes the boundary at whose
 * edge failures are reported.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as Tracer from "effect/Tracer"
import * as Boundary from "../Boundary.ts"
import * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Observation from "../Observation.ts"

/** The methods that are told apart; any other is `_OTHER`, as OpenTelemetry's semantic conventions have it. */
export const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "_OTHER"] as const

/** One of `methods`. */
export type Method = (typeof methods)[number]

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

/** A method as its label value. */
export const methodLabel = (method: string): Method =>
  (methods as ReadonlyArray<string>).includes(method) ? method as Method : "_OTHER"

/** A router's path as a route template: `/api/quotes/:symbol` becomes `/api/quotes/{symbol}`. */
export const routeTemplate = (path: string): string =>
  path.replace(/:([A-Za-z_][A-Za-z0-9_]*)(\([^)]*\))?\??/g, (_, name: string) => `{${name}}`)

const acceptedRequestId = /^[A-Za-z0-9._:-]{1,128}$/

const noop = (): void => {}

// Notes the route in the request's boundary, and where a failure began: the middleware of the server sees neither.
const observeRoute = <E, R>(route: HttpRouter.Route<E, R>): HttpRouter.Route<E, R> => ({
  ...route,
  handler: Effect.withFiber((fiber) => {
    const boundary = Boundary.ofFiber(fiber)
    if (boundary === undefined) return route.handler
    const matched = Context.getOrUndefined(fiber.context, HttpRouter.RouteContext)
    boundary.route = routeTemplate(matched?.route.path ?? route.path)
    boundary.operation = `${boundary.method} ${boundary.route}`
    return Effect.onExitPrimitive(route.handler, (exit) => {
      if (exit._tag === "Failure") {
        fiber.getRef(Guard.CurrentGuard).run("instrument", () => {
          Observation.noteFailure(fiber, exit.cause, boundary.operation, boundary.span)
        }, noop)
      }
      return undefined
    })
  })
})

type AnyRoute = HttpRouter.Route<unknown, unknown>

const observeRouter = (
  router: HttpRouter.HttpRouter,
  known: (method: string, path: string) => void,
  prefix: string
): HttpRouter.HttpRouter => {
  const capture = (route: AnyRoute): AnyRoute => {
    known(route.method, prefix + route.path)
    return observeRoute(route)
  }
  const addAll = (routes: ReadonlyArray<AnyRoute>) => router.addAll(routes.map(capture))
  const add = (...args: Parameters<typeof HttpRouter.route>) => addAll([HttpRouter.route(...args) as AnyRoute])
  return HttpRouter.HttpRouter.of({
    ...router,
    // The router's own signatures compute requirement types from the routes, which wrapping leaves as they are.
    add: add as unknown as HttpRouter.HttpRouter["add"],
    addAll: addAll as unknown as HttpRouter.HttpRouter["addAll"],
    prefixed: (more) => observeRouter(router.prefixed(more), known, prefix + more)
  })
}

const requestIdOf = (request: HttpServerRequest.HttpServerRequest): string => {
  const given = request.headers[requestIdHeader]
  return given !== undefined && acceptedRequestId.test(given) ? given : crypto.randomUUID()
}

const boundaryOf = (
  request: HttpServerRequest.HttpServerRequest,
  span: Tracer.AnySpan | undefined,
  userHeader: string
): Boundary.Boundary => {
  const method = methodLabel(request.method)
  const boundary = new Boundary.Boundary("http", `${method} ${unmatched}`)
  boundary.method = method
  boundary.requestId = requestIdOf(request)
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

const middleware = (options: Options, unobserved: (request: HttpServerRequest.HttpServerRequest) => boolean) =>
<E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
  Effect.withFiber((fiber) => {
    const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
    if (!isObserving(fiber)) return app
    const guard = fiber.getRef(Guard.CurrentGuard)
    const observed = guard.run("instrument", () => {
      if (unobserved(request)) return undefined
      const span = fiber.cache.span
      const boundary = boundaryOf(request, span, options.userHeader ?? "x-user-id")
      if (span?._tag === "Span") span.attribute(`${options.prefix}.request_id`, boundary.requestId)
      HttpEffect.appendPreResponseHandlerUnsafe(
        fiber.context,
        (_request, response) =>
          Effect.succeed(HttpServerResponse.setHeader(response, requestIdHeader, boundary.requestId ?? ""))
      )
      return { boundary, span }
    }, () => undefined)
    if (observed === undefined) return app

    const { boundary, span } = observed
    const clock = fiber.getRef(Clock.Clock)
    const start = clock.currentTimeNanosUnsafe()
    const record = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, E>): void => {
      const seconds = Number(clock.currentTimeNanosUnsafe() - start) / 1e9
      const endpoint = boundary.route ?? unmatched
      const method = methodLabel(request.method)
      // The router sets `http.route` as it is written in the code; one spelling serves spans and labels.
      if (span?._tag === "Span" && boundary.route !== undefined) span.attribute("http.route", boundary.route)
      const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
      if (metrics === undefined || !metrics.enabled) return
      const status = String(HttpServerError.exitResponse(exit).status)
      metrics.counter(options.requests, { method, endpoint, status_code: status }).increment()
      metrics.histogram(options.duration, { method, endpoint }).observe(
        seconds,
        span !== undefined && span.sampled ? { traceId: span.traceId, spanId: span.spanId } : undefined
      )
    }
    return Effect.onExitPrimitive(
      Effect.updateContext(app, (context: Context.Context<R>) =>
        Context.add(context, Boundary.CurrentBoundary, boundary)),
      (exit) => {
        guard.run("instrument", () =>
          record(exit), noop)
        return undefined
      }
    )
  })

// Known routes show at 0 before their first request, as a success and as the failure that alerts look for.
const declareRoutes =
  (options: Options) => (metrics: Metrics.Service | undefined) => (method: string, path: string) => {
    if (metrics === undefined || method === "*" || isHealthOrScrape(path)) return
    const labels = { method: methodLabel(method), endpoint: routeTemplate(path) }
    metrics.declare(options.requests, [{ ...labels, status_code: "200" }, { ...labels, status_code: "500" }])
    metrics.declare(options.duration, [labels])
  }

const observeRoutes = <A, E, R>(app: Layer.Layer<A, E, R>, options: Options) =>
  Layer.provide(
    app,
    Layer.effect(
      HttpRouter.HttpRouter,
      Effect.withFiber<HttpRouter.HttpRouter, never, HttpRouter.HttpRouter>((fiber) => {
        const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
        return Effect.map(
          HttpRouter.HttpRouter,
          (router) => observeRouter(router, declareRoutes(options)(metrics), "")
        )
      })
    )
  )

/**
 * Makes a drop-in for `HttpRouter.serve` that observes requests.
 *
 * Use it for plain routers and for `HttpApi` alike; it takes the same arguments and has the same type. Every request
 * counts once, under its route template (`unmatched` where there is none) and its final status: a defect is 500, a
 * request that the client gave up on 499. Health checks and `/metrics` are neither traced nor counted.
 *
 * Don't build or run the server inside a span: every request would join that trace.
 */
export const serve = (options: Options): typeof HttpRouter.serve => {
  const unobserved = options.unobserved ?? ((request) => isHealthOrScrape(pathOf(request.url)))
  const observe = middleware(options, unobserved)
  const untraced = Layer.effect(
    HttpMiddleware.TracerDisabledWhen,
    Effect.map(
      Effect.service(HttpMiddleware.TracerDisabledWhen),
      (disabled) => (request: HttpServerRequest.HttpServerRequest) => disabled(request) || unobserved(request)
    )
  )
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
