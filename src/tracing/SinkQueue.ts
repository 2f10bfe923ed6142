/**
 * The bounded queue in front of one sink: one export in flight, a deadline for each, pauses and a circuit for a receiver
 * that is unwell, every span in the books.
 *
 * A synchronous state machine rather than fibers, so that the books are true between any two statements, and so that
 * an export that cannot be interrupted still can't hold anybody up.
 */
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Circuit from "../delivery/Circuit.ts"
import type { Cancel, Timers } from "../delivery/Timers.ts"
import type { Guard } from "../Guard.ts"
import * as Accounting from "./Accounting.ts"
import * as Attempt from "./Attempt.ts"
import { type Flush, Flushes } from "./Flushes.ts"
import type { Limits } from "./Limits.ts"
import { Receiver } from "./Receiver.ts"
import * as SpanBuffer from "./SpanBuffer.ts"
import type { Source } from "./SpanRecord.ts"
import type { ExportResult, SpanSink, SpanSinkError } from "./SpanSink.ts"
import * as SpanSize from "./SpanSize.ts"
import * as SpanStore from "./SpanStore.ts"

/** What a queue needs from its pipeline. */
export interface Environment {
  readonly limits: Limits
  readonly timers: Timers
  /** Chance, from 0 to 1. */
  readonly random: () => number
  readonly guard: Guard
  /** Starts an export outside of any trace. */
  readonly run: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  /** Told of each finished export: `undefined` when all spans arrived, else what went wrong. */
  readonly onExport: (sink: SpanSink, problem: string | undefined) => void
  /** Told when the circuit of a sink changes. */
  readonly onCircuit: (sink: SpanSink, circuit: Circuit.Circuit) => void
}

interface Running {
  /** Unknown only while the export is being started. */
  fiber: Fiber.Fiber<ExportResult, SpanSinkError> | undefined
  /** Whether it was on its way all through a flush that ran out. */
  hung: boolean
  /** Waits no longer: `reason` is how its spans are counted if none of them can have left. */
  readonly giveUp: (reason: "shutdown" | "unreachable", problem: string) => void
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
  readonly #store: SpanStore.SpanStore
  readonly #buffer: SpanBuffer.SpanBuffer
  readonly #flushes = new Flushes()
  readonly #dropped = Accounting.noneDropped()
  #notSelected = 0
  #exported = 0
  #inFlight = 0
  #retried = 0
  #resent = 0
  // Tried in vain during a flush, which tries each span once; they wait again when it is over.
  #held: Array<SpanStore.Entry> = []
  // Everything up to this sequence is to be exported without waiting for a full batch.
  #due = 0
  #finished = 0
  // Whose the last span was, and what is told of that in a request.
  #resource: Source["resource"] | undefined = undefined
  #scope: Source["instrumentationScope"] | undefined = undefined
  #envelope = 0
  readonly #receiver: Receiver
  // The state of its circuit that was told of last.
  #told: Circuit.State = Circuit.closed.state
  #timer: Cancel | undefined
  // Whether the timer waits for the receiver's sake, and nothing may be sent before.
  #gated = false
  #soon = false
  #closed = false
  #aborted = false
  // The export that runs, with what to do at its deadline; it stays until its fiber has ended, even if it was given up.
  #running: Running | undefined

  constructor(sink: SpanSink, env: Environment) {
    this.sink = sink
    this.#env = env
    this.#receiver = new Receiver(env.limits, env.random)
    this.#store = SpanStore.make(sink, env.limits.maxQueueBytes)
    this.#buffer = new SpanBuffer.SpanBuffer(env.limits, this.#store)
  }

