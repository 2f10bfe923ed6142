/**
 * The way of an event from the capture to the sink: limited, queued, scrubbed, sent, and counted at every fork.
 *
 * Capturing is synchronous and never waits; nothing runs while there is nothing to send.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type * as Guard from "../Guard.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import { type DropReason, dropReasons, type ErrorAccounting } from "./ErrorTracking.ts"

/** What became of an event that a sink was given. */
export type SendResult = { readonly _tag: "Sent" } | { readonly _tag: "Dropped"; readonly reason: DropReason }

/** An event was accepted by whoever it was sent to. */
export const sent: SendResult = { _tag: "Sent" }

/** An event was not delivered. */
export const dropped = (reason: DropReason): SendResult => ({ _tag: "Dropped", reason })

/** Where events go. A sink answers for each event; it never fails, and gives up by itself after its own deadline. */
export interface EventSink {
  readonly send: (event: ErrorEvent) => Effect.Effect<SendResult>
  /** Releases what the sink holds. */
  readonly close: Effect.Effect<void>
}

/** How many events may pass. */
export interface Limits {
  /** Of one fingerprint in a minute, 10 by default. */
  readonly perFingerprint: number
  /** Of all together in a minute, 100 by default. */
  readonly perMinute: number
  /** Waiting to be sent, 100 by default: what a minute may bring. */
  readonly queue: number
}

/** Ten of a kind show that it goes on happening; a hundred in a minute are an incident, which metrics tell better. */
export const defaultLimits: Limits = { perFingerprint: 10, perMinute: 100, queue: 100 }

/** How long `flush` and the end of a layer may take. */
export const flushTimeout: Duration.Duration = Duration.seconds(5)

// A burst is delivered in a few round trips; more connections than that are not worth opening for errors.
const defaultConcurrency = 8

const minute = 60_000

/** Takes events in and gives an account of them. */
export interface EventPipeline {
  /** Takes an event in; `false` when it was dropped at once. */
  readonly offer: (event: ErrorEvent) => boolean
  /** Counts an event that could not even be made. */
  readonly lost: (reason: DropReason) => void
  readonly accounting: () => ErrorAccounting
  /** Waits until nothing is queued, at most as long as given. */
  readonly flush: (timeout: Duration.Duration) => Effect.Effect<ErrorAccounting>
  /**
   * Flushes, then drops what is left, closes the sink and takes no more. Where a flush has waited in vain already, and
   * nothing was delivered since, there is no second one.
   */
  readonly shutdown: Effect.Effect<ErrorAccounting>
}

// Lets pass what a sliding minute allows. Remembers only what it let pass, so it is never larger than `perMinute`.
const makeLimiter = (limits: Limits): (fingerprint: string, now: number) => boolean => {
  let passed: Array<{ readonly fingerprint: string; readonly at: number }> = []
  return (fingerprint, now) => {
    // The distance and not the difference: a clock that was set back must not silence a program for hours.
    if (passed.some(({ at }) => Math.abs(now - at) >= minute)) {
      passed = passed.filter(({ at }) => Math.abs(now - at) < minute)
    }
    if (passed.length >= limits.perMinute) return false
    let same = 0
    for (const each of passed) if (each.fingerprint === fingerprint) same++
    if (same >= limits.perFingerprint) return false
    passed.push({ fingerprint, at: now })
    return true
  }
}

