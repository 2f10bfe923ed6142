/**
 * The way of an event from the capture to the sink: limited, scrubbed, queued, sent, and counted at every fork.
 *
 * This module lets events in and makes them ready to leave, and it ends; the queue with its books is `EventQueue`, the
 * sending `EventSender`. All of it is a synchronous state machine: capturing never waits, the books are true between
 * any two statements, and a sink that can't be interrupted holds nobody up.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as References from "effect/References"
import * as Backoff from "../delivery/Backoff.ts"
import * as Circuit from "../delivery/Circuit.ts"
import * as Timers from "../delivery/Timers.ts"
import type * as Guard from "../Guard.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import type { DropReason, ErrorAccounting } from "./ErrorTracking.ts"
import * as EventLimiter from "./EventLimiter.ts"
import * as EventQueue from "./EventQueue.ts"
import { EventSender } from "./EventSender.ts"
import type { EventSink, SendResult } from "./EventSink.ts"
import * as Pace from "./Pace.ts"

/** How many events may pass, and how much of them is held. */
export interface Limits extends EventLimiter.Rates, EventQueue.Bounds {}

/**
 * Ten of a kind show that it goes on happening; a hundred in a minute are an incident, which metrics tell better.
 *
 * An event with one error and some breadcrumbs is 5 to 20 KB, so a full queue takes 2 MB as a rule: 4 MiB let a hundred
 * be twice as large, and four of the largest wait. Sentry takes no event of more than 1 MB
 * (https://docs.sentry.io/concepts/data-management/size-limits).
 */
export const defaultLimits: Limits = {
  perFingerprint: 10,
  perMinute: 100,
  queue: 100,
  queueBytes: 4 * 1024 * 1024,
  eventBytes: 1_000_000
}

/** How events are sent again, and when they are not; the defaults are those of spans. */
export interface Delivery {
  readonly backoff: Backoff.Policy
  readonly circuit: Circuit.Policy
  /** A chance from 0 to 1. */
  readonly random: () => number
  readonly timers: Timers.Timers
  /** Told when the circuit opens, lets a trial pass, and closes. */
  readonly onCircuit: (state: Circuit.State) => void
  /** Told what became of each attempt to send an event. */
  readonly onResult: (result: SendResult) => void
}

/** How long `flush`, and a layer's end as a whole, may take. */
export const flushTimeout: Duration.Duration = Duration.seconds(5)

/** Of the time for the end, what is left to the sink for letting go, in milliseconds. */
const closeMillis = 1_000

// A burst is delivered in a few round trips; more connections than that are not worth opening for errors.
const defaultConcurrency = 8

/** An event to be: made only when the limits let it pass, since a storm of failures brings many that don't. */
export interface Draft {
  readonly fingerprint: ErrorEvent["fingerprint"]
  readonly make: () => ErrorEvent
  /** Whether it tells of what ends the program: then no limit holds it back, and it goes before all others. */
  readonly isLast?: boolean | undefined
}

/** Takes events in and gives an account of them. */
export interface EventPipeline {
  /** Takes an event in, and answers with its id; `undefined` when it was dropped at once. */
  readonly offer: (draft: Draft) => string | undefined
  /** Counts an event that could not even be told from others. */
  readonly lost: (reason: DropReason) => void
  readonly accounting: () => ErrorAccounting
  /**
   * Sends what was captured so far once, without waiting for a backoff, and waits for the answers, at most as long as
   * given. What the tracker or the circuit holds back stays queued. Where the program ends (`last`), the circuit holds
   * nothing back, an event that fails is given up, and one event is sent although the tracker asked for more time than
   * is left: where that one is refused as well, the others are not tried.
   */
  readonly flush: (timeout: Duration.Duration, urgency?: "flush" | "last") => Effect.Effect<ErrorAccounting>
  /**
   * Takes no more, flushes for the last time, drops what is left and closes the sink, in 5 seconds at most; once,
   * however often it is called. Where a flush has waited in vain for an attempt that is still on its way, and nothing
   * was delivered since, there is no second one.
   */
  readonly shutdown: Effect.Effect<ErrorAccounting>
}

const sizeOf = (event: ErrorEvent): number => Buffer.byteLength(JSON.stringify(event))

