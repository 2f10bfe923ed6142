import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Certificate from "./Certificate.ts"
import { Desk } from "./Desk.ts"
import * as HttpIntake from "./HttpIntake.ts"
import type { Limits, Totals } from "./Ledger.ts"
import { defaultLimits, Ledger } from "./Ledger.ts"
import type { ReceivedRequest } from "./ReceivedRequest.ts"
import type { ReceivedSpan, Signal } from "./ReceivedSpan.ts"
import * as Signals from "./ReceivedSpan.ts"
import type { Reply, Responder } from "./Reply.ts"
import type { ReceivedEvent, ReceivedItem } from "./SentryEnvelope.ts"
import type { ServeError } from "./ServeError.ts"
import * as TraceTree from "./TraceTree.ts"
import * as UdpIntake from "./UdpIntake.ts"

/** How to start a receiver; every part has a default. */
export interface Options {
  /** Address to listen on, `127.0.0.1`. */
  readonly host?: string
  /** TCP port of the three HTTP protocols, 0 = any free one. */
  readonly port?: number
  /** UDP port of Thrift, 0 = any free one. */
  readonly udpPort?: number
  /** What is served, everything by default; the rest is answered 404 and counted as unreadable. */
  readonly signals?: ReadonlyArray<Signal>
  readonly limits?: Partial<Limits>
  /** Speaks HTTPS with a certificate of its own, that nobody trusts who is not told to; plain HTTP unless asked. */
  readonly tls?: boolean
}

/** What arrived of a signal, by span id or event id, each as often as it came. */
export interface Arrivals {
  /** What the receiver had in whole, whatever it answered, or did not answer. */
  readonly received: ReadonlyArray<string>
  /** What it kept; a client that was not told so may send it again. */
  readonly accepted: ReadonlyArray<string>
}

/** What a receiver can be asked. */
export interface Shape {
  readonly host: string
  readonly port: number
  /** For `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. */
  readonly otlpTracesUrl: string
  /** For `JAEGER_ENDPOINT`. */
  readonly jaegerHttpUrl: string
  /** For `JAEGER_AGENT_HOST` and `JAEGER_AGENT_PORT`. */
  readonly jaegerUdp: { readonly host: string; readonly port: number }
  /** For `SENTRY_DSN`; the key is made up. */
  readonly sentryDsn: string
  /** Where spans go that are sent to Sentry, as computed from `sentryDsn`. */
  readonly sentryOtlpTracesUrl: string
  /** The certificate in PEM, for a client that shall trust it; undefined where it speaks plain HTTP. */
  readonly certificate: string | undefined

  /** The spans kept, in the order of arrival; one that two sinks sent is there twice, told apart by `signal`. */
  readonly spans: Effect.Effect<ReadonlyArray<ReceivedSpan>>
  /** The Sentry events kept. */
  readonly events: Effect.Effect<ReadonlyArray<ReceivedEvent>>
  /** The envelope items kept, of every type (`transaction`, `span`, `session`, `client_report`, …), events included. */
  readonly items: Effect.Effect<ReadonlyArray<ReceivedItem>>
  /** The requests and datagrams kept, also those that were refused or unreadable. */
  readonly requests: Effect.Effect<ReadonlyArray<ReceivedRequest>>
  /**
   * The requests kept in whose path, headers or body (as sent, and decompressed) the text occurs. A search is complete
   * only while `totals` shows no evicted requests.
   */
  readonly requestsContaining: (text: string) => Effect.Effect<ReadonlyArray<ReceivedRequest>>
  readonly totals: Effect.Effect<Totals>
  /** The ids that arrived, request by request; complete only while `totals` shows no evicted requests. */
  readonly arrivals: (signal: Signal) => Effect.Effect<Arrivals>

  /** Waits until at least `n` spans were stored since the last `clear` (of one signal, if given); gives those kept. */
  readonly awaitSpans: (n: number, signal?: Signal) => Effect.Effect<ReadonlyArray<ReceivedSpan>>
  /** Waits until at least `n` events were stored since the last `clear`; gives those kept. */
  readonly awaitEvents: (n: number) => Effect.Effect<ReadonlyArray<ReceivedEvent>>
  /** Waits until at least `n` requests have arrived since the last `clear`, answered or not; gives those kept. */
  readonly awaitRequests: (n: number, signal?: Signal) => Effect.Effect<ReadonlyArray<ReceivedRequest>>
  /** Waits until the totals satisfy the predicate. */
  readonly awaitTotals: (predicate: (totals: Totals) => boolean) => Effect.Effect<Totals>

  /** How requests of a signal are answered from now on; a responder is given the head and `n` counted from 1. */
  readonly respond: (signal: Signal, reply: Reply | Responder) => Effect.Effect<void>
  /** Forgets what was received and starts the totals at 0; replies stay as they are. */
  readonly clear: Effect.Effect<void>
  /** Closes the ports and every connection at once, as a collector that was killed; what was received is kept. */
  readonly down: Effect.Effect<void>
  /** Listens again on the same ports. */
  readonly up: Effect.Effect<void, ServeError>
  /**
   * Goes down and up again every so often (1 second) by the real clock, beginning with down, as long as the scope lives;
   * at its end the receiver is up.
   */
  readonly flap: (every?: Duration.Input) => Effect.Effect<void, never, Scope.Scope>

  /** A trace as an indented tree with durations and status, empty when nothing of it is kept. */
  readonly traceTree: (traceId: string, maxLines?: number) => Effect.Effect<string>
  /** The id of the kept trace whose root span took longest. */
  readonly slowestTrace: Effect.Effect<Option.Option<string>>
}