/** Makes a pipeline; its work runs outside any span and is not traced. */
export const make = (options: {
  readonly sink: EventSink
  /** Takes out what must not leave; an event that it throws on is dropped. */
  readonly scrub: (event: ErrorEvent) => ErrorEvent
  readonly guard: Guard.Guard
  readonly limits?: Partial<Limits> | undefined
  /** How many events may be on their way at once, 8 by default. */
  readonly concurrency?: number | undefined
}): Effect.Effect<EventPipeline> =>
  Effect.withFiber((fiber) => {
    const { guard, sink } = options
    const limiter = makeLimiter({ ...defaultLimits, ...options.limits })
    const capacity = options.limits?.queue ?? defaultLimits.queue
    const concurrency = options.concurrency ?? defaultConcurrency
    const clock = fiber.getRef(Clock.Clock)
    const runFork = Effect.runForkWith(
      Context.make(Clock.Clock, clock).pipe(
        Context.add(References.TracerEnabled, false)
      )
    )

    const drops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>
    let captured = 0
    let delivered = 0
    let closed = false
    // A flush ran out without one delivery, and what it waited for is still there.
    let hung = false
    let queue: Array<ErrorEvent> = []
    const inFlight = new Set<ErrorEvent>()
    const workers = new Set<Fiber.Fiber<void>>()
    // Workers that were woken and have not looked at the queue yet: the others may be busy for as long as a sink hangs.
    let ready = 0
    let waiting: Array<() => void> = []

    const accounting = (): ErrorAccounting => ({
      captured,
      sent: delivered,
      dropped: { ...drops },
      queued: queue.length + inFlight.size
    })

    const settle = (event: ErrorEvent, result: SendResult): void => {
      // What a shutdown gave up on is counted already.
      if (!inFlight.delete(event)) return
      if (result._tag === "Sent") {
        delivered++
        hung = false
      } else drops[result.reason]++
      if (inFlight.size > 0 || queue.length > 0) return
      hung = false
      const resume = waiting
      waiting = []
      for (const each of resume) each()
    }

    const deliver = (event: ErrorEvent): Effect.Effect<void> => {
      const scrubbed = guard.run("scrubber", () => options.scrub(event), () => undefined)
      if (scrubbed === undefined) return Effect.sync(() => settle(event, dropped("fault")))
      return Effect.onExit(Effect.suspend(() => sink.send(scrubbed)), (exit) =>
        Effect.sync(() => {
          if (exit._tag === "Success") return settle(event, exit.value)
          guard.count("sink", exit.cause)
          settle(event, dropped("fault"))
        })).pipe(Effect.exit, Effect.asVoid)
    }

    const work: Effect.Effect<void> = Effect.suspend(() => {
      const event = queue.shift()
      if (event === undefined) return Effect.void
      inFlight.add(event)
      return Effect.andThen(deliver(event), work)
    })

    const wake = (): void => {
      if (workers.size >= concurrency || ready >= queue.length) return
      let isReady = true
      ready++
      const begin = (): void => {
        if (isReady) ready--
        isReady = false
      }
      const begun = Effect.suspend(() => {
        begin()
        return work
      })
      // Sending begins after the failing fiber has gone on: it must not wait for scrubbing.
      const worker = runFork(Effect.andThen(Effect.yieldNow, begun))
      workers.add(worker)
      worker.addObserver(() => {
        begin()
        workers.delete(worker)
        // What was offered after it had found the queue empty, and before this, found no room for another worker.
        wake()
      })
    }

    const offer = (event: ErrorEvent): boolean => {
      captured++
      const refuse = (reason: DropReason): false => {
        drops[reason]++
        return false
      }
      if (closed) return refuse("shutdown")
      if (!limiter(JSON.stringify(event.fingerprint), event.timestamp)) return refuse("rate_limited")
      if (queue.length >= capacity) return refuse("queue_full")
      queue.push(event)
      wake()
      return true
    }

    const idle: Effect.Effect<void> = Effect.callback((resume) => {
      if (inFlight.size === 0 && queue.length === 0) return resume(Effect.void)
      wake()
      const done = () => resume(Effect.void)
      waiting.push(done)
      return Effect.sync(() => {
        waiting = waiting.filter((each) => each !== done)
      })
    })

    const flush = (timeout: Duration.Duration): Effect.Effect<ErrorAccounting> =>
      Effect.suspend(() => {
        const before = delivered
        return Effect.map(Effect.timeoutOption(idle, timeout), (result) => {
          if (Option.isNone(result) && delivered === before) hung = true
          return accounting()
        })
      })

    const abandon = (): void => {
      drops.shutdown += queue.length
      queue = []
      // Their answers are not waited for any more: they may have arrived all the same.
      drops.timeout += inFlight.size
      inFlight.clear()
      for (const worker of workers) worker.interruptUnsafe()
    }

    const shutdown: Effect.Effect<ErrorAccounting> = Effect.suspend(() => {
      if (closed) return Effect.sync(accounting)
      closed = true
      return (hung ? Effect.succeedNone : Effect.timeoutOption(idle, flushTimeout)).pipe(
        Effect.tap((result) => Option.isNone(result) ? Effect.sync(abandon) : Effect.void),
        Effect.andThen(sink.close),
        Effect.map(accounting)
      )
    })

    return Effect.succeed({
      offer,
      lost: (reason) => {
        captured++
        drops[reason]++
      },
      accounting,
      flush,
      shutdown
    })
  })