/** Makes a pipeline; its work runs outside any span and is not traced. */
export const make = (options: {
  readonly sink: EventSink
  /** Takes out what must not leave; an event that it throws on is dropped. */
  readonly scrub: (event: ErrorEvent) => ErrorEvent
  readonly guard: Guard.Guard
  readonly limits?: Partial<Limits> | undefined
  readonly delivery?: Partial<Delivery> | undefined
  /** How many events may be on their way at once, 8 by default. */
  readonly concurrency?: number | undefined
}): Effect.Effect<EventPipeline> =>
  Effect.withFiber((fiber) => {
    const { guard, sink } = options
    const limits = { ...defaultLimits, ...options.limits }
    const limiter = EventLimiter.make(limits)
    const { backoff = Backoff.defaultPolicy, onCircuit, onResult, timers = Timers.live } = options.delivery ?? {}
    const pace = new Pace.Pace({
      backoff,
      circuit: options.delivery?.circuit ?? Circuit.defaultPolicy,
      random: options.delivery?.random ?? Math.random,
      onChange: (state) => guard.run("logger", () => onCircuit?.(state), () => undefined)
    })
    const clock = fiber.getRef(Clock.Clock)
    const run = Effect.runForkWith(
      Context.make(Clock.Clock, clock).pipe(
        Context.add(References.TracerEnabled, false)
      )
    )
    const queue = new EventQueue.EventQueue(limits)
    const sender = new EventSender({
      sink,
      guard,
      timers,
      run,
      queue,
      pace,
      onResult: (result) => guard.run("logger", () => onResult?.(result), () => undefined),
      concurrency: options.concurrency ?? defaultConcurrency,
      maxAttempts: backoff.attempts
    })
    let preparing = false
    let closed = false
    let ended: Promise<void> | undefined

    const accounting = (): ErrorAccounting => queue.accounting(pace.state)

    const lost = (reason: DropReason): undefined => {
      queue.lose(reason)
    }

    const isWithinRates = (fingerprint: Draft["fingerprint"]): boolean =>
      // By the program's clock, so that a test that lets a minute pass finds the limits as they are then.
      limiter(fingerprint, Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n))

    const offer = ({ fingerprint, isLast = false, make }: Draft): string | undefined => {
      if (closed) return lost("shutdown")
      if (!isLast && !isWithinRates(fingerprint)) return lost("rate_limited")
      if (!isLast && queue.isFull) return lost("queue_full")
      const event = guard.run("reporter", make, () => undefined)
      if (event === undefined) return lost("fault")
      queue.add(event, isLast)
      if (!preparing) {
        preparing = true
        run(Effect.andThen(Effect.yieldNow, prepareAll))
      }
      return event.id
    }

    const prepare = (held: EventQueue.Held): void => {
      const prepared = guard.run("scrubber", () => {
        const event = options.scrub(held.event)
        return { event, size: sizeOf(event) }
      }, () => undefined)
      if (prepared === undefined) queue.drop(held, "fault")
      else queue.makeReady(held, prepared.event, prepared.size)
      sender.pump()
    }

    // One event a turn, after the failing fiber has gone on: it must not wait for scrubbing, and nor must the others.
    const prepareAll: Effect.Effect<void> = Effect.suspend(() => {
      const [held] = queue.fresh
      if (held === undefined) {
        preparing = false
        return Effect.void
      }
      prepare(held)
      return Effect.andThen(Effect.yieldNow, prepareAll)
    })

    const flush: EventPipeline["flush"] = (timeout, urgency = "flush") =>
      Effect.suspend(() => {
        if (urgency === "last") sender.end()
        return Effect.map(sender.flush(Duration.toMillis(timeout)), accounting)
      })

    // Callbacks instead of `Effect.timeout`: a sink that can't be interrupted must not hold the shutdown up.
    const letGo: Effect.Effect<void> = Effect.callback((resume) => {
      const done = (): void => {
        cancel()
        resume(Effect.void)
      }
      const cancel = timers.after(closeMillis, done, true)
      run(Effect.suspend(() => sink.close)).addObserver((exit) => {
        if (exit._tag === "Failure") guard.count("sink", exit.cause)
        done()
      })
    })

    const close: Effect.Effect<void> = Effect.suspend(() => {
      closed = true
      sender.end()
      return sender.hangs ? Effect.void : sender.flush(Duration.toMillis(flushTimeout) - closeMillis)
    }).pipe(Effect.andThen(Effect.sync(() => sender.abandon())), Effect.andThen(letGo))

    return Effect.succeed({
      offer,
      lost,
      accounting,
      flush,
      shutdown: Effect.map(Effect.promise(() => ended ??= Effect.runPromise(close)), accounting)
    })
  })
