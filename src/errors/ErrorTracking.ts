/**
 * Tells an error tracker of failures: one event for each, with the trace, the user and the steps that led to it.
 *
 * This module is the service and what its users call. It loads no vendor and needs no layer: without one, everything
 * here runs the effect and nothing else.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Function from "effect/Function"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Boundary from "../Boundary.ts"
import type * as Circuit from "../delivery/Circuit.ts"
import * as Guard from "../Guard.ts"

/**
 * Why an event was not delivered.
 *
 * `rate_limited`: more of its kind, or of all, than a minute allows. `queue_full`: more waits than the queue holds.
 * `throttled`: the tracker asked for fewer. `too_large`: larger than the tracker takes. `rejected`: refused by the
 * tracker. `timeout`: the answer was lost, so it may have arrived all the same. `unreachable`: it did not leave as a
 * whole, in none of its attempts. `shutdown`: the program ended first. `fault`: the layer itself failed on it.
 */
export type DropReason = (typeof dropReasons)[number]

/** Every reason, in the order in which they are exposed. */
export const dropReasons = [
  "rate_limited",
  "queue_full",
  "throttled",
  "too_large",
  "rejected",
  "timeout",
  "unreachable",
  "shutdown",
  "fault"
] as const

/** How the sending goes, beside the books. */
export interface Delivery {
  /** The size of what is queued, in bytes of JSON. */
  readonly bytes: number
  /** How often an event was sent once more, since an attempt had failed. */
  readonly retried: number
  /** Whether anything is sent at all: not while the circuit is open, after many failures. */
  readonly circuit: Circuit.State
}

/** Where events went. At any moment `captured = sent + the sum of dropped + queued`. */
export interface ErrorAccounting {
  readonly captured: number
  /** Answered with success by the tracker. */
  readonly sent: number
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Waiting, for a first attempt or for another one, or on their way. */
  readonly queued: number
  /** Nothing where nothing is sent. */
  readonly delivery?: Delivery | undefined
}

/** What can be said of a failure that is captured by hand. */
export interface CaptureOptions {
  readonly severity?: LogLevel.LogLevel | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Further data, scrubbed before it leaves. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined
  /** The operation that failed; by default what the innermost observation recorded. */
  readonly operation?: string | undefined
}

/** A step that may explain a later failure. */
export interface BreadcrumbInput {
  readonly message: string
  /** A dotted word such as `cache` or `provider.retry`; `default` when left out. */
  readonly category?: string | undefined
  readonly level?: Boundary.Breadcrumb["level"] | undefined
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/** What the `ErrorTracking` service does. Nothing of it fails. */
export interface Service {
  /** Whether events go anywhere. */
  readonly enabled: boolean
  readonly captureException: (
    error: unknown,
    options?: CaptureOptions | undefined
  ) => Effect.Effect<Option.Option<string>>
  readonly captureMessage: (
    message: string,
    level?: LogLevel.LogLevel | undefined
  ) => Effect.Effect<Option.Option<string>>
  readonly addBreadcrumb: (breadcrumb: BreadcrumbInput) => Effect.Effect<void>
  readonly accounting: () => ErrorAccounting
  /** Waits until everything captured so far was delivered or dropped, 5 seconds at most. */
  readonly flush: Effect.Effect<ErrorAccounting>
}

/**
 * Error tracking as a service. `ErrorTrackingLive.layer` sends to Sentry, `TestErrors.layer` keeps events for
 * assertions, `disabled` does nothing.
 */
export class ErrorTracking extends Context.Service<ErrorTracking, Service>()("@dawsos/observability/ErrorTracking") {}

/** The accounting of a tracker that has seen nothing. */
export const noEvents: ErrorAccounting = {
  captured: 0,
  sent: 0,
  dropped: Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>,
  queued: 0
}

const nothing: Effect.Effect<Option.Option<string>> = Effect.succeed(Option.none())

/** The service of a program whose error tracking is off. */
export const disabled: Service = {
  enabled: false,
  captureException: () => nothing,
  captureMessage: () => nothing,
  addBreadcrumb: () => Effect.void,
  accounting: () => noEvents,
  flush: Effect.succeed(noEvents)
}

const current = (fiber: Fiber.Fiber<unknown, unknown>): Service =>
  Context.getOrUndefined(fiber.context, ErrorTracking) ?? disabled

/**
 * Captures an error or a whole `Cause` as one event, and answers with the event's id.
 *
 * Use it where a failure is handled and the program goes on, but somebody should know. Interruptions, failures that
 * are expected (a status below 500, `[ErrorReporter.ignore]`) and those that were reported in this request or job
 * already give no second event.
 *
 * @example
 * import { ErrorTracking } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * export const refresh = Effect.fail(new Error("stale")).pipe(
 *   Effect.catchCause((cause) => ErrorTracking.captureException(cause, { severity: "Warn", tags: { cache: "prices" } }))
 * )
 */
export const captureException = (
  error: unknown,
  options?: CaptureOptions | undefined
): Effect.Effect<Option.Option<string>> => Effect.withFiber((fiber) => current(fiber).captureException(error, options))

/**
 * Captures a message, at level `Info` unless another is given, and answers with the event's id.
 *
 * @example
 * import { ErrorTracking } from "@dawsos/observability"
 *
 * export const warned = ErrorTracking.captureMessage("pricing pack is older than a day", "Warn")
 */
export const captureMessage = (
  message: string,
  level?: LogLevel.LogLevel | undefined
): Effect.Effect<Option.Option<string>> => Effect.withFiber((fiber) => current(fiber).captureMessage(message, level))

/**
 * Leaves a breadcrumb in the request or job that is running; it is sent with the next event of that request or job.
 *
 * @example
 * import { ErrorTracking } from "@dawsos/observability"
 *
 * export const step = ErrorTracking.addBreadcrumb({ category: "cache", message: "miss", data: { key: "AAPL" } })
 */
export const addBreadcrumb = (breadcrumb: BreadcrumbInput): Effect.Effect<void> =>
  Effect.withFiber((fiber) => current(fiber).addBreadcrumb(breadcrumb))

/** The user that `withUser` set around the running code. */
export const CurrentUser: Context.Reference<Boundary.User | undefined> = Context.Reference<Boundary.User | undefined>(
  "@dawsos/observability/ErrorTracking/User",
  { defaultValue: () => undefined }
)

/** The tags that `withTags` set around the running code. */
export const CurrentTags: Context.Reference<Readonly<Record<string, string>>> = Context.Reference<
  Readonly<Record<string, string>>
>("@dawsos/observability/ErrorTracking/Tags", { defaultValue: () => ({}) })

// Runs `self` and notes in its boundary what was true around a failure. The exit itself is left as it is.
const withFailureContext = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  fiber: Fiber.Fiber<unknown, unknown>,
  context: Boundary.FailureContext
): Effect.Effect<A, E, R> =>
  Effect.onExitPrimitive(self, (exit) => {
    if (exit._tag === "Success") return undefined
    fiber.getRef(Guard.CurrentGuard).run("recorder", () => {
      Boundary.ofFiber(fiber)?.recordCause(exit.cause, context)
    }, () => undefined)
    return undefined
  })

