/**
 * What a program prints when it fails: the whole cause, scrubbed.
 *
 * `runMain` prints the cause with Effect's own logger, outside of the layer: whatever an error says would leave there as
 * it is.
 */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Scrubber from "./Scrubber.ts"
import { explainStartFailure } from "./StartFailure.ts"

/** A failure that was printed: `runMain` ends the process with its exit code and says nothing more. */
export class ReportedFailure extends Data.TaggedError("ReportedFailure")<{
  readonly [Runtime.errorExitCode]: number
}> {
  override readonly [Runtime.errorReported] = false
}

/** Whether anything of the cause was not reported yet: one that was must not hide another beside it. */
const isUnreported = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.length === 0 || cause.reasons.some((reason) =>
    Cause.isFailReason(reason)
      ? Runtime.getErrorReported(reason.error)
      : Cause.isDieReason(reason) && Runtime.getErrorReported(reason.defect)
  )

const shown = (cause: Cause.Cause<unknown>): string => {
  try {
    return Cause.pretty(cause)
  } catch {
    // An error whose message throws, say: that the program failed is still worth a line.
    return "The program failed with an error that can't be shown."
  }
}

/**
 * Prints what a program fails with on standard error, defects too and everything scrubbed, and keeps `runMain` from
 * printing it as it is. A bad configuration and a metrics port that can't be opened are told as by
 * `explainStartFailure`, an error marked as reported (`Runtime.errorReported`) not at all, unless another one beside it
 * was not.
 *
 * Use it as the last step before `NodeRuntime.runMain`. The exit code stays the one that the failure asks for, an
 * interruption stays one. The scrubber is the current one, which outside of the layer is the default; provide another
 * as `Scrubber.CurrentScrubber`.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import { Observability } from "@dawsos/observability"
 * import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
 * import * as Effect from "effect/Effect"
 *
 * export const run = (program: Effect.Effect<void>) =>
 *   program.pipe(Effect.provide(DawsOs.layer), Observability.reportFailure, NodeRuntime.runMain)
 */
export const reportFailure = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, ReportedFailure, R> =>
  Effect.catchCause(explainStartFailure(self), (cause) =>
    Effect.gen(function*() {
      if (Cause.hasInterruptsOnly(cause)) return yield* Effect.failCause(cause as Cause.Cause<never>)
      const error = Cause.squash(cause)
      if (isUnreported(cause)) {
        const scrubber = yield* Scrubber.CurrentScrubber
        yield* Console.error(scrubber.text(shown(cause)))
      }
      return yield* new ReportedFailure({ [Runtime.errorExitCode]: Runtime.getErrorExitCode(error) })
    }))
