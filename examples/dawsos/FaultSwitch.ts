/** The fault that the program suffers from its start, until somebody ends it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Fault } from "./Faults.ts"

export class FaultSwitch {
  /** What the program was started with; nothing when all is to be well. */
  readonly fault: Fault | undefined
  readonly #ended = Deferred.makeUnsafe<void>()

  constructor(fault: Fault | undefined) {
    this.fault = fault
  }

  /** Whether this fault is suffered now. */
  is(fault: Fault): boolean {
    return this.fault === fault && !Deferred.isDoneUnsafe(this.#ended)
  }

  /** Ends the fault for good: what it spoiled works again. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => Deferred.succeed(this.#ended, undefined))

  /** Waits for that. */
  readonly ended: Effect.Effect<void> = Effect.suspend(() => Deferred.await(this.#ended))
}
