/** What the exit of an effect leaves on its span, as the live tracer writes it; `test/contract/` holds the two equal. */
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
import * as Outcome from "../observation/Outcome.ts"

/** Writes attributes and `exception` events onto a span that is about to end. */
export const record = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>, time: bigint): void => {
  if (exit._tag === "Success") return
  const serverStatus = span.kind === "server" ? span.attributes.get("http.response.status_code") : undefined
  const { attributes, exceptions } = Outcome.ofCause(exit.cause, serverStatus)
  for (const exception of exceptions) span.event("exception", time, exception)
  for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
}
