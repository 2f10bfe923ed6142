/**
 * The status of one of our spans, as Effect has it: its times are made when they are read, since most that is ever asked
 * of a status is its tag.
 */
import type * as Exit from "effect/Exit"
import * as SpanTime from "../observation/SpanTime.ts"

/** Where the times are. */
export interface Times {
  readonly startSeconds: number
  readonly startNanos: number
  readonly endSeconds: number
  readonly endNanos: number
}

/** Of a span that is open. */
export class Started {
  readonly _tag = "Started"
  readonly #times: Times

  constructor(times: Times) {
    this.#times = times
  }

  get startTime(): bigint {
    return SpanTime.toBigInt(this.#times.startSeconds, this.#times.startNanos)
  }
}

/** Of one that has ended. */
export class Ended {
  readonly _tag = "Ended"
  readonly exit: Exit.Exit<unknown, unknown>
  readonly #times: Times

  constructor(times: Times, exit: Exit.Exit<unknown, unknown>) {
    this.#times = times
    this.exit = exit
  }

  get startTime(): bigint {
    return SpanTime.toBigInt(this.#times.startSeconds, this.#times.startNanos)
  }

  get endTime(): bigint {
    return SpanTime.toBigInt(this.#times.endSeconds, this.#times.endNanos)
  }
}
