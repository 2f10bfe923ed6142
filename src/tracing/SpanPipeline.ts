/**
 * The span pipeline: counts every span, scrubs those that leave, and feeds every sink through its own queue.
 *
 * It stands where OpenTelemetry's `BatchSpanProcessor` would; that one can't count, drops silently and forgets a batch
 * in flight at shutdown.
 */
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import type { Cancel, Timers } from "../delivery/Timers.ts"
import type { Guard } from "../Guard.ts"
import type * as Accounting from "./Accounting.ts"
import { Gathering } from "./Gathering.ts"
import { type Environment, SinkQueue, type Waiting } from "./SinkQueue.ts"
import type { SpanSink } from "./SpanSink.ts"

/** How long a flush may take, in milliseconds: the promise of `Tracing.flush`. */
export const flushBudget = 5_000

/** Of the 5 s that a shutdown may take, what is left to the sinks for letting go, in milliseconds. */
export const shutdownReserve = 500

/** How many ended spans are scrubbed and queued in a row: some 0.2 ms, of which no request is the slower. */
const mostEnded = 64

/** How long an ended span waits at most for others to be scrubbed with, in milliseconds. */
const endedDelay = 10

/** What a pipeline is made of. */
export interface Options extends Environment {
  readonly sinks: ReadonlyArray<SpanSink>
  /** Gives the scrubbed copy that may leave the process. */
  readonly scrub: (span: ReadableSpan) => ReadableSpan
}

/** See the module. */
export class SpanPipeline {
  readonly #queues: ReadonlyArray<SinkQueue>
  readonly #guard: Guard
  readonly #timers: Timers
  readonly #scrub: (span: ReadableSpan) => ReadableSpan
  // They are in the books at once, and in the queues before anybody looks at these.
  readonly #endedSpans: Gathering<ReadableSpan>
  // The span that is offered to the queues, and what scrubbing made of it.
  #offered: ReadableSpan | undefined = undefined
  #copy: ReadableSpan | undefined = undefined
  #isClosed = false
  #started = 0
  #open = 0
  #unsampled = 0
  #ended = 0
  #shutdown: Promise<void> | undefined

