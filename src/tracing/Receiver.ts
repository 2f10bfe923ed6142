/**
 * What a queue learns of the receiver behind its sink: when it may be sent to, and how much at once.
 */
import type * as Circuit from "../delivery/Circuit.ts"
import * as Pace from "../delivery/Pace.ts"
import type { Outcome } from "./Attempt.ts"
import { type Limits, requestGrowth, trialBatchSize } from "./Limits.ts"
import * as SpanBuffer from "./SpanBuffer.ts"

/** See the module; times are milliseconds of a clock that never jumps. */
export class Receiver {
  readonly #limits: Limits
  readonly #pace: Pace.Pace
  // The largest request that it seems to take, in bytes.
  #requestBytes: number
  // Requests in a row, but for those that were cut smaller, that were too large with a single span.
  #refusedAlone = 0

  constructor(limits: Limits, random: () => number) {
    this.#limits = limits
    this.#pace = new Pace.Pace({ backoff: limits.retry, circuit: limits.circuit, random })
    this.#requestBytes = limits.maxRequestBytes
  }

  get circuit(): Circuit.Circuit {
    return this.#pace.circuit
  }

  /** Whether it seems to refuse each span all by itself as too large. */
  get refusesEach(): boolean {
    return this.#refusedAlone >= this.#limits.circuit.failures
  }

  /** The most spans for the next request: few for a circuit's trial. */
  get requestSpans(): number {
    const { maxExportBatchSize } = this.#limits
    return this.circuit.state === "half_open" ? Math.min(trialBatchSize, maxExportBatchSize) : maxExportBatchSize
  }

  /** The most bytes for the next request. */
  get requestBytes(): number {
    return this.#requestBytes
  }

  /** The milliseconds from `now` until something may be sent. */
  wait(now: number, urgency: Pace.Urgency): number {
    return this.#pace.wait(now, urgency)
  }

  /** Something is sent now. */
  attempted(): void {
    this.#pace.attempted()
  }

  /** Forgets how many spans it refused, to try once more. */
  forgive(): void {
    this.#refusedAlone = 0
  }

  /** Learns from what came of an export, which ended at `now`. */
  learn({ left, retryAfter, unwell }: Outcome, now: number): void {
    const tooLarge = left.flatMap(({ entries, reason }) => reason === "too_large" ? [entries] : [])
    // One that refuses a single span refuses perhaps all of them, and each would be a request.
    const refusesOne = tooLarge.some(({ length }) => length === 1)
    this.#refusedAlone = refusesOne ? this.#refusedAlone + 1 : tooLarge.length > 0 ? this.#refusedAlone : 0
    this.#requestBytes = tooLarge.length > 0
      ? Math.min(this.#requestBytes, ...tooLarge.map(SpanBuffer.halfRequest))
      : Math.min(this.#limits.maxRequestBytes, this.#requestBytes * requestGrowth)
    if (unwell || refusesOne || (tooLarge.length > 0 && this.circuit.state === "half_open")) this.#pace.failed(now)
    else if (tooLarge.length === 0) this.#pace.answered()
    this.#pace.pause(now + retryAfter)
  }
}