  accounting(): Accounting.SinkAccounting {
    return {
      name: this.sink.name,
      acknowledged: this.sink.acknowledged,
      notSelected: this.#notSelected,
      exported: this.#exported,
      dropped: { ...this.#dropped },
      queued: this.#buffer.waiting + this.#held.length,
      inFlight: this.#inFlight,
      delivery: {
        bytes: this.#buffer.room,
        retried: this.#retried,
        resent: this.#resent,
        circuit: this.#receiver.circuit.state
      }
    }
  }

  /**
   * Takes a span that ended so many milliseconds ago, or says in the books why not. `scrub` is only called when there may
   * be room.
   */
  offer(span: ReadableSpan, scrub: (span: ReadableSpan) => ReadableSpan | undefined, waited: number): void {
    if (this.#closed) return this.drop("shutdown")
    const selected = this.#selects(span)
    if (selected === undefined) return this.drop("fault")
    if (!selected) {
      this.#notSelected++
      return
    }
    if (!this.#buffer.hasRoom(0, SpanStore.isFailed(span))) return this.drop("queue_full")
    const entry = this.#entryOf(scrub(span))
    if (entry === undefined) return this.drop("fault")
    const refusal = this.#refusalOf(entry)
    if (refusal !== undefined) {
      this.#store.discard()
      return this.drop(refusal)
    }
    const displaced = this.#buffer.add(entry)
    this.#store.keep(entry)
    if (displaced.length > 0) this.drop("queue_full", displaced.length)
    if (this.#running === undefined && !this.#soon && !this.#gated) {
      if (this.#isFull()) this.#pumpSoon()
      else this.#timer ??= this.#after(Math.max(0, this.#env.limits.scheduledDelay - waited))
    }
    if (displaced.length > 0) this.#flushes.tried(displaced)
  }

  /** Counts a span that never came to the queue. */
  drop(reason: Accounting.DropReason, count = 1): void {
    this.#dropped[reason] += count
  }

  /** Whether the export on its way was waited for in vain by a whole flush already. */
  get hangs(): boolean {
    return this.#running?.hung === true
  }

  /**
   * Tries each span that is queued now once, whatever the backoff, and calls back then; at once where the receiver asked
   * for a pause or the circuit is open. The answer calls the waiting off.
   */
  flush(resume: () => void): Waiting {
    // The flush before may have ended just now, in this very call.
    if (!this.#flushes.any) this.#letHeldWait()
    const flush: Flush = { target: this.#buffer.last, left: this.#buffer.size - this.#held.length, resume }
    const finished = this.#finished
    if (flush.left === 0) {
      resume()
      return { cancel: () => {}, expire: () => {} }
    }
    this.#flushes.add(flush)
    this.#pump()
    const cancel = (): void => {
      if (this.#flushes.remove(flush)) this.#letGo()
    }
    const expire = (): void => {
      if (!this.#flushes.remove(flush)) return
      if (this.#running !== undefined && this.#finished === finished) this.#running.hung = true
      this.#letGo()
    }
    return { cancel, expire }
  }

  /** Takes no more spans, and tries none twice; what is queued may still be flushed, whatever the circuit. */
  close(): void {
    this.#closed = true
    this.#receiver.forgive()
    this.#letHeldWait()
  }

  /** Gives up on everything: what is in flight may have arrived, what is queued has not. */
  abort(): void {
    this.#closed = true
    this.#aborted = true
    this.#disarm()
    this.#running?.giveUp("shutdown", "given up at shutdown")
    this.#letHeldWait()
    this.drop("shutdown", this.#buffer.clear())
    this.#flushes.end()
  }

  /** Each span that leaves comes through here: guarded without a closure. */
  #entryOf(scrubbed: ReadableSpan | undefined): SpanStore.Entry | undefined {
    if (scrubbed === undefined) return undefined
    try {
      return this.#store.entryOf(scrubbed)
    } catch (fault) {
      this.#env.guard.count("sink", fault)
      return undefined
    }
  }

  #refusalOf({ isFailed, length, room, source }: SpanStore.Entry): Accounting.DropReason | undefined {
    const { instrumentationScope, resource } = source
    if (resource !== this.#resource || instrumentationScope !== this.#scope) {
      this.#resource = resource
      this.#scope = instrumentationScope
      this.#envelope = SpanSize.ofEnvelope(source)
    }
    if (length + this.#envelope > this.#env.limits.maxRequestBytes) return "too_large"
    return this.#buffer.hasRoom(room, isFailed) ? undefined : "queue_full"
  }

  #selects(span: ReadableSpan): boolean | undefined {
    const { selects } = this.sink
    if (selects === undefined) return true
    return this.#env.guard.run<boolean | undefined>("sink", () => selects(span), () => undefined)
  }

  #isFull(): boolean {
    const { maxExportBatchSize, maxQueueBytes, maxRequestBytes } = this.#env.limits
    const { waiting, waitingBytes, waitingRoom } = this.#buffer
    // Spans of many events fill the queue long before a request.
    return waiting >= maxExportBatchSize || waitingBytes >= maxRequestBytes || waitingRoom >= maxQueueBytes / 2
  }

  #isDue(): boolean {
    const { oldest } = this.#buffer
    return this.#isFull() || oldest !== undefined && oldest <= Math.max(this.#due, this.#flushes.target)
  }

  /** How long nothing may be sent, in milliseconds. */
  #wait(): number {
    if (this.#closed) return 0
    return this.#receiver.wait(this.#env.timers.now(), this.#flushes.any ? "flush" : "routine")
  }

  #after(millis: number): Cancel {
    return this.#env.timers.after(millis, () => {
      this.#disarm()
      this.#due = this.#buffer.last
      this.#pump()
    })
  }

  #disarm(): void {
    this.#timer?.()
    this.#timer = undefined
    this.#gated = false
  }

  #pumpSoon(): void {
    if (this.#soon || this.#running !== undefined) return
    this.#soon = true
    this.#env.timers.soon(() => {
      this.#soon = false
      this.#pump()
    })
  }

