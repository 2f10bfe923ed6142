import { ExpectationError } from "@dawsos/observability/testing"
import * as Effect from "effect/Effect"

/** The message of the expectation that an effect dies of; a test fails when it dies of something else, or not at all. */
export const failureOf = <R>(effect: Effect.Effect<unknown, never, R>): Effect.Effect<string, never, R> =>
  Effect.flatMap(Effect.exit(effect), (exit) => {
    const reason = exit._tag === "Failure" ? exit.cause.reasons[0] : undefined
    return reason?._tag === "Die" && reason.defect instanceof ExpectationError
      ? Effect.succeed(reason.defect.message)
      : Effect.die(new Error("the expectation was met, or ended in another way"))
  })

/** Lines of a message, as a test writes them. */
export const text = (...lines: ReadonlyArray<string>): string => lines.join("\n")
