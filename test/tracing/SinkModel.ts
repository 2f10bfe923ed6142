/**
 * What the queue of a sink has to do, told in sets: which span is where, and what may be sent when.
 *
 * It is asked before each request whether that may go out, and tells after each step what the books must say. It knows
 * neither timers nor fibers; the chance of every jitter is 0.
 */
import { Accounting } from "@dawsos/observability"
import { assert } from "@effect/vitest"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import type * as Circuit from "../../src/delivery/Circuit.ts"
import * as Limits from "../../src/tracing/Limits.ts"
import * as SpanSize from "../../src/tracing/SpanSize.ts"

/** How large a span is: encoded, and in the queue. */
export type Measure = (span: ReadableSpan) => { readonly bytes: number; readonly room: number }

/** Of spans that wait as records. */
export const ofRecord: Measure = (span) => {
  const bytes = SpanSize.ofSpan(span)
  return { bytes, room: SpanSize.inHeap(span, bytes) }
}

/** How a receiver answers. */
export type Answer =
  | "accept"
  | "reject one"
  | "400"
  | "413"
  | "413 above two"
  | "503"
  | "429 in 7 s"
  | "unreachable"
  | "lost"
  | "throw"

interface Span {
  readonly id: string
  readonly sequence: number
  readonly failed: boolean
  /** Encoded, and in the queue. */
  readonly bytes: number
  readonly room: number
  /** What a request carries beside its spans. */
  readonly envelope: number
  attempts: number
}

interface Flush {
  readonly untried: Set<Span>
  readonly expires: number
}

/** See the module. */
export class SinkModel {
  readonly #limits: Limits.Limits
  readonly #now: () => number
  readonly #measure: Measure
  /** In the order in which they ended, but for those that are held. */
  #waiting: Array<Span> = []
  #held: Array<Span> = []
  #inFlight: Array<Span> = []
  #flushes: Array<Flush> = []
  #sequence = 0
  #closed = false
  #failures = 0
  #openings = 0
  #open: number | undefined
  #trial = false
  #backoff = 0
  #pause = 0
  #requestBytes: number
  #refusedAlone = 0
  exported = 0
  notSelected = 0
  readonly dropped = Accounting.noneDropped()
  /** How often each span was sent. */
  readonly sent = new Map<string, number>()

  constructor(limits: Limits.Limits, now: () => number, measure: Measure) {
    this.#limits = limits
    this.#measure = measure
    this.#requestBytes = limits.maxRequestBytes
    this.#now = now
  }

  ended(span: ReadableSpan): void {
    const { maxQueueBytes, maxQueueSize, maxRequestBytes } = this.#limits
    const { bytes, room: taken } = this.#measure(span)
    const failed = span.status.code === 2
    if (this.#closed) return this.#drop("shutdown")
    const room = (spans: ReadonlyArray<Span>, more: number): boolean =>
      spans.length < maxQueueSize && spans.reduce((sum, other) => sum + other.room, more) <= maxQueueBytes
    const yielding = (other: Span): boolean => failed && !other.failed && this.#waiting.includes(other)
    const staying = this.#all().filter((other) => !yielding(other))
    if (!room(staying, 0)) return this.#drop("queue_full")
    if (bytes + SpanSize.ofEnvelope(span) > maxRequestBytes) return this.#drop("too_large")
    if (!room(staying, taken)) return this.#drop("queue_full")
    while (!room(this.#all(), taken)) {
      const displaced = this.#waiting.find(yielding)
      assert(displaced !== undefined)
      this.#waiting = this.#waiting.filter((other) => other !== displaced)
      this.#drop("queue_full")
      this.#tried([displaced])
    }
    const id = span.spanContext().spanId
    this.#waiting.push({
      id,
      sequence: ++this.#sequence,
      failed,
      bytes,
      room: taken,
      envelope: SpanSize.ofEnvelope(span),
      attempts: 0
    })
  }

