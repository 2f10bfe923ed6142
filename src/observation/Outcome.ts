/**
 * What a failure leaves on the span of what failed, so that failures, defects and interruptions can be told apart.
 *
 * Plain data under the names of OpenTelemetry's semantic conventions: the live tracer and that of a test layer write it
 * each onto spans of its own.
 */
import * as Cause from "effect/Cause"
import { errorType } from "./Status.ts"

/** On a failed span: how it failed, in the words of the metrics' `status`. */
export const outcomeAttribute = "effect.outcome"

/** A cause of several kinds counts as defect before error before interrupted. */
export type Outcome = "error" | "defect" | "interrupted"

/** See the module. */
export interface Told {
  readonly attributes: Readonly<Record<string, string | boolean>>
  /** The attributes of one `exception` event for each failure and defect. */
  readonly exceptions: ReadonlyArray<Readonly<Record<string, string>>>
  /** The message of the span's status where it is an error. */
  readonly error: string | undefined
}

const nothing: Told = { attributes: {}, exceptions: [], error: undefined }

const ofInterruption = (serverStatus: unknown): Told => {
  // The second as `@effect/opentelemetry` has it.
  const attributes = { [outcomeAttribute]: "interrupted" satisfies Outcome, "effect.fiber.interrupted": true }
  return typeof serverStatus === "number" && serverStatus >= 500
    ? { attributes: { ...attributes, "error.type": String(serverStatus) }, exceptions: [], error: "interrupted" }
    : { attributes, exceptions: [], error: undefined }
}

/**
 * What is told of a cause: the gravest reason by attributes, each failure and defect by an event.
 *
 * An interruption is no error, unless a server answered with a status of 500 and above because of it; interruptions
 * that came with a failure say nothing more.
 */
export const ofCause = (cause: Cause.Cause<unknown>, serverStatus: unknown): Told => {
  if (cause.reasons.length === 0) return nothing
  const failures = cause.reasons.filter((reason) => reason._tag !== "Interrupt")
  const pretty = failures.length === 0
    ? []
    : Cause.prettyErrors(Cause.fromReasons(failures), { includeCauseInStack: true })
  const described = failures.map((reason, index) => ({
    outcome: reason._tag === "Die" ? "defect" as const : "error" as const,
    type: errorType(reason._tag === "Die" ? reason.defect : reason.error),
    message: pretty[index]?.message ?? "",
    stack: pretty[index]?.stack ?? ""
  }))
  const primary = described.find(({ outcome }) => outcome === "defect") ?? described[0]
  if (primary === undefined) return ofInterruption(serverStatus)
  return {
    attributes: { [outcomeAttribute]: primary.outcome satisfies Outcome, "error.type": primary.type },
    exceptions: described.map(({ message, outcome, stack, type }) => ({
      "exception.type": type,
      "exception.message": message,
      "exception.stacktrace": stack,
      [outcomeAttribute]: outcome satisfies Outcome
    })),
    error: primary.message
  }
}
