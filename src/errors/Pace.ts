/**
 * When the next event may be sent: several are on their way at once, and the end of the program makes one attempt
 * against the tracker's own wish.
 */
import * as Duration from "effect/Duration"
import type * as Circuit from "../delivery/Circuit.ts"
import * as Pacing from "../delivery/Pace.ts"
import * as RetryAfter from "../delivery/RetryAfter.ts"
import type { DropReason } from "./ErrorTracking.ts"
import type { SendResult } from "./EventSink.ts"

/** How a pace reckons. */
export interface Options extends Pacing.Options {
  /** Told when the circuit opens, lets a trial pass, and closes. */
  readonly onChange?: ((state: Circuit.State) => void) | undefined
}

export type { Urgency } from "../delivery/Pace.ts"

// No answer, or one that says nothing of the event. `throttled` and `rejected` are answers.
const silent: ReadonlySet<DropReason> = new Set(["timeout", "unreachable", "fault"])

const failed = (result: SendResult): boolean =>
  result._tag === "Retryable" || (result._tag === "Dropped" && silent.has(result.reason))

/** See the module; times are milliseconds of a clock that never jumps. */
export class Pace {
  readonly #pace: Pacing.Pace
  readonly #onChange: Options["onChange"]
  // Requests that were on their way together and fail together have failed once.
  #failures = 0
  // Of the one attempt that the end makes in spite of the tracker's wish.
  #lastTrial: "none" | "due" | "under way" | "over" = "none"

  constructor(options: Options) {
    this.#pace = new Pacing.Pace(options)
    this.#onChange = options.onChange
  }

  /** The state of the circuit. */
  get state(): Circuit.State {
    return this.#pace.circuit.state
  }

  /** Whether the last attempt failed: until one succeeds there is one attempt at a time. */
  get failing(): boolean {
    return this.#pace.circuit.failures > 0
  }

  /** Whether nothing more may be sent before the one attempt that decides on the others is answered. */
  get deciding(): boolean {
    return this.#lastTrial === "under way"
  }

  /**
   * The program ends, and waits until `until` at most: where the tracker asked for more than that, one attempt is made
   * all the same. Where it is told to wait again, that is the end of it; else the others follow.
   */
  end(until: number): void {
    if (this.#lastTrial !== "none" || this.#pace.pausedUntil < until) return
    this.#lastTrial = "due"
    this.#pace.resume()
  }

  /** The milliseconds from `now` until an attempt may be made. */
  wait(now: number, urgency: Pacing.Urgency): number {
    return this.#pace.wait(now, urgency)
  }

  /** Notes that an attempt is made now; what it answers is to be given back with its result. */
  attempted(): number {
    if (this.#lastTrial === "due") this.#lastTrial = "under way"
    this.#tellChange(() => this.#pace.attempted())
    return this.#failures
  }

  /** Notes what came of an attempt. */
  settled(attempt: number, result: SendResult, now: number): void {
    if (this.#lastTrial === "under way") this.#lastTrial = "over"
    if (result.pause !== undefined) {
      this.#pace.pause(now + Math.min(Duration.toMillis(result.pause), RetryAfter.maxWait))
    }
    if (!failed(result)) return this.#tellChange(() => this.#pace.answered())
    if (attempt !== this.#failures) return
    this.#failures++
    this.#tellChange(() => this.#pace.failed(now))
  }

  #tellChange(change: () => void): void {
    const before = this.state
    change()
    if (this.state !== before) this.#onChange?.(this.state)
  }
}