  flush(budget: number): void {
    const untried = new Set([...this.#waiting, ...this.#inFlight])
    if (untried.size > 0) this.#flushes.push({ untried, expires: this.#now() + budget })
    this.#judgeFlushes()
  }

  close(budget: number): void {
    this.#closed = true
    this.#refusedAlone = 0
    this.flush(budget)
  }

  /** The end of a shutdown. */
  abort(): void {
    this.#flushes = []
    this.#judgeFlushes()
    this.#drop("timeout", this.#inFlight.length)
    this.#drop("shutdown", this.#waiting.length)
    this.#inFlight = []
    this.#waiting = []
  }

  /** A request with spans of these ids is about to go out: it must be one that may. */
  sending(batch: ReadonlyArray<string>): void {
    const { maxExportBatchSize } = this.#limits
    const now = this.#now()
    this.#judgeFlushes()
    assert.strictEqual(this.#inFlight.length, 0, "one request at a time")
    if (!this.#closed) {
      assert.isAtLeast(now, this.#pause, "not before the receiver's wish")
      if (this.#open !== undefined) assert.isAtLeast(now, this.#open, "not through an open circuit")
      if (this.#flushes.length === 0) assert.isAtLeast(now, this.#backoff, "not before the pause is over")
      this.#trial = this.#open !== undefined
    }
    const spans = this.#waiting.slice(0, batch.length)
    assert.deepStrictEqual(spans.map(({ id }) => id), batch, "oldest first")
    const bytes = spans.reduce((sum, span) => sum + span.bytes, spans[0]?.envelope ?? 0)
    assert.isTrue(batch.length === 1 || bytes <= this.#requestBytes, "no request is larger than what is taken")
    assert.isAtMost(batch.length, maxExportBatchSize)
    this.#waiting = this.#waiting.slice(batch.length)
    this.#inFlight = spans
    for (const { id } of spans) this.sent.set(id, (this.sent.get(id) ?? 0) + 1)
  }

  answered(answer: Answer): void {
    const spans = this.#inFlight
    this.#inFlight = []
    switch (answer) {
      case "accept":
        this.exported += spans.length
        return this.#well(spans)
      case "reject one":
        this.exported += spans.length - 1
        this.#drop("rejected")
        return this.#well(spans)
      case "400":
        this.#drop("rejected", spans.length)
        return this.#well(spans)
      case "throw":
        this.#drop("fault", spans.length)
        return this.#well(spans)
      case "413":
      case "413 above two": {
        const half = spans.reduce((sum, { bytes }) => sum + bytes / 2, spans[0]?.envelope ?? 0)
        this.#requestBytes = Math.min(this.#requestBytes, half)
        if (spans.length > 1) {
          this.#waiting.unshift(...spans)
          if (this.#trial) return this.#unwell([], [])
          this.#pause = 0
          return this.#judgeFlushes()
        }
        this.#drop("too_large")
        this.#refusedAlone++
        return this.#unwell(spans, [])
      }
      case "lost":
        this.#drop("timeout", spans.length)
        this.#smallEnough()
        return this.#unwell(spans, [])
      case "503":
        return this.#again(spans, "rejected", 0)
      case "429 in 7 s":
        return this.#again(spans, "rejected", 7_000)
      case "unreachable":
        return this.#again(spans, "unreachable", 0)
    }
  }

  /** What the books have to say. */
  books(): Pick<Accounting.SinkAccounting, "dropped" | "exported" | "inFlight" | "notSelected" | "queued"> {
    return {
      exported: this.exported,
      notSelected: this.notSelected,
      dropped: this.dropped,
      queued: this.#waiting.length + this.#held.length,
      inFlight: this.#inFlight.length
    }
  }

  /** The bytes of what is queued and on its way. */
  get bytes(): number {
    return this.#all().reduce((sum, { room }) => sum + room, 0)
  }

  /** The state of the circuit. */
  get circuit(): Circuit.State {
    return this.#open === undefined ? "closed" : this.#trial && this.#inFlight.length > 0 ? "half_open" : "open"
  }

  #all(): ReadonlyArray<Span> {
    return [...this.#waiting, ...this.#held, ...this.#inFlight]
  }

  #drop(reason: Accounting.DropReason, count = 1): void {
    this.dropped[reason] += count
  }

  #smallEnough(): void {
    this.#refusedAlone = 0
    this.#requestBytes = Math.min(this.#limits.maxRequestBytes, this.#requestBytes * Limits.requestGrowth)
  }

  #well(tried: ReadonlyArray<Span>): void {
    this.#smallEnough()
    this.#failures = 0
    this.#openings = 0
    this.#open = undefined
    this.#backoff = 0
    this.#pause = 0
    this.#tried(tried)
    this.#judgeFlushes()
  }

  #again(spans: ReadonlyArray<Span>, reason: Accounting.DropReason, pause: number): void {
    const kept = spans.filter((span) => !this.#closed && ++span.attempts < this.#limits.retry.attempts)
    this.#drop(reason, spans.length - kept.length)
    this.#smallEnough()
    this.#unwell(spans, kept, pause)
  }

  #unwell(tried: ReadonlyArray<Span>, kept: ReadonlyArray<Span>, pause = 0): void {
    const { circuit, retry } = this.#limits
    const now = this.#now()
    this.#failures++
    this.#backoff = now + Math.min(retry.max, retry.initial * 2 ** (this.#failures - 1)) / 2
    this.#pause = now + pause
    if (this.#open !== undefined || this.#failures >= circuit.failures) {
      if (this.#open !== undefined && this.#trial) this.#openings++
      this.#open = now + Math.min(circuit.maxOpen, circuit.open * 2 ** this.#openings)
    }
    this.#trial = false
    this.#held.push(...kept)
    this.#tried(tried)
    this.#judgeFlushes()
  }

  #tried(spans: ReadonlyArray<Span>): void {
    for (const { untried } of this.#flushes) spans.forEach((span) => untried.delete(span))
  }

  /** Which flushes still wait; without any, what they held back waits with the others. */
  #judgeFlushes(): void {
    const now = this.#now()
    if (this.#closed && this.#refusedAlone >= this.#limits.circuit.failures && this.#inFlight.length === 0) {
      this.#drop("shutdown", this.#waiting.length + this.#held.length)
      this.#waiting = []
      this.#held = []
      this.#flushes = []
    }
    const barred = !this.#closed && this.#inFlight.length === 0 && this.#waiting.length > 0 &&
      (now < this.#pause || this.#open !== undefined && now < this.#open)
    this.#flushes = this.#flushes.filter(({ expires, untried }) => !barred && untried.size > 0 && now < expires)
    if (this.#flushes.length > 0) return
    this.#waiting = [...this.#held, ...this.#waiting].sort((left, right) => left.sequence - right.sequence)
    this.#held = []
  }

  /** To be told before time is looked at: what time alone changes. */
  timePassed(): void {
    this.#judgeFlushes()
  }
}
