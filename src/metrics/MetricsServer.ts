/**
 * Serves `/metrics` and `/healthz` on a port of its own.
 *
 * Not part of the program's HTTP server, so that the two can be opened to different networks, and so that a program
 * without one has metrics too. Without a router, because a second one would share the program's routes.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Timers from "node:timers/promises"
import * as Answers from "./Answers.ts"
import * as Exposition from "./Exposition.ts"
import * as MetricsServerError from "./MetricsServerError.ts"
import * as Negotiation from "./Negotiation.ts"
import * as Refusals from "./Refusals.ts"
import * as Sending from "./Sending.ts"

/** Where to listen, and who may read. */
export interface Options {
  readonly host: string
  /** 0 asks for any free port. */
  readonly port: number
  /** Whom to let read `/metrics`: everyone who reaches the port, or those who bear this token. */
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly open: Exposition.Open
  /** Told when a scrape was answered with 500. */
  readonly failed: (fault: unknown) => void
  /** Told of each request and connection that was turned away. */
  readonly refused: Refusals.Refuse
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
  /** From a request to the last byte of its answer. */
  readonly answerTimeout: number
  /** Bytes of different scrapes that may wait for those who read slowly. */
  readonly maxHeld: number
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
  // Three times what Prometheus itself waits for a scrape unless it is told otherwise.
  answerTimeout: 30_000,
  maxHeld: 64 * 1024 * 1024,
  // A Prometheus uses one.
  maxConnections: 64
}

/** Of the time between two pages, at least this many times what it took to open the first one belongs to the program. */
const rest = 4

/** Milliseconds that a scrape waits for that at most. */
const maxRest = 500

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/**
 * Whether a request bears the token, in a time that does not tell how much of it is right: digests of one length are
 * compared whole, and one is made of whatever was presented. Several headers are several claims: none of them counts.
 */
const bears = (request: IncomingMessage, token: Buffer): boolean => {
  const { authorization = [] } = request.headersDistinct
  const presented = authorization.length === 1 ? /^Bearer +(.+)$/i.exec(authorization[0] ?? "")?.[1] ?? "" : ""
  return timingSafeEqual(digest(presented.trim()), token)
}

const statusLines: Readonly<Record<string, string>> = {
  malformed: "400 Bad Request",
  headers_too_large: "431 Request Header Fields Too Large",
  slow_request: "408 Request Timeout"
}

/** What is wrong with a request that Node's parser gave up; nothing where only the connection broke. */
const refusalOf = (error: NodeJS.ErrnoException): Refusals.Reason | undefined => {
  const code = error.code ?? ""
  if (code === "HPE_HEADER_OVERFLOW") return "headers_too_large"
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "slow_request"
  return code.startsWith("HPE_") ? "malformed" : undefined
}

/** Answers what is no request, and ends what takes too long; each is counted by its reason. */
const defend = (server: Server, limits: Limits, refuse: Refusals.Refuse): Answers.Answers => {
  const answers = new Answers.Answers(limits, () => refuse("slow_reader"))
  server.setTimeout(limits.inactivityTimeout)
  server.maxConnections = limits.maxConnections
  server.on("request", (request, response) => answers.watch(request, response))
  server.on("timeout", (socket) => {
    answers.cut(socket)
    socket.destroy()
  })
  server.on("drop", () => {
    refuse("too_many_connections")
    // Whoever keeps a connection for later makes room for those who want to ask now.
    server.closeIdleConnections()
  })
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const reason = refusalOf(error)
    if (reason !== undefined) {
      refuse(reason)
      // Inside of an answer that is under way, another one would be read as a part of it.
      if (socket.writable && !answers.has(socket)) {
        socket.write(`HTTP/1.1 ${statusLines[reason]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      }
    }
    socket.destroy()
  })
  return answers
}

/**
 * Opens pages one after the other, with time for the program between them: asked for without end, they would take half
 * of the event loop. Whoever asks meanwhile waits for the next one, which is shared.
 */
const paced = (open: Exposition.Open): Exposition.Open => {
  let next = 0
  return async (format) => {
    for (let wait = next - performance.now(); wait > 0; wait = next - performance.now()) {
      await Timers.setTimeout(wait, undefined, { ref: false })
    }
    const started = performance.now()
    return open(format).finally(() => {
      const ended = performance.now()
      // Who has joined late took less time than the opening itself.
      next = Math.max(next, ended + Math.min(rest * (ended - started), maxRest))
    })
  }
}

const incoming = (request: HttpServerRequest.HttpServerRequest): IncomingMessage =>
  NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage

const outgoing = (request: HttpServerRequest.HttpServerRequest): ServerResponse =>
  NodeHttpServerRequest.toServerResponse(request) as ServerResponse

/** Logs from where no fiber runs. */
const logging = Effect.map(Effect.context<never>(), (context) => {
  const run = Effect.runForkWith(Context.add(context, References.TracerEnabled, false))
  return (line: string): void => void run(Effect.logWarning(line))
})

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
  const log = yield* logging
  const refuse = Refusals.make(options.refused, log)
  const answers = defend(server, limits, refuse)
  const open = paced(options.open)

  const refused = (reason: Refusals.Reason, response: HttpServerResponse.HttpServerResponse) => {
    refuse(reason)
    return response
  }

  const metrics = Effect.fnUntraced(function*(request: HttpServerRequest.HttpServerRequest) {
    if (Option.isSome(token) && !bears(incoming(request), token.value)) {
      return refused(
        "unauthorized",
        plain(401, "a bearer token is needed (METRICS_TOKEN)", { "www-authenticate": "Bearer realm=\"metrics\"" })
      )
    }
    const format = Negotiation.negotiate(request.headers.accept)
    const headers = {
      "content-type": Exposition.contentTypes[format],
      "cache-control": "no-store",
      vary: "accept"
    }
    if (request.method === "HEAD") return HttpServerResponse.empty({ status: 200, headers })
    const page = yield* Effect.promise(() => open(format))
    const response = outgoing(request)
    if (!answers.hold(page, response)) {
      return refused("busy", plain(503, "too many scrapes wait to be read", { "retry-after": "1" }))
    }
    yield* Effect.promise(() => answers.turn(response))
    yield* Sending.send(page, response, headers)
    // It is sent, and this is not looked at.
    return HttpServerResponse.empty()
  })

  const handler = Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const path = request.url.split("?", 1)[0]
    if (path !== "/metrics" && path !== "/healthz") {
      return refused("not_found", plain(404, "not found: /metrics and /healthz are served here"))
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refused("method_not_allowed", plain(405, "only GET is served here", { allow: "GET, HEAD" }))
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
  yield* http.serve(handler)
  // Runs first, since all that follows waits for answers that a client need not read.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      const grace = setTimeout(() => server.closeAllConnections(), gracefulShutdown)
      server.once("close", () => clearTimeout(grace))
    })
  )
  // An upgraded connection is out of reach of the server's timeouts; without this listener, Node answers the request.
  server.removeAllListeners("upgrade")

  const address = server.address()
  return typeof address === "object" && address !== null
    ? { host: address.address, port: address.port }
    : { host, port }
}, (effect) => Effect.provideService(effect, References.TracerEnabled, false))
