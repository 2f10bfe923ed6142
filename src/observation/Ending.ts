/** What is told of an operation that has ended, whichever tracer its span has. */
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as Guard from "../Guard.ts"
import * as Announcement from "./Announcement.ts"
import type { Options } from "./Description.ts"
import * as Status from "./Status.ts"

/** How it ended; what decides on a value may throw. */
export const statusOf = (
  fiber: Fiber.Fiber<unknown, unknown>,
  exit: Exit.Exit<unknown, unknown>,
  options: Options | undefined
): Status.Status => {
  try {
    return Status.statusOf(exit, options?.degraded)
  } catch (fault) {
    fiber.getRef(Guard.CurrentGuard).count("recorder", fault)
    return Status.statusOf(exit)
  }
}

/** Notes where a failure began, and gives its error type. What failed is the program's and may throw when it is read. */
export const noteFailure = (
  fiber: Fiber.Fiber<unknown, unknown>,
  exit: Exit.Failure<unknown, unknown>,
  operation: string,
  span: Tracer.AnySpan | undefined
): string | undefined => {
  try {
    Announcement.noteFailure(fiber, exit.cause, operation, span)
    return Status.errorTypeOfCause(exit.cause)
  } catch (fault) {
    fiber.getRef(Guard.CurrentGuard).count("recorder", fault)
    return undefined
  }
}
