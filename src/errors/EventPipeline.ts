/**
 * The way of an event from the capture to the sink: limited, scrubbed, queued, sent, and counted at every fork.
 *
 * A synchronous state machine: capturing never waits, the books are true between any two statements, and a sink that
 * can't be interrupted holds nobody up. Nothing runs while there is nothing to send.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Backoff from "../delivery/Backoff.ts"
import * as Circuit from "../delivery/Circuit.ts"
import * as Timers from "../delivery/Timers.ts"
import type * as Guard from "../Guard.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import { type DropReason, dropReasons, type ErrorAccounting } from "./ErrorTracking.ts"
import * as EventLimiter from "./EventLimiter.ts"
import * as EventSink from "./EventSink.ts"
import * as Pace from "./Pace.ts"

/** How many events may pass, and how much of them is held. */
export interface Limits extends EventLimiter.Rates {
  /** Events held at once, waiting or on their way; 100 by default: what a minute may bring. */
  readonly queue: number
  /** Bytes of scrubbed JSON held at once; 4 MiB by default. */
  readonly queueBytes: number
  /** Bytes of scrubbed JSON of one event; 1 MB by default. */
  readonly eventBytes: number
}

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
}

/** How long `flush`, and a layer's end as a whole, may take. */
export const flushTimeout: Duration.Duration = Duration.seconds(5)

/** Of the time for the end, what is left to the sink for letting go, in milliseconds. */
const closeMillis = 1_000

// A sink has its own, shorter deadlines; this is for one that breaks its promise.
const sendMillis = 10_000

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

interface Held {
  /** In the order of capture. */
  readonly sequence: number
  readonly isLast: boolean
  /** As it was made, until it is prepared; then as it may leave. */
  event: ErrorEvent
  /** 0 until it is prepared. */
  size: number
  attempts: number
  /** The last flush that this event needs nothing more for. */
  flush: number
}

interface Attempt {
  readonly held: Held
  /** Whether its result counts: it was neither given up nor has it ended. */
  open: boolean
  /** Whether a flush ran out while it was on its way, and nothing was delivered since. */
  hung: boolean
  fiber: Fiber.Fiber<EventSink.SendResult> | undefined
  cancel: Timers.Cancel
}

interface Waiter {
  /** Events from this one on are not waited for. */
  readonly sequence: number
  readonly flush: number
  /** When it waits no longer. */
  readonly until: number
  readonly resume: () => void
}

const sizeOf = (event: ErrorEvent): number => Buffer.byteLength(JSON.stringify(event))