/**
 * Says on whose behalf an effect runs. An event for a failure inside carries the user's id as a pseudonym; the role
 * stays as it is; the e-mail address is left out unless the layer was told to send it.
 *
 * @example
 * import { ErrorTracking } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * export const handled = Effect.void.pipe(ErrorTracking.withUser({ id: "u-17", role: "analyst" }))
 */
export const withUser: {
  (user: Boundary.User): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, user: Boundary.User): Effect.Effect<A, E, R>
} = Function.dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, user: Boundary.User): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) =>
      withFailureContext(
        Effect.updateContext(self, (context: Context.Context<R>) => Context.add(context, CurrentUser, user)),
        fiber,
        { user }
      )
    )
)

/**
 * Tags the events of failures inside an effect; of nested tags with the same name the innermost counts.
 *
 * @example
 * import { ErrorTracking } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * export const tagged = Effect.void.pipe(ErrorTracking.withTags({ pattern: "holdings" }))
 */
export const withTags: {
  (tags: Readonly<Record<string, string>>): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, tags: Readonly<Record<string, string>>): Effect.Effect<A, E, R>
} = Function.dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, tags: Readonly<Record<string, string>>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      // Read once and here: a tag that throws when it is read must not do so inside the host's effect.
      const read = fiber.getRef(Guard.CurrentGuard).run("recorder", () => ({ ...tags }), () => ({}))
      return withFailureContext(
        Effect.updateContext(
          self,
          (context: Context.Context<R>) =>
            Context.add(context, CurrentTags, { ...Context.get(context, CurrentTags), ...read })
        ),
        fiber,
        { tags: read }
      )
    })
)

/**
 * Makes an effect the root of a job: its failure is reported as one event, and user, tags and breadcrumbs inside belong
 * to this run alone.
 *
 * Use it around each run of a scheduled job or of a forked fiber; HTTP requests have a boundary already.
 *
 * @example
 * import { ErrorTracking } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * export const nightly = Effect.fail(new Error("no prices")).pipe(ErrorTracking.withBoundary("pack build"))
 */
export const withBoundary: {
  (operation: string): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  <A, E, R>(self: Effect.Effect<A, E, R>, operation: string): Effect.Effect<A, E, R>
} = Function.dual(
  2,
  <A, E, R>(self: Effect.Effect<A, E, R>, operation: string): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const boundary = Boundary.makeJob(operation, fiber)
      return Effect.updateContext(
        Effect.withErrorReporting(self),
        (context: Context.Context<R>) => Context.add(context, Boundary.CurrentBoundary, boundary)
      )
    })
)