  /** Exports, or sets the time for it. */
  #pump(): void {
    if (this.#running !== undefined || this.#aborted || this.#buffer.waiting === 0) return
    this.#disarm()
    // The end tries what waits in spite of everything, but not span by span where each is refused.
    if (this.#closed && this.#receiver.refusesEach) {
      this.drop("shutdown", this.#buffer.clear())
      return this.#flushes.end()
    }
    const wait = this.#wait()
    if (wait > 0) {
      if (this.#flushes.any) {
        // Who waited goes on at once: it may call for the next flush, or close the queue.
        this.#flushes.end()
        this.#letHeldWait()
        return this.#pump()
      }
      this.#gated = true
      this.#timer = this.#after(wait)
    } else if (this.#isDue()) this.#start()
    else this.#timer = this.#after(this.#env.limits.scheduledDelay)
  }

  #start(): void {
    const { exportTimeout } = this.#env.limits
    if (!this.#closed) this.#receiver.attempted()
    const entries = this.#buffer.take(this.#receiver.requestSpans, this.#receiver.requestBytes)
    this.#retried += entries.filter(({ attempts }) => attempts !== undefined).length
    let open = true
    const finish = (outcome: Attempt.Outcome): void => {
      if (!open) return
      open = false
      cancel()
      this.#finish(entries, outcome)
    }
    const running: Running = {
      fiber: undefined,
      hung: false,
      giveUp: (reason, problem) => {
        const lost = this.#env.guard.run("sink", () => this.sink.mayHaveLeft?.() ?? true, () => true)
        finish(Attempt.givenUp(this.sink.name, entries, lost ? "timeout" : reason, problem))
        running.fiber?.interruptUnsafe()
      }
    }
    const cancel = this.#env.timers.after(
      exportTimeout,
      () => running.giveUp("unreachable", `no answer within ${exportTimeout} ms`)
    )
    this.#inFlight = entries.length
    this.#running = running
    this.#tellCircuit()
    const onResent = (spans: number): void => {
      this.#resent += Math.min(entries.length, Attempt.wholeNumber(spans))
    }
    running.fiber = this.#env.run(Effect.suspend(() => this.#store.export(entries, onResent)))
    running.fiber.addObserver((exit) => {
      // Whatever a sink answers: what is thrown here would be thrown at the host, and nothing would be sent any more.
      finish(this.#env.guard.run(
        "sink",
        () => Attempt.read(entries, exit),
        () => Attempt.broken(entries, undefined)
      ))
      this.#running = undefined
      this.#letGo()
    })
  }

  #finish(entries: ReadonlyArray<SpanStore.Entry>, outcome: Attempt.Outcome): void {
    this.#finished++
    this.#inFlight = 0
    this.#exported += outcome.exported
    for (const reason of Accounting.dropReasons) this.drop(reason, outcome.dropped[reason])
    if (outcome.fault !== undefined) this.#env.guard.count("sink", outcome.fault)
    this.#receiver.learn(outcome, this.#env.timers.now())
    const tried = outcome.left.length === 0 ? this.#letLeave(entries) : this.#keep(entries, outcome.left)
    // Who is told may look at the books: every span is in its place by now.
    this.#tellCircuit()
    this.#env.guard.run("logger", () => this.#env.onExport(this.sink, outcome.problem), () => {})
    this.#flushes.tried(tried)
  }

  /** Gives up the room of all of them; as a rule none is left over. */
  #letLeave(entries: ReadonlyArray<SpanStore.Entry>): ReadonlyArray<SpanStore.Entry> {
    this.#buffer.release(entries)
    return entries
  }

  /** Lets those of them wait that are sent again, and gives those that were tried: not the ones of a halved request. */
  #keep(
    entries: ReadonlyArray<SpanStore.Entry>,
    left: ReadonlyArray<Attempt.Left>
  ): ReadonlyArray<SpanStore.Entry> {
    const { again, smaller } = this.#sort(left)
    const waiting = new Set([...again, ...smaller])
    this.#buffer.release(entries.filter((entry) => !waiting.has(entry)))
    this.#buffer.putBack(smaller)
    this.#held.push(...again)
    for (const { sequence } of waiting) this.#due = Math.max(this.#due, sequence)
    const halved = new Set(smaller)
    return entries.filter((entry) => !halved.has(entry))
  }

  /** Which spans are tried again, and which in smaller requests; the rest is dropped. */
  #sort(left: ReadonlyArray<Attempt.Left>): Readonly<Record<"again" | "smaller", Array<SpanStore.Entry>>> {
    const again: Array<SpanStore.Entry> = []
    const smaller: Array<SpanStore.Entry> = []
    for (const { entries, reason, retryable } of left) {
      for (const entry of entries) {
        if (reason === "too_large" && entries.length > 1) smaller.push(entry)
        else if (retryable && !this.#closed && SpanBuffer.attempted(entry) < this.#env.limits.retry.attempts) {
          again.push(entry)
        } else this.drop(reason)
      }
    }
    return { again, smaller }
  }

  #tellCircuit(): void {
    const { circuit } = this.#receiver
    if (circuit.state === this.#told) return
    this.#told = circuit.state
    this.#env.guard.run("logger", () => this.#env.onCircuit(this.sink, circuit), () => {})
  }

  /** Goes on after an export or a flush has ended. */
  #letGo(): void {
    if (!this.#flushes.any) this.#letHeldWait()
    if (this.#running !== undefined || this.#aborted || this.#buffer.waiting === 0) return
    if (this.#wait() === 0 && this.#isDue()) this.#pumpSoon()
    else this.#pump()
  }

  #letHeldWait(): void {
    this.#buffer.putBack(this.#held)
    this.#held = []
  }
}
