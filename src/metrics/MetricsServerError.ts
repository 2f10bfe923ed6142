/** Why `/metrics` can't be served. */
import * as Data from "effect/Data"

/** What stood in the way of the metrics server. */
export type Reason = "port_in_use" | "not_permitted" | "bad_host" | "other"

/**
 * The metrics server could not be started. The message names the variable, its value and what to do; trying again
 * helps only when the port is free by then.
 */
export class MetricsServerError extends Data.TaggedError("MetricsServerError")<{
  readonly reason: Reason
  readonly host: string
  readonly port: number
  readonly message: string
  readonly cause: unknown
}> {}

const codeOf = (cause: unknown): string | undefined => {
  for (let at = cause, depth = 0; typeof at === "object" && at !== null && depth < 5; depth++) {
    if ("code" in at && typeof at.code === "string") return at.code
    at = "cause" in at ? at.cause : undefined
  }
  return undefined
}

const explained = (code: string | undefined, host: string, port: number): readonly [Reason, string] => {
  switch (code) {
    case "EADDRINUSE":
      return [
        "port_in_use",
        `METRICS_PORT=${port}: the port is in use on ${host}; stop the program that has it, choose another port, or set METRICS_PORT=0 for any free one`
      ]
    case "EACCES":
    case "EPERM":
      return [
        "not_permitted",
        `METRICS_PORT=${port}: this user may not open it on ${host}; choose a port from 1024 to 65535, or set METRICS_PORT=0 for any free one`
      ]
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return [
        "bad_host",
        `METRICS_HOST=${host}: no address of this machine; use 127.0.0.1 for this machine only, or 0.0.0.0 for every network it is on`
      ]
    default:
      return ["other", `METRICS_PORT=${port}, METRICS_HOST=${host}: the metrics server could not be started (${code})`]
  }
}

/** Reads what the operating system said. */
export const fromCause = (cause: unknown, host: string, port: number): MetricsServerError => {
  const [reason, message] = explained(codeOf(cause), host, port)
  return new MetricsServerError({ reason, host, port, message, cause })
}
