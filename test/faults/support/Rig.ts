/** Real sinks behind the real layer, in time that runs faster, beside a program that is watched. */
import { Accounting, Guard, type ObservabilityConfig, Tracing } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import { performance } from "node:perf_hooks"
import * as Timers from "../../../src/delivery/Timers.ts"
import * as Destination from "../../../src/tracing/Destination.ts"
import * as TracingLive from "../../../src/tracing/TracingLive.ts"
import { config, passThrough } from "../../tracing/harness.ts"
import { Fates } from "./Fates.ts"

/** Timers that count what is set. */
export interface CountedTimers extends Timers.Timers {
  readonly pending: () => number
}

/**
 * Timers in a hurry: backoff, circuit and schedule run a hundred times as fast; the time that a flush or a shutdown may
 * take twice, for real requests have to fit into it on a machine that is busy. So have those with a deadline of their
 * own, whose time stays as it is.
 */
export const quick = (deadline?: number): CountedTimers => {
  const hurried = (millis: number, holdsProcess: boolean): number =>
    millis === deadline ? millis : millis / (holdsProcess ? 2 : 100)
  return { ...counted(hurried), now: () => Timers.live.now() * 100 }
}

/** Timers that count, each of a time that may be changed. */
const counted = (changed: (millis: number, holdsProcess: boolean) => number): CountedTimers => {
  let pending = 0
  return {
    now: Timers.live.now,
    soon: Timers.live.soon,
    after: (millis, body, holdsProcess) => {
      let open = true
      pending++
      const close = (): void => {
        if (open) pending--
        open = false
      }
      const cancel = Timers.live.after(changed(millis, holdsProcess === true), () => {
        close()
        body()
      }, holdsProcess)
      return () => {
        close()
        cancel()
      }
    },
    pending: () => pending
  }
}

/** How a program's spans leave. */
export interface Options {
  readonly destination: ObservabilityConfig.TraceDestination
  /** The name of the service that the spans are of. */
  readonly service?: string
  readonly maxQueueSize?: number
  readonly maxExportBatchSize?: number
  /** The longest that one export may take, in milliseconds of real time; 5 s unless given. */
  readonly patience?: number
  readonly timers?: CountedTimers
}

/** A layer that is open. */
export interface Rig {
  readonly fates: Fates
  readonly tracing: Tracing.Service
  /** Timers that are set, by the pipeline and for its requests. */
  readonly pendingTimers: () => number
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** The books, once they balance and are within their bounds; a defect where they do not. */
  readonly books: () => Accounting.SinkAccounting
  /** Flushes; answers with the milliseconds that it took. */
  readonly flush: Effect.Effect<number>
  /** Closes the layer; answers with the milliseconds that it took. */
  readonly close: Effect.Effect<number>
}

/** The largest queue unless a test says otherwise, in spans. */
const maxQueueSize = 256

/** Opens a layer with the sink that the destination asks for. */
export const open = Effect.fnUntraced(function*(options: Options) {
  const timers = options.timers ?? quick()
  // Those of requests are on the real clock.
  const deadlines = counted((millis) => millis)
  const fates = new Fates()
  const patience = options.patience ?? 5_000
  const limit = options.maxQueueSize ?? maxQueueSize
  const basic = config({
    destination: options.destination,
    queue: {
      maxQueueSize: limit,
      maxExportBatchSize: options.maxExportBatchSize ?? 16,
      scheduledDelay: Duration.seconds(1),
      // Behind the deadline of the request, which is on the real clock.
      exportTimeout: Duration.seconds(500)
    }
  })
  const settings = { ...basic, service: { ...basic.service, name: options.service ?? basic.service.name } }
  const sinks = yield* Destination.sinks(
    {
      ...settings,
      tracing: { ...settings.tracing, queue: { ...settings.tracing.queue, exportTimeout: Duration.millis(patience) } }
    },
    Guard.make(),
    true,
    deadlines
  )
  const scope = yield* Scope.make()
  const context = yield* Layer.buildWithScope(
    TracingLive.layer({
      config: settings,
      scrubber: passThrough,
      sinks: sinks.map((sink) => fates.watch(sink)),
      timers
    }),
    scope
  ).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  const tracing = Context.get(context, Tracing.Tracing)
  const books = (): Accounting.SinkAccounting => {
    const accounting = tracing.accounting()
    const wrong = Accounting.imbalances(accounting)
    if (wrong.length > 0) throw new Error(wrong.join("; "))
    const [sink] = accounting.sinks
    if (sink === undefined) throw new Error("no sink has books")
    if (sink.queued + sink.inFlight > limit) throw new Error(`${sink.queued} + ${sink.inFlight} spans wait`)
    return sink
  }
  const timed = (effect: Effect.Effect<unknown>): Effect.Effect<number> =>
    Effect.suspend(() => {
      const start = performance.now()
      return Effect.map(effect, () => {
        books()
        return performance.now() - start
      })
    })
  const rig: Rig = {
    fates,
    tracing,
    pendingTimers: () => timers.pending() + deadlines.pending(),
    run: (effect) => Effect.provideContext(effect, context),
    books,
    flush: timed(tracing.flush),
    close: timed(Scope.close(scope, Exit.void))
  }
  return rig
})

/** The destination of a way over HTTP. */
export const destinationOf = (route: "otlp" | "jaegerHttp", url: string): ObservabilityConfig.TraceDestination =>
  route === "otlp"
    ? { _tag: "Otlp", url, headers: {}, timeout: Duration.seconds(60) }
    : { _tag: "JaegerHttp", url, headers: {} }

class Refused extends Data.TaggedError("Refused")<{ readonly unit: number }> {}

/** What the program does, and the ids of the spans that it has ended. */
export interface Host {
  readonly ended: ReadonlyArray<string>
  /** Some units of work, three spans each; the answer does not depend on who observes. */
  readonly work: (units: number) => Effect.Effect<ReadonlyArray<unknown>>
}

/** A program whose spans carry `padding` bytes more a unit. */
export const host = (padding = 0): Host => {
  const ended: Array<string> = []
  const noted = <A, E>(effect: Effect.Effect<A, E>, name: string, attributes: Record<string, unknown> = {}) =>
    Effect.currentSpan.pipe(
      Effect.orDie,
      Effect.flatMap(({ spanId }) => Effect.ensuring(effect, Effect.sync(() => ended.push(spanId)))),
      Effect.withSpan(name, { attributes })
    )
  const unit = (index: number) =>
    Effect.gen(function*() {
      const price = yield* noted(Effect.succeed(100 + index), "price", { note: "x".repeat(padding) })
      const audit = yield* noted(Effect.fail(new Refused({ unit: index })), "audit").pipe(Effect.flip)
      return { price, refused: audit.unit }
    })
  return {
    ended,
    work: (units) =>
      Effect.forEach(
        Array.from({ length: units }, (_, index) => index),
        (index) => noted(unit(index), "order", { index }),
        { concurrency: 4 }
      )
  }
}
