/**
 * Reports failures at their boundary: an `ErrorReporter` for Effect's own reporting, and captures by hand.
 *
 * Effect's server reports a failed request twice, and `ErrorReporter.make` reports a shared error instance once for the
 * life of the process. Here a failure gives one event for each request or job that it ends.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as ErrorReporter from "effect/ErrorReporter"
import type * as Fiber from "effect/Fiber"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Boundary from "../Boundary.ts"
import type * as Guard from "../Guard.ts"
import type { CaptureOptions } from "./ErrorTracking.ts"
import * as EventBuilder from "./EventBuilder.ts"
import type { EventPipeline } from "./EventPipeline.ts"
import * as Expected from "./Expected.ts"

/** What makes events and hands them to the pipeline. */
export interface Capturer {
  /** One event for the unexpected failures of a cause; the id of the earlier event where it was reported before. */
  readonly cause: (
    cause: Cause.Cause<unknown>,
    fiber: Fiber.Fiber<unknown, unknown>,
    timestamp: number,
    options?: CaptureOptions | undefined
  ) => Option.Option<string>
  readonly message: (
    message: string,
    level: LogLevel.LogLevel,
    fiber: Fiber.Fiber<unknown, unknown>
  ) => Option.Option<string>
  /** A failure that ends the process, outside of any fiber. */
  readonly crash: (error: unknown, operation: string) => void
}

/** What a capturer needs. */
export interface Options {
  readonly pipeline: EventPipeline
  readonly guard: Guard.Guard
  readonly program: EventBuilder.Program
  /** Statuses of 500 and above that are expected; 503 by default. */
  readonly expectedStatuses?: ReadonlyArray<number> | undefined
}

/** Makes a capturer. What it cannot make an event of is counted as lost by a fault, and nothing is thrown. */
export const makeCapturer = (options: Options): Capturer => {
  const { guard, pipeline, program } = options
  const expectedStatuses = options.expectedStatuses ?? Expected.defaultExpectedStatuses
  // Outside of a boundary: the same failure reported by two boundaries of Effect, one inside the other.
  const seen = new WeakMap<object, string>()

  const guarded = (body: () => Option.Option<string>): Option.Option<string> =>
    guard.run("reporter", body, () => {
      pipeline.lost("fault")
      return Option.none()
    })

  const reportedBefore = (
    boundary: Boundary.Boundary | undefined,
    failures: ReadonlyArray<Expected.Failure>
  ): string | undefined => {
    for (const reason of failures) {
      const id = boundary === undefined ? seen.get(reason) : boundary.reported.get(Expected.valueOf(reason))
      if (id !== undefined) return id
    }
    return undefined
  }

  return {
    cause: (cause, fiber, timestamp, captureOptions) =>
      guarded(() => {
        const failures = Expected.unexpected(cause, expectedStatuses)
        if (failures.length === 0) return Option.none()
        const boundary = Boundary.ofFiber(fiber)
        const before = reportedBefore(boundary, failures)
        if (before !== undefined) return Option.some(before)
        const event = EventBuilder.ofFailures(failures, { program, fiber, timestamp, options: captureOptions })
        for (const reason of failures) {
          seen.set(reason, event.id)
          boundary?.markReported(Expected.valueOf(reason), event.id)
        }
        return pipeline.offer(event) ? Option.some(event.id) : Option.none()
      }),
    message: (message, level, fiber) =>
      guarded(() => {
        const timestamp = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        const event = EventBuilder.ofMessage(message, level, { program, fiber, timestamp })
        return pipeline.offer(event) ? Option.some(event.id) : Option.none()
      }),
    crash: (error, operation) => {
      guarded(() => {
        const cause = Cause.isCause(error) ? error : Cause.die(error)
        const failures = cause.reasons.filter((reason) => reason._tag !== "Interrupt")
        const event = EventBuilder.ofFailures(failures, {
          program,
          fiber: undefined,
          timestamp: Date.now(),
          options: { severity: "Fatal", operation }
        })
        return pipeline.offer(event) ? Option.some(event.id) : Option.none()
      })
    }
  }
}

/**
 * The reporter that Effect's servers and `Effect.withErrorReporting` call. It implements the interface directly: what
 * `ErrorReporter.make` passes on is a copy of the error, without its causes.
 */
export const make = (capturer: Capturer): ErrorReporter.ErrorReporter => ({
  [ErrorReporter.TypeId]: ErrorReporter.TypeId,
  report: ({ cause, fiber, timestamp }) => {
    capturer.cause(cause, fiber, Number(timestamp / 1_000_000n))
  }
})
