/**
 * How an `Exit` shows on a span of OpenTelemetry.
 *
 * Converted when the span ends: what waits in the queue then holds texts, not the cause with all that it refers to.
 */
import type * as Otel from "@opentelemetry/api"
import { SpanStatusCode } from "@opentelemetry/api"
import type * as Exit from "effect/Exit"
import * as Outcome from "../observation/Outcome.ts"

/**
 * Writes an exit onto a span that is about to end.
 *
 * A success is status OK; a failure or defect is status error; the status of an interruption stays unset, unless a
 * server answered with a 5xx because of it.
 */
export const recordExit = (
  span: Otel.Span,
  exit: Exit.Exit<unknown, unknown>,
  time: Otel.HrTime,
  serverStatus: unknown
): void => {
  if (exit._tag === "Success") {
    span.setStatus({ code: SpanStatusCode.OK })
    return
  }
  const { attributes, error, exceptions } = Outcome.ofCause(exit.cause, serverStatus)
  for (const exception of exceptions) span.addEvent("exception", exception, time)
  span.setAttributes(attributes)
  if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
}