  constructor(options: Options) {
    this.#queues = options.sinks.map((sink) => new SinkQueue(sink, options))
    this.#guard = options.guard
    this.#timers = options.timers
    this.#scrub = options.scrub
    const { maxExportBatchSize, scheduledDelay } = options.limits
    this.#endedSpans = new Gathering({
      most: Math.min(mostEnded, maxExportBatchSize),
      delay: Math.min(endedDelay, scheduledDelay),
      timers: options.timers,
      take: (span, waited) => this.#queue(span, waited)
    })
  }

  /** The pipeline as OpenTelemetry's provider sees it. */
  readonly processor: SpanProcessor = {
    onStart: (span) => {
      if (isSampled(span)) this.opened()
      else this.unsampled()
    },
    onEnd: (span) => {
      if (isSampled(span)) this.#onEnd(span)
    },
    forceFlush: () => Effect.runPromise(Effect.asVoid(this.flush)),
    shutdown: () => Effect.runPromise(Effect.asVoid(this.shutdown))
  }

  /** Counts a sampled span that begins; `finished` follows. */
  opened(): void {
    this.#started++
    this.#open++
  }

  /** Takes a sampled span that has ended. */
  finished(span: ReadableSpan): void {
    this.#onEnd(span)
  }

  /** Counts a span that could not begin as ended and lost to `fault`. */
  lost(): void {
    this.#started++
    this.#loseEnded()
  }

  /** Counts a span that the sampler left out; OpenTelemetry tells its processors nothing of those. */
  unsampled(): void {
    this.#started++
    this.#unsampled++
  }

  /**
   * Runs `body`, which starts a span. Should it throw, the span that was to be counts as started, ended and lost to
   * `fault`.
   */
  starting<A>(body: () => A, fallback: () => A): A {
    const started = this.#started
    const open = this.#open
    return this.#guard.run("tracer", body, () => {
      if (this.#open > open) this.#open--
      else if (this.#started > started) return fallback()
      else this.#started++
      this.#loseEnded()
      return fallback()
    })
  }

  /** Counts an open span that can't be ended any more as ended and lost to `fault`. */
  abandon(): void {
    this.#open--
    this.#loseEnded()
  }

  /** The books as they are now. */
  accounting(): Accounting.Accounting {
    this.#endedSpans.settle()
    return {
      started: this.#started,
      open: this.#open,
      unsampled: this.#unsampled,
      ended: this.#ended,
      sinks: this.#queues.map((queue) => queue.accounting())
    }
  }

  /** Exports what has ended so far. */
  readonly flush: Effect.Effect<Accounting.Accounting> = Effect.suspend(() => this.#flush(flushBudget, this.#queues))

  /**
   * Flushes, gives up on what hangs, lets the sinks go; once, however often it is called. An export that a whole flush
   * has waited for in vain is not waited for again.
   */
  readonly shutdown: Effect.Effect<Accounting.Accounting> = Effect.promise(() => {
    this.#shutdown ??= Effect.runPromise(this.#close())
    return this.#shutdown
  }).pipe(Effect.map(() => this.accounting()))

  #flush(budget: number, queues: ReadonlyArray<SinkQueue>): Effect.Effect<Accounting.Accounting> {
    return Effect.callback<Accounting.Accounting>((resume) => {
      this.#endedSpans.settle()
      const waits: Array<Waiting> = []
      const done = (): void => {
        cancelTimer()
        resume(Effect.sync(() => this.accounting()))
      }
      const cancelTimer: Cancel = this.#timers.after(budget, () => {
        waits.forEach(({ expire }) => expire())
        done()
      }, true)
      let waiting = queues.length
      if (waiting === 0) return done()
      for (const queue of queues) {
        waits.push(queue.flush(() => {
          waiting--
          if (waiting === 0) done()
        }))
      }
      return Effect.sync(() => {
        cancelTimer()
        waits.forEach(({ cancel }) => cancel())
      })
    })
  }

  #close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#endedSpans.settle()
      this.#isClosed = true
      for (const queue of this.#queues) queue.close()
      return this.#flush(flushBudget - shutdownReserve, this.#queues.filter(({ hangs }) => !hangs))
    }).pipe(Effect.flatMap(() => {
      for (const queue of this.#queues) queue.abort()
      return this.#letGo()
    }))
  }

  // Callbacks instead of `Effect.timeout`: a sink that can't be interrupted must not hold the shutdown up.
  #letGo(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      let waiting = this.#queues.length
      const cancel = this.#timers.after(shutdownReserve, () => resume(Effect.void), true)
      const done = (): void => {
        cancel()
        resume(Effect.void)
      }
      if (waiting === 0) return done()
      for (const queue of this.#queues) {
        Effect.runFork(Effect.suspend(() => queue.sink.shutdown)).addObserver((exit) => {
          if (exit._tag === "Failure") this.#guard.count("sink", exit.cause)
          waiting--
          if (waiting === 0) done()
        })
      }
    })
  }

  #onEnd(span: ReadableSpan): void {
    this.#open--
    this.#ended++
    if (this.#queues.length === 0) return
    if (this.#isClosed) this.#queue(span, 0)
    else this.#endedSpans.add(span)
  }

  #queue(span: ReadableSpan, waited: number): void {
    for (const queue of this.#queues) {
      // Nobody is above a timer: what is thrown here would end the program.
      try {
        queue.offer(span, this.#scrubOnce, waited)
      } catch (fault) {
        this.#guard.count("sink", fault)
        queue.drop("fault")
      }
    }
    this.#offered = undefined
    this.#copy = undefined
  }

  // One for all spans and queues. Where a queue lets other spans end meanwhile, those are offered in between.
  readonly #scrubOnce = (span: ReadableSpan): ReadableSpan | undefined => {
    if (this.#offered !== span) {
      this.#copy = this.#scrubbed(span)
      this.#offered = span
    }
    return this.#copy
  }

  /** Each span that leaves comes through here: guarded without a closure. */
  #scrubbed(span: ReadableSpan): ReadableSpan | undefined {
    try {
      return this.#scrub(span)
    } catch (fault) {
      this.#guard.count("scrubber", fault)
      return undefined
    }
  }

  #loseEnded(): void {
    this.#ended++
    for (const queue of this.#queues) queue.drop("fault")
  }
}

const isSampled = (span: ReadableSpan): boolean => (span.spanContext().traceFlags & 1) === 1
