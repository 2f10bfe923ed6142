/**
 * The bounded queue in front of one sink: one export in flight, a deadline for each, every span in the books.
 *
 * A synchronous state machine rather than fibers, so that the books are true between any two statements, and so that
 * an export that cannot be interrupted still can't hold anybody up.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Guard } from "../Guard.ts"
import * as Accounting from "./Accounting.ts"
import type { ExportResult, SpanSink } from "./SpanSink.ts"
import { SpanSinkError } from "./SpanSink.ts"
import type { Cancel, Timers } from "../delivery/Timers.ts"

/** How much a queue holds and when it exports; times in milliseconds. */
export interface Limits {
  readonly maxQueueSize: number
  readonly maxExportBatchSize: number
  readonly scheduledDelay: number
  readonly exportTimeout: number
}

/** What a queue needs from its pipeline. */
export interface Environment {
  readonly limits: Limits
  readonly timers: Timers
  readonly guard: Guard
  /** Starts an export outside of any trace. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Told of each finished export: `undefined` when all spans arrived, else what went wrong. */
  readonly onExport: (sink: SpanSink, problem: string | undefined) => void
}

interface Running {
  /** Unknown only while the export is being started. */
  fiber: Fiber.Fiber<ExportResult, SpanSinkError> | undefined
  /** Whether it was on its way all through a flush that ran out. */
  hung: boolean
  readonly giveUp: (problem: string) => void
}

interface Waiter {
  readonly target: number
  readonly resume: () => void
}

/** A flush that is waited for. */
export interface Waiting {
  /** Waits no longer. */
  readonly cancel: Cancel
  /** Waits no longer, since the time for it is over. */
  readonly expire: () => void
}

/** See the module. */
export class SinkQueue {
  readonly sink: SpanSink
  readonly #env: Environment
  readonly #dropped = Accounting.noneDropped()
  #notSelected = 0
  #exported = 0
  #inFlight = 0
  #queue: Array<ReadableSpan> = []
  // Spans that ever entered the queue, and those of them whose fate is known: first in, first out.
  #entered = 0
  #settled = 0
  // Everything up to this count is to be exported without waiting for a full batch.
  #target = 0
  #waiters: Array<Waiter> = []
  #timer: Cancel | undefined
  #soon = false
  #closed = false
  #aborted = false
  // The export that runs, with what to do at its deadline; it stays until its fiber has ended, even if it was given up.
  #running: Running | undefined

  constructor(sink: SpanSink, env: Environment) {
    this.sink = sink
    this.#env = env
  }

