/** How operations end, read from their exits. */
import type * as Cause from "effect/Cause"
import type * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"

/**
 * How an operation ended: as it should; with a typed failure (a timeout inside it included); with a defect; by
 * interruption; or with a value that says itself that it is not the real thing (stale data, a failure as a field).
 */
export type Status = "success" | "error" | "defect" | "interrupted" | "degraded"

/** The statuses in the order in which they are exposed. */
export const statuses = ["success", "error", "defect", "interrupted", "degraded"] as const satisfies ReadonlyArray<
  Status
>

/** The status of a cause: of several kinds a defect comes before an error, an error before an interruption. */
export const statusOfCause = (cause: Cause.Cause<unknown>): "error" | "defect" | "interrupted" => {
  let status: "error" | "interrupted" = "interrupted"
  for (const reason of cause.reasons) {
    if (reason._tag === "Die") return "defect"
    if (reason._tag === "Fail") status = "error"
  }
  return status
}

/** The status of an exit; `degraded` decides on a value. */
export const statusOf = <A>(exit: Exit.Exit<A, unknown>, degraded?: ((value: A) => boolean) | undefined): Status =>
  exit._tag === "Failure"
    ? statusOfCause(exit.cause)
    : degraded !== undefined && degraded(exit.value)
    ? "degraded"
    : "success"

/**
 * What makes a failure recognisable without its message: its `_tag`, else the name of an `Error`, else the type of the
 * value. The `name` of any other object may be somebody's.
 */
export const errorType = (error: unknown): string => {
  if (Predicate.hasProperty(error, "_tag") && typeof error._tag === "string" && error._tag !== "") return error._tag
  if (!(error instanceof Error)) return typeof error
  // Whoever sets it may set anything.
  const name: unknown = error.name
  return typeof name === "string" && name !== "" ? name : "Error"
}

/**
 * The error type of a cause's gravest reason: its first defect, else its first error, else `undefined` (it holds
 * interruptions only).
 */
export const errorTypeOfCause = (cause: Cause.Cause<unknown>): string | undefined => {
  let failed: { readonly error: unknown } | undefined
  for (const reason of cause.reasons) {
    if (reason._tag === "Die") return errorType(reason.defect)
    if (reason._tag === "Fail") failed ??= reason
  }
  return failed === undefined ? undefined : errorType(failed.error)
}
