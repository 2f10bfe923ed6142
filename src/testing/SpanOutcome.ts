/**
 * What the exit of an effect leaves on its span, as the live tracer writes it.
 *
 * The live tracer's own module speaks OpenTelemetry, whose packages a test layer does not load; `test/contract/` holds
 * the two equal.
 */
import * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"

const errorType = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return typeof error
  const { _tag, name } = error as { readonly _tag?: unknown; readonly name?: unknown }
  if (typeof _tag === "string" && _tag !== "") return _tag
  return typeof name === "string" && name !== "" ? name : "Object"
}

const interrupted = (span: Tracer.Span): void => {
  span.attribute("effect.outcome", "interrupted")
  span.attribute("effect.fiber.interrupted", true)
  const serverStatus = span.kind === "server" ? span.attributes.get("http.response.status_code") : undefined
  if (typeof serverStatus === "number" && serverStatus >= 500) span.attribute("error.type", String(serverStatus))
}

/** Writes attributes and `exception` events onto a span that is about to end. */
export const record = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>, time: bigint): void => {
  if (exit._tag === "Success" || exit.cause.reasons.length === 0) return
  const failures = exit.cause.reasons.filter((reason) => reason._tag !== "Interrupt")
  if (failures.length === 0) return interrupted(span)
  const pretty = Cause.prettyErrors(Cause.fromReasons(failures), { includeCauseInStack: true })
  const described = failures.map((reason, index) => ({
    outcome: reason._tag === "Die" ? "defect" : "error",
    type: errorType(reason._tag === "Die" ? reason.defect : reason.error),
    message: pretty[index]?.message ?? "",
    stack: pretty[index]?.stack ?? ""
  }))
  for (const { message, outcome, stack, type } of described) {
    span.event("exception", time, {
      "exception.type": type,
      "exception.message": message,
      "exception.stacktrace": stack,
      "effect.outcome": outcome
    })
  }
  const primary = described.find(({ outcome }) => outcome === "defect") ?? described[0]
  if (primary === undefined) return
  span.attribute("effect.outcome", primary.outcome)
  span.attribute("error.type", primary.type)
}
