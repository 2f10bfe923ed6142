/**
 * When the next event may be sent: after what the tracker asked for, the backoff after failures, and the circuit.
 *
 * What fails is the way to the tracker and not an event, so one pace holds for all of them.
 */
import * as Duration from "effect/Duration"
import * as Backoff from "../delivery/Backoff.ts"
import * as Circuit from "../delivery/Circuit.ts"
import * as RetryAfter from "../delivery/RetryAfter.ts"
import type { DropReason } from "./ErrorTracking.ts"
import type { SendResult } from "./EventSink.ts"

/** How a pace reckons. */
export interface Options {
  readonly backoff: Backoff.Policy
  readonly circuit: Circuit.Policy
  /** A chance from 0 to 1. */
  readonly random: () => number
  /** Told when the circuit opens, lets a trial pass, and closes. */
  readonly onChange?: ((state: Circuit.State) => void) | undefined
}

/**
 * How much an attempt matters: a `flush` does not wait for the backoff; the `last` one, made because the program ends,
 * does not wait for the circuit either. Against the tracker's own wish goes one attempt only: see {@link Pace.end}.
 */
export type Urgency = "routine" | "flush" | "last"

// No answer, or one that says nothing of the event. `throttled` and `rejected` are answers.
const silent: ReadonlySet<DropReason> = new Set(["timeout", "unreachable", "fault"])

const failed = (result: SendResult): boolean =>
  result._tag === "Retryable" || (result._tag === "Dropped" && silent.has(result.reason))

/** See the module; times are milliseconds of a clock that never jumps. */
export class Pace {
  readonly #options: Options
  #circuit = Circuit.closed
  #backoffUntil = 0
  #pausedUntil = 0
  // Requests that were on their way together and fail together have failed once.
  #failures = 0
  // Of the one attempt that the end makes in spite of the tracker's wish.
  #lastTrial: "none" | "due" | "under way" | "over" = "none"

  constructor(options: Options) {
    this.#options = options
  }

  /** The state of the circuit. */
  get state(): Circuit.State {
    return this.#circuit.state
  }

  /** Whether the last attempt failed: until one succeeds there is one attempt at a time. */
  get failing(): boolean {
    return this.#circuit.failures > 0
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
    if (this.#lastTrial !== "none" || this.#pausedUntil < until) return
    this.#lastTrial = "due"
    this.#pausedUntil = 0
  }

  /** The milliseconds from `now` until an attempt may be made. */
  wait(now: number, urgency: Urgency): number {
    const circuit = urgency === "last" ? 0 : Circuit.wait(this.#circuit, now)
    const backoff = urgency === "routine" ? this.#backoffUntil - now : 0
    return Math.max(0, circuit, backoff, this.#pausedUntil - now)
  }

  /** Notes that an attempt is made now; what it answers is to be given back with its result. */
  attempted(): number {
    if (this.#lastTrial === "due") this.#lastTrial = "under way"
    this.#change(Circuit.attempted(this.#circuit))
    return this.#failures
  }

  /** Notes what came of an attempt. */
  settled(attempt: number, result: SendResult, now: number): void {
    if (this.#lastTrial === "under way") this.#lastTrial = "over"
    if (result.pause !== undefined) {
      const pause = Math.min(Duration.toMillis(result.pause), RetryAfter.maxWait)
      this.#pausedUntil = Math.max(this.#pausedUntil, now + pause)
    }
    if (!failed(result)) {
      this.#backoffUntil = 0
      return this.#change(Circuit.closed)
    }
    if (attempt !== this.#failures) return
    this.#failures++
    const { backoff, circuit, random } = this.#options
    this.#change(Circuit.failed(circuit, this.#circuit, now, random()))
    this.#backoffUntil = now + Backoff.delay(backoff, this.#circuit.failures, random())
  }

  #change(circuit: Circuit.Circuit): void {
    const changed = circuit.state !== this.#circuit.state
    this.#circuit = circuit
    if (changed) this.#options.onChange?.(circuit.state)
  }
}