  accounting(): Accounting.SinkAccounting {
    return {
      name: this.sink.name,
      acknowledged: this.sink.acknowledged,
      notSelected: this.#notSelected,
      exported: this.#exported,
      dropped: { ...this.#dropped },
      queued: this.#queue.length,
      inFlight: this.#inFlight
    }
  }

  /** Takes an ended span, or says in the books why not. `bind` scrubs it, and is only called when it is taken. */
  offer(span: ReadableSpan, bind: () => ReadableSpan | undefined): void {
    if (this.#closed) return this.drop("shutdown")
    const selected = this.#selects(span)
    if (selected === undefined) return this.drop("fault")
    if (!selected) {
      this.#notSelected++
      return
    }
    if (this.#queue.length >= this.#env.limits.maxQueueSize) return this.drop("queue_full")
    const bound = bind()
    if (bound === undefined) return this.drop("fault")
    this.#queue.push(bound)
    this.#entered++
    if (this.#queue.length >= this.#env.limits.maxExportBatchSize) this.#pumpSoon()
    else this.#arm()
  }

  /** Counts a span that never came to the queue. */
  drop(reason: Accounting.DropReason, count = 1): void {
    this.#dropped[reason] += count
  }

  /** Whether the export on its way was waited for in vain by a whole flush already. */
  get hangs(): boolean {
    return this.#running?.hung === true
  }

  /** Exports what is queued now, and calls back when its fate is known. The answer calls the waiting off. */
  flush(resume: () => void): Waiting {
    const waiter: Waiter = { target: this.#entered, resume }
    const before = this.#settled
    if (before >= waiter.target) {
      resume()
      return { cancel: () => {}, expire: () => {} }
    }
    this.#target = Math.max(this.#target, waiter.target)
    this.#waiters.push(waiter)
    this.#pump()
    const cancel = (): void => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter)
    }
    const expire = (): void => {
      if (!this.#waiters.includes(waiter)) return
      cancel()
      if (this.#running !== undefined && this.#settled === before) this.#running.hung = true
    }
    return { cancel, expire }
  }

  /** Takes no more spans; what is queued may still be flushed. */
  close(): void {
    this.#closed = true
  }

  /** Gives up on everything: what is in flight may have arrived, what is queued has not. */
  abort(): void {
    this.#closed = true
    this.#aborted = true
    this.#timer?.()
    this.#timer = undefined
    this.#running?.giveUp("given up at shutdown")
    const waiting = this.#queue.length
    this.#queue = []
    this.drop("shutdown", waiting)
    this.#settle(waiting)
  }

  #selects(span: ReadableSpan): boolean | undefined {
    const { selects } = this.sink
    if (selects === undefined) return true
    return this.#env.guard.run<boolean | undefined>("sink", () => selects(span), () => undefined)
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#soon) return
    this.#timer = this.#env.timers.after(this.#env.limits.scheduledDelay, () => {
      this.#timer = undefined
      this.#target = this.#entered
      this.#pump()
    })
  }

  #pumpSoon(): void {
    if (this.#soon || this.#running !== undefined) return
    this.#soon = true
    this.#env.timers.soon(() => {
      this.#soon = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#running !== undefined || this.#queue.length === 0 || this.#aborted) return
    this.#timer?.()
    this.#timer = undefined
    this.#start(this.#queue.splice(0, this.#env.limits.maxExportBatchSize))
  }

  #start(batch: ReadonlyArray<ReadableSpan>): void {
    const { exportTimeout } = this.#env.limits
    let open = true
    const settle = (result: ExportResult, problem: string | undefined): void => {
      if (!open) return
      open = false
      cancel()
      this.#inFlight = 0
      this.#book(batch.length, result)
      this.#env.onExport(this.sink, problem)
      this.#settle(batch.length)
    }
    const running: Running = {
      fiber: undefined,
      hung: false,
      giveUp: (problem) => {
        settle(lost(batch.length, "timeout"), problem)
        running.fiber?.interruptUnsafe()
      }
    }
    const cancel = this.#env.timers.after(
      exportTimeout,
      () => running.giveUp(`no answer within ${exportTimeout} ms`)
    )
    this.#inFlight = batch.length
    this.#running = running
    running.fiber = this.#env.run(Effect.suspend(() => this.sink.export(batch)))
    running.fiber.addObserver((exit) => {
      const { problem, result } = this.#outcome(batch.length, exit, open)
      settle(result, problem)
      this.#running = undefined
      this.#continue()
    })
  }

  #outcome(
    size: number,
    exit: Exit.Exit<ExportResult, SpanSinkError>,
    open: boolean
  ): { readonly result: ExportResult; readonly problem: string | undefined } {
    if (exit._tag === "Success") {
      const missing = size - exit.value.accepted
      return { result: exit.value, problem: missing === 0 ? undefined : `${missing} of ${size} spans not accepted` }
    }
    const error = Cause.squash(exit.cause)
    if (error instanceof SpanSinkError) return { result: lost(size, error.reason), problem: error.message }
    // A sink that was given up ends interrupted, as it should.
    if (open) this.#env.guard.count("sink", error)
    return { result: lost(size, "fault"), problem: "the sink failed unexpectedly" }
  }

  // A sink may count wrongly: every span of the batch goes into exactly one count all the same.
  #book(size: number, result: ExportResult): void {
    let left = size
    const take = (count: number): number => {
      const taken = Math.min(left, Math.max(0, Math.trunc(count) || 0))
      left -= taken
      return taken
    }
    for (const reason of Accounting.dropReasons) this.drop(reason, take(result.dropped?.[reason] ?? 0))
    this.drop("rejected", take(result.rejected))
    this.#exported += take(result.accepted)
    this.drop("fault", left)
  }

  #settle(count: number): void {
    this.#settled += count
    const done = this.#waiters.filter((waiter) => waiter.target <= this.#settled)
    if (done.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => waiter.target > this.#settled)
    for (const waiter of done) waiter.resume()
  }

  #continue(): void {
    if (this.#queue.length === 0 || this.#aborted) return
    if (this.#queue.length >= this.#env.limits.maxExportBatchSize || this.#settled < this.#target) this.#pumpSoon()
    else this.#arm()
  }
}

const lost = (count: number, reason: Accounting.DropReason): ExportResult => ({
  accepted: 0,
  rejected: 0,
  dropped: { [reason]: count }
})
