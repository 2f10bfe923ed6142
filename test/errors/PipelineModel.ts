// What is to become of events, reckoned naively: lists of what waits and what is on its way, and one clock.
import { ErrorTracking } from "@dawsos/observability"

/** What the tracker says of an event. */
export type Answer =
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

/** What the tracker does with an event, from now on; `Hangs`: it says nothing until it is told to. */
export type Mood = Answer | { readonly _tag: "Hangs" }

/** The bounds that the pipeline under test has as well. */
export interface Bounds {
  readonly perFingerprint: number
  readonly perMinute: number
  readonly queue: number
  readonly queueBytes: number
  readonly eventBytes: number
  readonly concurrency: number
}

/** How the pipeline under test waits; no two of the times are the same, so that one order of events is right. */
export const delivery = {
  backoff: { initial: 1_001, max: 5_003, attempts: 5 },
  circuit: { failures: 5, open: 10_007, maxOpen: 120_011 }
}

/** How long an event may be on its way. */
const sendMillis = 10_000

/** How long the end waits. */
const endMillis = 4_000

/** How long after its beginning something happens to the end. */
export const meanwhileMillis = 1_009

interface Held {
  /** How many were captured before. */
  readonly index: number
  readonly size: number
  attempts: number
  /** The last flush that has had its attempt. */
  flush: number
}

interface Flying {
  readonly held: Held
  readonly until: number
  /** Failures until it was sent: where others failed meanwhile, it is not one more. */
  readonly failuresBefore: number
  /** A flush has waited for it in vain. */
  waitedFor: boolean
}

interface Flush {
  readonly number: number
  /** How many were captured before. */
  readonly captured: number
  readonly until: number
  readonly sentBefore: number
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
  circuit: "closed" | "open" | "half_open" = "closed"
  /** The most that were on their way at once. */
  most = 0
  #held: Array<Held> = []
  #flying: Array<Flying> = []
  #flushes: Array<Flush> = []
  #flushCount = 0
  readonly #passed: Array<{ readonly type: string; readonly at: number }> = []
  #failuresInAll = 0
  #failures = 0
  #trials = 0
  #openUntil = 0
  #backoffUntil = 0
  #pausedUntil = 0
  #isClosed = false
  /** The attempt that the end makes against the tracker's wish. */
  #lastTrial: "due" | "under way" | undefined

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  get flying(): number {
    return this.#flying.length
  }

  get queued(): number {
    return this.#held.length + this.flying
  }

