/**
 * Where error events go, and what can become of one there.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { ErrorEvent } from "./ErrorEvent.ts"
import type { DropReason } from "./ErrorTracking.ts"

/**
 * What became of an event that a sink was given.
 *
 * `Retryable`: it has not been taken in, and another attempt may help; `reason` is how it is counted when it is given
 * up. `Dropped`: it is lost, or its answer is, and sending it again could make two of it. `pause` is how long nothing
 * is to be sent, where the tracker has said so.
 */
export type SendResult =
  | { readonly _tag: "Sent"; readonly pause?: Duration.Duration | undefined }
  | { readonly _tag: "Retryable"; readonly reason: DropReason; readonly pause?: Duration.Duration | undefined }
  | { readonly _tag: "Dropped"; readonly reason: DropReason; readonly pause?: Duration.Duration | undefined }

/** An event was accepted by whoever it was sent to. */
export const sent: SendResult = { _tag: "Sent" }

/** An event was not delivered. */
export const dropped = (reason: DropReason): SendResult => ({ _tag: "Dropped", reason })

/** An event was not delivered, and may be in another attempt, once `pause` is over. */
export const retryable = (reason: DropReason, pause?: Duration.Duration | undefined): SendResult => ({
  _tag: "Retryable",
  reason,
  ...(pause === undefined ? {} : { pause })
})

/**
 * Where events go. A sink answers for each event; it never fails, and gives up by itself after its own deadline. Queue,
 * limits, retries and accounting belong to the pipeline.
 */
export interface EventSink {
  /** Sends an event once. It is interrupted when the pipeline gives it up, and has to let go of its connection then. */
  readonly send: (event: ErrorEvent) => Effect.Effect<SendResult>
  /**
   * Whether an event that is on its way may have left already, asked when it is given up; where it is left out, any may
   * have.
   */
  readonly mayHaveLeft?: ((event: ErrorEvent) => boolean) | undefined
  /** Releases what the sink holds. */
  readonly close: Effect.Effect<void>
}
