// What is to become of events, reckoned naively: a tracker that answers at once, one list, one clock.
import { ErrorTracking } from "@dawsos/observability"

/** What the tracker does with an event, from now on. */
export type Mood =
  | { readonly _tag: "Takes"; readonly pause?: number | undefined }
  /** It says no, which is an answer. */
  | { readonly _tag: "Refuses"; readonly reason: "rejected" | "too_large" }
  /** Nobody knows what became of it. */
  | { readonly _tag: "Loses"; readonly reason: "timeout" | "unreachable" | "fault" }
  | {
    readonly _tag: "Fails"
    readonly reason: "unreachable" | "rejected" | "throttled"
    readonly pause?: number | undefined
  }

/** The bounds that the pipeline under test has as well. */
export interface Bounds {
  readonly perFingerprint: number
  readonly perMinute: number
  readonly queue: number
  readonly queueBytes: number
  readonly eventBytes: number
}

interface Held {
  readonly size: number
  attempts: number
  /** A flush wants it sent, whatever the backoff says. */
  wanted: boolean
}

/** See the top of the file. Chances are always the longest; times are milliseconds. */
export class PipelineModel {
  readonly #bounds: Bounds
  readonly dropped: Record<ErrorTracking.DropReason, number> = { ...ErrorTracking.noEvents.dropped }
  mood: Mood = { _tag: "Takes" }
  now = 0
  captured = 0
  sent = 0
  retried = 0
  attempts = 0
  #held: Array<Held> = []
  readonly #passed: Array<{ readonly type: string; readonly at: number }> = []
  #failures = 0
  #isOpen = false
  #trials = 0
  #openUntil = 0
  #backoffUntil = 0
  #pausedUntil = 0
  #isClosed = false

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get queued(): number {
    return this.#held.length
  }

  get bytes(): number {
    return this.#held.reduce((sum, { size }) => sum + size, 0)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** `undefined` is the size of what can't be scrubbed. */
  capture(type: string, size: number | undefined): void {
    const { eventBytes, perFingerprint, perMinute, queue, queueBytes } = this.#bounds
    const recent = this.#passed.filter(({ at }) => this.now - at < 60_000)
    this.captured++
    if (this.#isClosed) this.dropped.shutdown++
    else if (recent.length >= perMinute) this.dropped.rate_limited++
    else if (recent.filter((each) => each.type === type).length >= perFingerprint) this.dropped.rate_limited++
    else {
      this.#passed.push({ type, at: this.now })
      if (this.queued >= queue) this.dropped.queue_full++
      else if (size === undefined) this.dropped.fault++
      else if (size > eventBytes) this.dropped.too_large++
      else if (this.bytes + size > queueBytes) this.dropped.queue_full++
      else this.#held.push({ size, attempts: 0, wanted: false })
    }
    this.#send()
  }

  pass(millis: number): void {
    const end = this.now + millis
    for (;;) {
      this.#send()
      const next = this.#next()
      if (next > end) break
      this.now = next
    }
    this.now = end
  }

  /** A flush, and the five seconds that it may take. */
  flush(): void {
    for (const held of this.#held) held.wanted = true
    this.#send()
    const end = this.now + 5_000
    // It is over as soon as nothing that it wants may be sent in time.
    const isOver = (): boolean => !this.#held.some((held) => held.wanted && this.now + this.#wait(held) < end)
    while (!isOver()) {
      this.now = this.#next()
      this.#send()
    }
    for (const held of this.#held) held.wanted = false
    this.pass(end - this.now)
  }

  shutdown(): void {
    this.#isClosed = true
    const end = this.now + 4_000
    // The tracker is asked once more: it answers as before, or the others may follow.
    if (this.#pausedUntil >= end) this.#pausedUntil = 0
    this.#send()
    while (this.#next() < end) {
      this.now = this.#next()
      this.#send()
    }
    this.dropped.shutdown += this.queued
    this.#held = []
  }

  #wait(held: Held): number {
    const open = this.#isClosed ? 0 : this.#openUntil
    const backoff = held.wanted || this.#isClosed ? 0 : this.#backoffUntil
    return Math.max(0, Math.max(this.#pausedUntil, open, backoff) - this.now)
  }

  #next(): number {
    return this.now + Math.min(...this.#held.map((held) => this.#wait(held)))
  }

  #send(): void {
    for (;;) {
      const held = this.#held.find((each) => this.#wait(each) === 0)
      if (held === undefined) return
      this.#attempt(held)
    }
  }

  #attempt(held: Held): void {
    const { mood } = this
    this.#held = this.#held.filter((other) => other !== held)
    this.attempts++
    if (held.attempts++ > 0) this.retried++
    held.wanted = false
    if ("pause" in mood && mood.pause !== undefined) {
      this.#pausedUntil = Math.max(this.#pausedUntil, this.now + Math.min(mood.pause, 300_000))
    }
    if (mood._tag === "Loses" || mood._tag === "Fails") this.#fail()
    else this.#live()
    if (mood._tag === "Takes") this.sent++
    else if (mood._tag === "Fails" && held.attempts < 5 && !this.#isClosed) this.#held.push(held)
    else this.dropped[mood.reason]++
  }

  #live(): void {
    this.#failures = 0
    this.#isOpen = false
    this.#trials = 0
    this.#openUntil = 0
    this.#backoffUntil = 0
  }

  #fail(): void {
    this.#failures++
    this.#backoffUntil = this.now + Math.min(5_000, 1_000 * 2 ** (this.#failures - 1))
    if (this.#isOpen) this.#trials++
    if (this.#failures < 5) return
    this.#isOpen = true
    this.#openUntil = this.now + Math.min(120_000, 10_000 * 2 ** this.#trials) * 1.1
  }
}