  get bytes(): number {
    return [...this.#held, ...this.#flying.map(({ held }) => held)].reduce((sum, { size }) => sum + size, 0)
  }

  /** `undefined` is the size of what can't be scrubbed. */
  capture(type: string, size: number | undefined): void {
    const { eventBytes, perFingerprint, perMinute, queue, queueBytes } = this.#bounds
    const recent = this.#passed.filter(({ at }) => this.now - at < 60_000)
    const index = this.captured++
    if (recent.length >= perMinute) this.dropped.rate_limited++
    else if (recent.filter((each) => each.type === type).length >= perFingerprint) this.dropped.rate_limited++
    else {
      this.#passed.push({ type, at: this.now })
      if (this.queued >= queue) this.dropped.queue_full++
      else if (size === undefined) this.dropped.fault++
      else if (size > eventBytes) this.dropped.too_large++
      else if (this.bytes + size > queueBytes) this.dropped.queue_full++
      else this.#held.push({ index, size, attempts: 0, flush: this.#flushCount })
    }
    this.#send()
  }

  /** The tracker answers for one that is on its way, if there is any. */
  answer(which: number, answer: Answer): void {
    const flying = this.#flying[which % this.flying]
    if (flying === undefined) return
    this.#settle(flying, answer)
    this.#send()
  }

  pass(millis: number): void {
    const end = this.now + millis
    for (;;) {
      const next = this.#next()
      if (next > end) break
      this.now = next
      this.#happen()
    }
    this.now = end
  }

  /** Begins a flush, which may take that long. */
  flush(millis: number): void {
    const number = ++this.#flushCount
    for (const { held } of this.#flying) held.flush = number
    this.#flushes.push({ number, captured: this.captured, until: this.now + millis, sentBefore: this.sent })
    this.#send()
  }

  /** Ends; `meanwhile` happens while it waits. */
  shutdown(meanwhile: () => void): void {
    this.#isClosed = true
    if (!this.#flying.some(({ waitedFor }) => waitedFor)) {
      // The tracker is asked once more: it answers as before, or the others may follow.
      if (this.#pausedUntil >= this.now + endMillis) {
        this.#pausedUntil = 0
        this.#lastTrial = "due"
      }
      this.flush(endMillis)
      if (this.#isFlushing()) this.pass(meanwhileMillis)
      if (this.#isFlushing()) meanwhile()
      if (this.#isFlushing()) this.pass(endMillis - meanwhileMillis)
    }
    this.dropped.shutdown += this.#held.length
    this.dropped.timeout += this.flying
    this.#held = []
    this.#flying = []
  }

  #isFlushing(): boolean {
    return this.#flushes.some(({ number }) => number === this.#flushCount)
  }

  #isWanted({ flush, index }: Held): boolean {
    return this.#flushes.some(({ captured, number }) => index < captured && flush < number)
  }

  #wait(held: Held): number {
    const open = this.circuit === "open" && !this.#isClosed ? this.#openUntil : 0
    const backoff = this.#isWanted(held) || this.#isClosed ? 0 : this.#backoffUntil
    return Math.max(0, Math.max(this.#pausedUntil, open, backoff) - this.now)
  }

  #mayStart(): boolean {
    if (this.#lastTrial === "under way") return false
    const { concurrency } = this.#bounds
    return this.flying < (this.#isClosed ? concurrency + 1 : this.#failures > 0 ? 1 : concurrency)
  }

  #next(): number {
    return Math.min(
      ...(this.#mayStart() ? this.#held.map((held) => this.now + this.#wait(held)) : []),
      ...this.#flying.map(({ until }) => until),
      ...this.#flushes.map(({ until }) => until)
    )
  }

  #happen(): void {
    for (const flying of this.#flying.filter(({ until }) => until <= this.now)) {
      this.#settle(flying, { _tag: "Loses", reason: "timeout" })
      this.#send()
    }
    for (const { sentBefore, until } of this.#flushes) {
      if (until > this.now) continue
      for (const flying of this.#flying) flying.waitedFor = this.sent === sentBefore
    }
    this.#flushes = this.#flushes.filter(({ until }) => until > this.now)
    this.#send()
  }

  #send(): void {
    while (this.#mayStart()) {
      const held = this.#held.find((each) => this.#wait(each) === 0)
      if (held === undefined) break
      this.#attempt(held)
    }
    // A flush is over as soon as nothing that it wants may be sent in time.
    this.#flushes = this.#flushes.filter(({ captured, number, until }) =>
      this.#flying.some(({ held }) => held.index < captured) ||
      this.#held.some((held) =>
        held.index < captured && held.flush < number &&
        (this.flying > 0 && this.circuit === "half_open" || this.now + this.#wait(held) < until)
      )
    )
  }

  #attempt(held: Held): void {
    this.#held = this.#held.filter((other) => other !== held)
    this.attempts++
    if (held.attempts++ > 0) this.retried++
    held.flush = this.#flushCount
    if (this.#lastTrial === "due") this.#lastTrial = "under way"
    if (this.circuit === "open") this.circuit = "half_open"
    const flying = {
      held,
      until: this.now + sendMillis,
      failuresBefore: this.#failuresInAll,
      waitedFor: false
    }
    this.#flying.push(flying)
    this.most = Math.max(this.most, this.flying)
    if (this.mood._tag !== "Hangs") this.#settle(flying, this.mood)
  }

  #settle(flying: Flying, answer: Answer): void {
    const { failuresBefore, held } = flying
    this.#flying = this.#flying.filter((other) => other !== flying)
    if (this.#lastTrial === "under way") this.#lastTrial = undefined
    if ("pause" in answer && answer.pause !== undefined) {
      this.#pausedUntil = Math.max(this.#pausedUntil, this.now + Math.min(answer.pause, 300_000))
    }
    if (answer._tag === "Takes" || answer._tag === "Refuses") this.#live()
    else if (failuresBefore === this.#failuresInAll) this.#fail()
    if (answer._tag === "Takes") {
      this.sent++
      for (const other of this.#flying) other.waitedFor = false
    } else if (answer._tag === "Fails" && held.attempts < delivery.backoff.attempts && !this.#isClosed) {
      this.#held.push(held)
    } else this.dropped[answer.reason]++
  }

  #live(): void {
    this.#failures = 0
    this.circuit = "closed"
    this.#trials = 0
    this.#backoffUntil = 0
  }

  #fail(): void {
    const { backoff, circuit } = delivery
    this.#failuresInAll++
    this.#failures++
    this.#backoffUntil = this.now + Math.min(backoff.max, backoff.initial * 2 ** (this.#failures - 1))
    if (this.circuit === "half_open") this.#trials++
    if (this.#failures < circuit.failures) return
    this.circuit = "open"
    this.#openUntil = this.now + Math.min(circuit.maxOpen, circuit.open * 2 ** this.#trials) * 1.1
  }
}
