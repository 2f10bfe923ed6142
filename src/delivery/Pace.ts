/**
 * When a receiver may be sent to next: after the pause that it asked for, the backoff after failures, and the circuit.
 *
 * What fails is the way to the receiver and not what is sent, so one pace holds for all that goes there.
 */
import * as Backoff from "./Backoff.ts"
import * as Circuit from "./Circuit.ts"

/** How a pace reckons. */
export interface Options {
  readonly backoff: Backoff.Policy
  readonly circuit: Circuit.Policy
  /** A chance from 0 to 1. */
  readonly random: () => number
}

/**
 * How much an attempt matters: a `flush` does not wait for the backoff; the `last` one, made because the program ends,
 * does not wait for the circuit either. The receiver's own wish holds for all of them.
 */
export type Urgency = "routine" | "flush" | "last"

/** See the module; times are milliseconds of a clock that never jumps. */
export class Pace {
  readonly #options: Options
  #circuit = Circuit.closed
  #backoffUntil = 0
  #pausedUntil = 0

  constructor(options: Options) {
    this.#options = options
  }

  /** As it is now. */
  get circuit(): Circuit.Circuit {
    return this.#circuit
  }

  /** Until when the receiver asked not to be sent to. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  /** The milliseconds from `now` until an attempt may be made. */
  wait(now: number, urgency: Urgency): number {
    const circuit = urgency === "last" ? 0 : Circuit.wait(this.#circuit, now)
    const backoff = urgency === "routine" ? this.#backoffUntil - now : 0
    return Math.max(0, circuit, backoff, this.#pausedUntil - now)
  }

  /** An attempt is made now. */
  attempted(): void {
    this.#circuit = Circuit.attempted(this.#circuit)
  }

  /** The receiver answered: it is there, whatever it said. */
  answered(): void {
    this.#circuit = Circuit.closed
    this.#backoffUntil = 0
  }

  /** An attempt failed at `now`. */
  failed(now: number): void {
    const { backoff, circuit, random } = this.#options
    this.#circuit = Circuit.failed(circuit, this.#circuit, now, random())
    this.#backoffUntil = now + Backoff.delay(backoff, this.#circuit.failures, random())
  }

  /** The receiver asks not to be sent to before `until`; what it asked for before holds as well. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }

  /** Takes no heed of what the receiver asked for until now. */
  resume(): void {
    this.#pausedUntil = 0
  }
}
