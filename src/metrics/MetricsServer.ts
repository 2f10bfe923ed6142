/**
 * Serves `/metrics` and `/healthz` on a port of its own.
 *
 * Not part of the program's HTTP server, so that the two can be opened to different networks, and so that a program
 * without one has metrics too. Without a router, because a second one would share the program's routes.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import * as Exposition from "./Exposition.ts"
import type * as Metrics from "./Metrics.ts"
import * as MetricsServerError from "./MetricsServerError.ts"
import * as Negotiation from "./Negotiation.ts"

/** Where to listen, and who may read. */
export interface Options {
  readonly host: string
  /** 0 asks for any free port. */
  readonly port: number
  /** Whom to let read `/metrics`: everyone who reaches the port, or those who bear this token. */
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly render: (format: Metrics.Format) => Effect.Effect<string>
  /** Told when a scrape was answered with 500. */
  readonly failed: (fault: unknown) => void
  /** Other bounds than the usual ones; for tests, which have no time to wait for these. */
  readonly limits?: Partial<Limits> | undefined
}

/** What a client may take of the server; times in milliseconds. */
export interface Limits {
  readonly maxHeaderSize: number
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeout: number
  /** From the first byte of a request to its last. */
  readonly requestTimeout: number
  /** How often these two are looked at. */
  readonly connectionsCheckingInterval: number
  readonly keepAliveTimeout: number
  /** A connection on which nothing moves for this long is closed. */
  readonly inactivityTimeout: number
  /** Connections at a time. */
  readonly maxConnections: number
}

/** Milliseconds that requests in flight get when the server closes. */
const gracefulShutdown = 1000

// A scraper sends a few hundred bytes and reads at once. These bounds keep one that doesn't from holding memory.
const usualLimits: Limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  // Above the usual scrape interval of 15 to 60 s, so that a scraper keeps its connection.
  keepAliveTimeout: 75_000,
  inactivityTimeout: 15_000,
  // A Prometheus uses one.
  maxConnections: 64
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Whether an `Authorization` header bears the token, in a time that does not tell how much of it is right. */
const bears = (authorization: string | undefined, token: Buffer): boolean => {
  const presented = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1] ?? ""
  return timingSafeEqual(digest(presented.trim()), token)
}

const plain = (status: number, text: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(`${text}\n`, { status, headers })

/** Starts the server for the life of the scope, and answers with its address. */
export const serve: (
  options: Options
) => Effect.Effect<
  { readonly host: string; readonly port: number },
  MetricsServerError.MetricsServerError,
  Scope.Scope
> = Effect.fnUntraced(function*(options) {
  const { host, port } = options
  const token = Option.map(options.token, (token) => digest(Redacted.value(token)))
  const limits = { ...usualLimits, ...options.limits }
  const server = createServer(limits)
  server.setTimeout(limits.inactivityTimeout)
  server.maxConnections = limits.maxConnections

  const metrics = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest) {
    if (Option.isSome(token) && !bears(request.headers.authorization, token.value)) {
      return plain(401, "a bearer token is needed (METRICS_TOKEN)", { "www-authenticate": "Bearer realm=\"metrics\"" })
    }
    const format = Negotiation.negotiate(request.headers.accept)
    const text = yield* options.render(format)
    return HttpServerResponse.text(text, {
      contentType: Exposition.contentTypes[format],
      headers: { "cache-control": "no-store", vary: "accept" }
    })
  })

  const handler = Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const path = request.url.split("?", 1)[0]
    if (path !== "/metrics" && path !== "/healthz") {
      return plain(404, "not found: /metrics and /healthz are served here")
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(405, "only GET is served here", { allow: "GET, HEAD" })
    }
    return path === "/healthz" ? plain(200, "ok") : yield* metrics(request)
  }).pipe(
    // The exposition answers for its own parts; what still fails must not look like a page of metrics.
    Effect.catchCause((cause) => {
      if (!Cause.hasInterruptsOnly(cause)) options.failed(Cause.squash(cause))
      return Effect.succeed(plain(500, "the exposition could not be written"))
    })
  )

  const http = yield* NodeHttpServer.make(() => server, { host, port, gracefulShutdownTimeout: gracefulShutdown }).pipe(
    Effect.mapError((error) => MetricsServerError.fromCause(error, host, port))
  )
  // Runs after the grace of the handler below and before the server waits for its last connection.
  yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  yield* http.serve(handler)

  const address = server.address()
  return typeof address === "object" && address !== null
    ? { host: address.address, port: address.port }
    : { host, port }
}, (effect) => Effect.provideService(effect, References.TracerEnabled, false))