/**
 * A collector, a Jaeger and a Sentry in one, inside the process: it takes what the real exporters send, tells it in
 * one shape, and answers as it is told to.
 *
 * ```ts
 * const program = Effect.gen(function*() {
 *   const receiver = yield* Receiver.make()
 *   yield* receiver.respond("otlp", Reply.sequence([Reply.status(503, { "retry-after": "1" })]))
 *   const spans = yield* receiver.awaitSpans(1)
 *   console.log(yield* receiver.traceTree(spans[0]!.traceId))
 * }).pipe(Effect.scoped)
 * ```
 */
export class Receiver extends Context.Service<Receiver, Shape>()("@dawsos/observability/examples/Receiver") {}

/**
 * Starts a receiver that lives as long as the scope; its end closes every connection at once. Delays run on the real
 * clock (the receiver stands for another machine), nothing it does is traced or counted.
 */
export const make: (options?: Options) => Effect.Effect<Shape, ServeError, Scope.Scope> = Effect.fnUntraced(
  function*(options: Options = {}) {
    const host = options.host ?? "127.0.0.1"
    const limits = { ...defaultLimits, ...options.limits }
    const served = new Set(options.signals ?? Signals.signals)
    const serves = (signal: Signal) => served.has(signal)
    const ledger = new Ledger(limits)
    const desk = new Desk(ledger, limits.bodyBytes)
    const lock = Semaphore.makeUnsafe(1)
    const ports = { http: options.port ?? 0, udp: options.udpPort ?? 0 }
    let listening: ReadonlyArray<UdpIntake.Listening> = []
    const tls = options.tls === true ? Certificate.selfSigned() : undefined

    const down = Effect.suspend(() => {
      const closing = listening
      listening = []
      return Effect.forEach(closing, (socket) => socket.close, { discard: true, concurrency: "unbounded" })
    })
    const up = Effect.suspend(() => {
      if (listening.length > 0) return Effect.void
      return Effect.gen(function*() {
        const http = yield* HttpIntake.listen({ host, port: ports.http, desk, serves, tls })
        listening = [http]
        const udp = yield* UdpIntake.listen({ host, port: ports.udp, desk, serves })
        listening = [http, udp]
        ports.http = http.port
        ports.udp = udp.port
      }).pipe(Effect.onError(() => down), Effect.uninterruptible)
    })
    yield* Effect.acquireRelease(lock.withPermit(up), () => lock.withPermit(down))

    const authority = `${host.includes(":") ? `[${host}]` : host}:${ports.http}`
    const origin = `${tls === undefined ? "http" : "https"}://`
    const until = (predicate: (totals: Totals) => boolean) => ledger.until(predicate)
    const spans = Effect.sync(() => ledger.spans.toArray())
    const events = Effect.sync(() => ledger.events.toArray())
    const requests = Effect.sync(() => ledger.requests.toArray())
    const totals = Effect.sync(() => ledger.totals())
    const shape: Shape = {
      host,
      port: ports.http,
      otlpTracesUrl: `${origin}${authority}/v1/traces`,
      jaegerHttpUrl: `${origin}${authority}/api/traces`,
      jaegerUdp: { host, port: ports.udp },
      sentryDsn: `${origin}receiver@${authority}/1`,
      sentryOtlpTracesUrl: `${origin}${authority}/api/1/integration/otlp/v1/traces/`,
      certificate: tls?.certificate,
      spans,
      events,
      items: Effect.sync(() => ledger.items.toArray()),
      requests,
      requestsContaining: (text) => Effect.sync(() => ledger.containing(text)),
      totals,
      arrivals: (signal) =>
        Effect.sync(() => {
          const of = ledger.requests.toArray().filter((request) => request.signal === signal)
          return {
            received: of.flatMap((request) => request.received),
            accepted: of.flatMap((request) => request.accepted)
          }
        }),
      awaitSpans: (n, signal) =>
        Effect.andThen(until((now) => (signal === undefined ? now.spans : now.spansOf[signal]) >= n), spans),
      awaitEvents: (n) => Effect.andThen(until((now) => now.events >= n), events),
      awaitRequests: (n, signal) =>
        Effect.andThen(until((now) => (signal === undefined ? now.requests : now.requestsOf[signal]) >= n), requests),
      awaitTotals: (predicate) => Effect.andThen(until(predicate), totals),
      respond: (signal, reply) => Effect.sync(() => desk.respond(signal, reply)),
      clear: Effect.sync(() => ledger.clear()),
      down: lock.withPermit(down),
      up: lock.withPermit(up),
      flap: (every = "1 second") => {
        const turn = (action: Effect.Effect<void, ServeError>) =>
          Effect.andThen(Effect.uninterruptible(Effect.orDie(lock.withPermit(action))), pause(every))
        return Effect.asVoid(Effect.acquireRelease(
          Effect.forkDetach(Effect.forever(Effect.andThen(turn(down), turn(up)))),
          (flapping) => Effect.andThen(Fiber.interrupt(flapping), Effect.orDie(lock.withPermit(up)))
        ))
      },
      traceTree: (traceId, maxLines) =>
        Effect.sync(() =>
          TraceTree.render(ledger.spans.toArray().filter((span) => span.traceId === traceId), maxLines)
        ),
      slowestTrace: Effect.sync(() => Option.fromUndefinedOr(TraceTree.slowest(ledger.spans.toArray())))
    }
    return shape
  }
)

/** Waits on the real clock, whatever clock the program has. */
const pause = (duration: Duration.Input): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const timer = setTimeout(() => resume(Effect.void), Duration.toMillis(Duration.fromInputUnsafe(duration)))
    return Effect.sync(() => clearTimeout(timer))
  })

/** The receiver as a layer. */
export const layer = (options?: Options): Layer.Layer<Receiver, ServeError> => Layer.effect(Receiver, make(options))