/** Makes a pipeline; its work runs outside any span and is not traced. */
export const make = (options: {
  readonly sink: EventSink.EventSink
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
    const concurrency = options.concurrency ?? defaultConcurrency
    const { backoff = Backoff.defaultPolicy, onCircuit, timers = Timers.live } = options.delivery ?? {}
    const pace = new Pace.Pace({
      backoff,
      circuit: options.delivery?.circuit ?? Circuit.defaultPolicy,
      random: options.delivery?.random ?? Math.random,
      onChange: (state) => guard.run("logger", () => onCircuit?.(state), () => undefined)
    })
    const clock = fiber.getRef(Clock.Clock)
    const { now } = timers
    const run = Effect.runForkWith(
      Context.make(Clock.Clock, clock).pipe(
        Context.add(References.TracerEnabled, false)
      )
    )

    const drops = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>
    let captured = 0
    let delivered = 0
    let retried = 0
    let bytes = 0
    let flushes = 0
    // Raw events, for one turn of the event loop; then those that wait to be sent.
    const raw: Array<Held> = []
    let waiting: Array<Held> = []
    // An attempt stays here until its fiber has ended, even if it was given up.
    const attempts = new Set<Attempt>()
    let waiters: Array<Waiter> = []
    let preparing = false
    let pumping = false
    let timer: Timers.Cancel | undefined
    let closed = false
    // The program ends: there is no later attempt.
    let ending = false
    let given = false
    let ended: Promise<void> | undefined

    const onTheirWay = (): ReadonlyArray<Attempt> => [...attempts].filter(({ open }) => open)

    const queued = (): number => raw.length + waiting.length + onTheirWay().length

    const accounting = (): ErrorAccounting => ({
      captured,
      sent: delivered,
      dropped: { ...drops },
      queued: queued(),
      delivery: { bytes, retried, circuit: pace.state }
    })

    const drop = (held: Held, reason: DropReason): void => {
      drops[reason]++
      bytes -= held.size
    }

    const urgencyOf = (held: Held): Pace.Urgency =>
      ending
        ? "last"
        : waiters.some(({ flush, sequence }) => held.sequence < sequence && held.flush < flush)
        ? "flush"
        : "routine"

    // The milliseconds until an event may be sent.
    const waitOf = (held: Held, at: number): number => pace.wait(at, urgencyOf(held))

    // At the end there is one place more: what ends the program is the first to wait, and finds it free.
    const mayStart = (): boolean =>
      !given && !pace.deciding && attempts.size < (ending ? concurrency + 1 : pace.failing ? 1 : concurrency)

    const pump = (): void => {
      // An attempt that ends at once comes back here; the loop that began it goes on with what it has changed.
      if (pumping) return
      pumping = true
      while (mayStart()) {
        const at = now()
        const next = waiting.find((held) => waitOf(held, at) === 0)
        if (next === undefined) break
        start(next)
      }
      pumping = false
      arm()
      const done = waiters.filter((waiter) => !awaits(waiter))
      if (done.length === 0) return
      waiters = waiters.filter((waiter) => !done.includes(waiter))
      for (const { resume } of done) resume()
    }

    // While no more may be on their way, the next one's end goes on with the work.
    const arm = (): void => {
      timer?.()
      timer = undefined
      if (waiting.length === 0 || !mayStart()) return
      const at = now()
      timer = timers.after(Math.ceil(Math.min(...waiting.map((held) => waitOf(held, at)))), pump)
    }

    const awaits = ({ flush, sequence, until }: Waiter): boolean => {
      const open = onTheirWay()
      const isAwaited = (held: Held): boolean => held.sequence < sequence
      if (raw.some(isAwaited) || open.some(({ held }) => isAwaited(held))) return true
      const at = now()
      // A trial that is on its way decides on those that wait.
      const trial = open.length > 0 && pace.state === "half_open"
      return waiting.some((held) => isAwaited(held) && held.flush < flush && (trial || at + waitOf(held, at) < until))
    }

    const start = (held: Held): void => {
      const settle = (result: EventSink.SendResult): void => {
        if (!attempt.open) return
        attempt.open = false
        attempt.cancel()
        if (result._tag === "Sent") {
          delivered++
          bytes -= held.size
          for (const other of attempts) other.hung = false
        } else if (result._tag === "Retryable" && held.attempts < backoff.attempts && !ending) {
          // Behind the others: an event that is refused for what it is must not hold them up.
          waiting.push(held)
        } else drop(held, result.reason)
        pace.settled(ticket, result, now())
        pump()
      }
      const attempt: Attempt = {
        held,
        open: true,
        hung: false,
        fiber: undefined,
        cancel: timers.after(sendMillis, () => {
          settle(EventSink.dropped("timeout"))
          attempt.fiber?.interruptUnsafe()
        })
      }
      waiting = waiting.filter((other) => other !== held)
      attempts.add(attempt)
      if (held.attempts++ > 0) retried++
      held.flush = flushes
      const ticket = pace.attempted()
      attempt.fiber = run(Effect.suspend(() => sink.send(held.event)))
      attempt.fiber.addObserver((exit) => {
        attempts.delete(attempt)
        if (exit._tag === "Success") settle(exit.value)
        // One that was given up ends interrupted, as it should.
        else if (attempt.open) {
          guard.count("sink", exit.cause)
          settle(EventSink.dropped("fault"))
        }
        pump()
      })
    }

    const prepare = (held: Held): void => {
      const isReady = guard.run("scrubber", () => {
        const event = options.scrub(held.event)
        held.size = sizeOf(event)
        held.event = event
        return true
      }, () => false)
      raw.shift()
      bytes += held.size
      if (!isReady) drop(held, "fault")
      else if (held.size > limits.eventBytes) drop(held, "too_large")
      else if (held.isLast) waiting.unshift(held)
      else if (bytes > limits.queueBytes) drop(held, "queue_full")
      else waiting.push(held)
      pump()
    }

    // One event a turn, after the failing fiber has gone on: it must not wait for scrubbing, and nor must the others.
    const prepareAll: Effect.Effect<void> = Effect.suspend(() => {
      const [held] = raw
      if (held === undefined) {
        preparing = false
        return Effect.void
      }
      prepare(held)
      return Effect.andThen(Effect.yieldNow, prepareAll)
    })

    const lost = (reason: DropReason): undefined => {
      captured++
      drops[reason]++
    }

    const isWithinRates = (fingerprint: Draft["fingerprint"]): boolean =>
      // By the program's clock, so that a test that lets a minute pass finds the limits as they are then.
      limiter(fingerprint, Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n))

    const offer = ({ fingerprint, isLast = false, make }: Draft): string | undefined => {
      if (closed) return lost("shutdown")
      if (!isLast && !isWithinRates(fingerprint)) return lost("rate_limited")
      if (!isLast && queued() >= limits.queue) return lost("queue_full")
      const event = guard.run("reporter", make, () => undefined)
      if (event === undefined) return lost("fault")
      const held = { sequence: captured++, isLast, event, size: 0, attempts: 0, flush: flushes }
      if (isLast) raw.unshift(held)
      else raw.push(held)
      if (!preparing) {
        preparing = true
        run(Effect.andThen(Effect.yieldNow, prepareAll))
      }
      return event.id
    }

    const wait = (millis: number): Effect.Effect<void> =>
      Effect.callback((resume) => {
        const before = delivered
        const end = (): void => {
          cancel()
          waiters = waiters.filter((other) => other !== waiter)
          resume(Effect.void)
        }
        const until = now() + millis
        if (ending) pace.end(until)
        const waiter: Waiter = { sequence: captured, flush: ++flushes, until, resume: end }
        // What is on its way gets no second attempt.
        for (const { held } of attempts) held.flush = flushes
        const cancel = timers.after(
          millis,
          () => {
            for (const attempt of onTheirWay()) attempt.hung = delivered === before
            end()
          },
          true
        )
        waiters.push(waiter)
        pump()
        return Effect.sync(end)
      })

    const flush: EventPipeline["flush"] = (timeout, urgency = "flush") =>
      Effect.suspend(() => {
        if (urgency === "last") ending = true
        return Effect.map(wait(Duration.toMillis(timeout)), accounting)
      })

    const abandon = (): void => {
      given = true
      timer?.()
      for (const held of [...raw.splice(0), ...waiting.splice(0)]) drop(held, "shutdown")
      for (const attempt of onTheirWay()) {
        attempt.open = false
        attempt.cancel()
        const { event } = attempt.held
        // Their answers are not waited for any more: they may have arrived all the same.
        const mayHaveLeft = guard.run("sink", () => sink.mayHaveLeft?.(event) ?? true, () => true)
        drop(attempt.held, mayHaveLeft ? "timeout" : "shutdown")
        attempt.fiber?.interruptUnsafe()
      }
      // Whoever else waits has nothing to wait for.
      pump()
    }

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
      ending = true
      return onTheirWay().some(({ hung }) => hung) ? Effect.void : wait(Duration.toMillis(flushTimeout) - closeMillis)
    }).pipe(Effect.andThen(Effect.sync(abandon)), Effect.andThen(letGo))

    return Effect.succeed({
      offer,
      lost,
      accounting,
      flush,
      shutdown: Effect.map(Effect.promise(() => ended ??= Effect.runPromise(close)), accounting)
    })
  })
