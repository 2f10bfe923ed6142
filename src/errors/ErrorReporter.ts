/**
 * Reports failures at their boundary: an `ErrorReporter` for Effect's own reporting, and captures by hand.
 *
 * Effect's server reports a failed request twice, and `ErrorReporter.make` reports a shared error instance once for the
 * life of the process. Here a failure is a reason of a cause, and gives one event for each request or job that it ends.
 * What a server makes of it on the way (a defect of a typed error, a copy with another stack) is known by the error
 * object, which in turn says nothing of a capture by hand: a program that captures one object twice has failed twice.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as ErrorReporter from "effect/ErrorReporter"
import type * as Fiber from "effect/Fiber"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Boundary from "../Boundary.ts"
import type * as Guard from "../Guard.ts"
import type { CaptureOptions } from "./ErrorTracking.ts"
import * as EventBuilder from "./EventBuilder.ts"
import type { Draft, EventPipeline } from "./EventPipeline.ts"
import * as Expected from "./Expected.ts"

/** What makes events and hands them to the pipeline. */
export interface Capturer {
  /**
   * A capture by hand: one event for the unexpected failures of a cause; the id of the earlier event where the same
   * reasons were reported before. An error that is captured again on its own is a new failure.
   */
  readonly cause: (
    cause: Cause.Cause<unknown>,
    fiber: Fiber.Fiber<unknown, unknown>,
    timestamp: number,
    options?: CaptureOptions | undefined
  ) => Option.Option<string>
  /** A failure at a boundary of Effect: none where its reasons or its error objects were reported before. */
  readonly report: (cause: Cause.Cause<unknown>, fiber: Fiber.Fiber<unknown, unknown>, timestamp: number) => void
  readonly message: (
    message: string,
    level: LogLevel.LogLevel,
    fiber: Fiber.Fiber<unknown, unknown>
  ) => Option.Option<string>
  /** A failure outside of any fiber, which nobody handles; `isLast` says that the process ends by it. */
  readonly crash: (error: unknown, operation: string, isLast: boolean) => void
}

/** What a capturer needs. */
export interface Options {
  readonly pipeline: EventPipeline
  readonly guard: Guard.Guard
  readonly program: EventBuilder.Program
  /** Statuses of 500 and above that are expected; 503 by default. */
  readonly expectedStatuses?: ReadonlyArray<number> | undefined
}

// The id of a failure that was reported and has no event: it was over a limit, say.
const noEvent = ""

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

  const offer = (draft: Draft): Option.Option<string> => Option.fromUndefinedOr(pipeline.offer(draft))

  const reportedBefore = (
    boundary: Boundary.Boundary | undefined,
    failures: ReadonlyArray<Expected.Failure>,
    byReporter: boolean
  ): string | undefined => {
    for (const reason of failures) {
      const id = boundary === undefined ? seen.get(reason) : boundary.reported.get(reason)
      if (id !== undefined) return id
      if (boundary === undefined || !byReporter) continue
      const value = Expected.valueOf(reason)
      const earlier = Predicate.isObjectKeyword(value) ? boundary.reported.get(value) : undefined
      if (earlier !== undefined) return earlier
    }
    return undefined
  }

  const capture = (
    cause: Cause.Cause<unknown>,
    fiber: Fiber.Fiber<unknown, unknown>,
    timestamp: number,
    byReporter: boolean,
    captureOptions?: CaptureOptions | undefined
  ): Option.Option<string> =>
    guarded(() => {
      const failures = Expected.unexpected(cause, expectedStatuses)
      if (failures.length === 0) return Option.none()
      const boundary = Boundary.ofFiber(fiber)
      const before = reportedBefore(boundary, failures, byReporter)
      if (before !== undefined) return before === noEvent ? Option.none() : Option.some(before)
      const id = offer(EventBuilder.ofFailures(failures, { program, fiber, timestamp, options: captureOptions }))
      const reported = Option.getOrElse(id, () => noEvent)
      for (const reason of failures) {
        seen.set(reason, reported)
        boundary?.markReported(reason, reported)
        const value = Expected.valueOf(reason)
        if (Predicate.isObjectKeyword(value)) boundary?.markReported(value, reported)
      }
      return id
    })

  return {
    cause: (cause, fiber, timestamp, captureOptions) => capture(cause, fiber, timestamp, false, captureOptions),
    report: (cause, fiber, timestamp) => {
      capture(cause, fiber, timestamp, true)
    },
    message: (message, level, fiber) =>
      guarded(() => {
        const timestamp = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        return offer(EventBuilder.ofMessage(message, level, { program, fiber, timestamp }))
      }),
    crash: (error, operation, isLast) => {
      guarded(() => {
        const cause = Cause.isCause(error) ? error : Cause.die(error)
        const failures = cause.reasons.filter((reason) => reason._tag !== "Interrupt")
        const draft = EventBuilder.ofFailures(failures, {
          program,
          fiber: undefined,
          timestamp: Date.now(),
          options: { severity: "Fatal", operation }
        })
        return offer({ ...draft, isLast })
      })
    }
  }
}

const ofLayers = new WeakSet<ErrorReporter.ErrorReporter>()

/** Whether a reporter was made here, by a layer: what runs inside another one is not this layer's to report. */
export const isOfLayer = (reporter: ErrorReporter.ErrorReporter): boolean => ofLayers.has(reporter)

/**
 * The reporter that Effect's servers and `Effect.withErrorReporting` call. It implements the interface directly: what
 * `ErrorReporter.make` passes on is a copy of the error, without its causes.
 */
export const make = (capturer: Capturer): ErrorReporter.ErrorReporter => {
  const reporter: ErrorReporter.ErrorReporter = {
    [ErrorReporter.TypeId]: ErrorReporter.TypeId,
    report: ({ cause, fiber, timestamp }) => {
      capturer.report(cause, fiber, Number(timestamp / 1_000_000n))
    }
  }
  ofLayers.add(reporter)
  return reporter
}
