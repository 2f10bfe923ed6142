/**
 * How an `Exit` shows on a span, so that failures, defects and interruptions can be told apart.
 *
 * Converted when the span ends: what waits in the queue then holds texts, not the cause with all that it refers to.
 */
import type * as Otel from "@opentelemetry/api"
import { SpanStatusCode } from "@opentelemetry/api"
import {
  ATTR_ERROR_TYPE,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE
} from "@opentelemetry/semantic-conventions"
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"

/** On a failed span: `error` (a typed failure), `defect` or `interrupted`, in the words of the metrics' `status`. */
export const outcomeAttribute = "effect.outcome"

/** How an effect failed; a cause of several kinds counts as defect before error before interrupted. */
export type Outcome = "error" | "defect" | "interrupted"

/** What a failure is told apart by: its `_tag`, else its name, else its type. */
export const errorType = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return typeof error
  const { _tag, name } = error as { readonly _tag?: unknown; readonly name?: unknown }
  if (typeof _tag === "string" && _tag !== "") return _tag
  return typeof name === "string" && name !== "" ? name : "Object"
}

/**
 * Writes a cause onto a span that is about to end.
 *
 * A failure or defect sets the status to error, the `error.type` and one `exception` event for each reason. An
 * interruption is no error: the status stays unset, unless a server answered with a 5xx because of it.
 */
export const record = (
  span: Otel.Span,
  cause: Cause.Cause<unknown>,
  time: Otel.HrTime,
  serverStatus: unknown
): void => {
  const failures = cause.reasons.filter((reason) => reason._tag !== "Interrupt")
  if (failures.length === 0) {
    if (cause.reasons.length === 0) return
    span.setAttribute(outcomeAttribute, "interrupted" satisfies Outcome)
    // As `@effect/opentelemetry` has it.
    span.setAttribute("effect.fiber.interrupted", true)
    if (typeof serverStatus === "number" && serverStatus >= 500) {
      span.setAttribute(ATTR_ERROR_TYPE, String(serverStatus))
      span.setStatus({ code: SpanStatusCode.ERROR, message: "interrupted" })
    }
    return
  }
  // Interruptions that came with the failure say nothing more.
  const pretty = Cause.prettyErrors(Cause.fromReasons(failures), { includeCauseInStack: true })
  let first = 0
  failures.forEach((reason, index) => {
    const defect = reason._tag === "Die"
    if (defect && failures[first]?._tag !== "Die") first = index
    span.addEvent("exception", {
      [ATTR_EXCEPTION_TYPE]: errorType(defect ? reason.defect : reason.error),
      [ATTR_EXCEPTION_MESSAGE]: pretty[index]?.message ?? "",
      [ATTR_EXCEPTION_STACKTRACE]: pretty[index]?.stack ?? "",
      [outcomeAttribute]: (defect ? "defect" : "error") satisfies Outcome
    }, time)
  })
  const primary = failures[first]
  if (primary === undefined) return
  const defect = primary._tag === "Die"
  span.setAttribute(outcomeAttribute, (defect ? "defect" : "error") satisfies Outcome)
  span.setAttribute(ATTR_ERROR_TYPE, errorType(defect ? primary.defect : primary.error))
  span.setStatus({ code: SpanStatusCode.ERROR, message: pretty[first]?.message ?? "" })
}

/** Writes an exit onto a span that is about to end. */
export const recordExit = (
  span: Otel.Span,
  exit: Exit.Exit<unknown, unknown>,
  time: Otel.HrTime,
  serverStatus: unknown
): void => {
  if (exit._tag === "Success") span.setStatus({ code: SpanStatusCode.OK })
  else record(span, exit.cause, time, serverStatus)
}
