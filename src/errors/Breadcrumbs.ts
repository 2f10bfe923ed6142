/**
 * The steps that lead to an error: warnings that were logged, and operations that ended.
 *
 * Breadcrumbs stay with the boundary that they belong to and leave only with one of its events, scrubbed. Outside of a
 * boundary there is no event that they could tell of, so none are kept.
 */
import * as Cause from "effect/Cause"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import * as Boundary from "../Boundary.ts"
import type * as Guard from "../Guard.ts"
import type * as Observation from "../Observation.ts"
import * as Cut from "../scrubber/Cut.ts"

/** How long a scrubbed message is, in characters: a breadcrumb is a hint, not the log; what is longer is read there. */
export const maxMessage = 1024

const cut = (text: string): string => Cut.before(text, maxMessage)

const levelOf = (level: LogLevel.LogLevel): Boundary.Breadcrumb["level"] =>
  level === "Fatal" ? "fatal" : level === "Error" ? "error" : "warning"

/**
 * A logger that leaves a breadcrumb for each line from `Warn` upwards and prints nothing.
 *
 * Add it to the loggers of a program: `Logger.layer([lines, Breadcrumbs.makeLogger(guard)])`.
 */
export const makeLogger = (guard: Guard.Guard): Logger.Logger<unknown, void> =>
  Logger.make(({ cause, date, fiber, logLevel, message }) => {
    if (!LogLevel.isGreaterThanOrEqualTo(logLevel, "Warn")) return
    guard.run("logger", () => {
      const boundary = Boundary.ofFiber(fiber)
      if (boundary === undefined) return
      const parts: ReadonlyArray<unknown> = Array.isArray(message) ? message : [message]
      const values = parts.filter((part) => typeof part !== "string")
      const data = {
        ...fiber.getRef(References.CurrentLogAnnotations),
        ...(values.length === 0 ? {} : { values }),
        ...(cause.reasons.length === 0 ? {} : { cause: cut(Cause.pretty(cause)) })
      }
      boundary.addBreadcrumb({
        category: "log",
        message: cut(parts.filter((part) => typeof part === "string").join(" ")),
        level: levelOf(logLevel),
        timestamp: date.getTime(),
        ...(Object.keys(data).length === 0 ? {} : { data })
      })
    }, () => undefined)
  })

const levels: Record<Observation.Status, Boundary.Breadcrumb["level"]> = {
  success: "info",
  degraded: "warning",
  interrupted: "warning",
  error: "error",
  defect: "error"
}

/** An operation that has ended, and when. */
class OperationBreadcrumb implements Boundary.LazyBreadcrumb {
  readonly operation: Observation.EndedOperation
  readonly timestamp: number

  constructor(operation: Observation.EndedOperation, timestamp: number) {
    this.operation = operation
    this.timestamp = timestamp
  }

  toBreadcrumb(): Boundary.Breadcrumb {
    const { attributes, category, durationMillis, name, status } = this.operation
    return {
      category,
      message: name,
      level: levels[status],
      timestamp: this.timestamp,
      data: { ...attributes, status, duration_ms: Math.round(durationMillis * 1000) / 1000 }
    }
  }
}

// What a program listens with itself, by the listener of a layer around which it stood.
const beside = new WeakMap<Observation.OperationListener, Observation.OperationListener | undefined>()

/** Leaves a breadcrumb for each operation that ends; `outer` is told as well, where it is not another layer's. */
export const makeListener = (
  now: () => number,
  outer: Observation.OperationListener | undefined
): Observation.OperationListener => {
  const program = outer !== undefined && beside.has(outer) ? beside.get(outer) : outer
  const listener: Observation.OperationListener = {
    onEnd: (operation, fiber) => {
      Boundary.ofFiber(fiber)?.addBreadcrumb(new OperationBreadcrumb(operation, now()))
      program?.onEnd(operation, fiber)
    }
  }
  beside.set(listener, program)
  return listener
}
