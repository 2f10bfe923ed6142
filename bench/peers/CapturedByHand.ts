// How a user has `@sentry/node` capture what effects fail with: a scope for each request, job or operation.
import * as Sentry from "@sentry/node"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import type { Check } from "../harness/Interleaved.ts"

/** What an error event of the request or job at hand tells beside the error. Effect's fibers share no AsyncLocalStorage. */
export const CurrentScope = Context.Reference<Sentry.Scope | undefined>("bench/SentryScope", {
  defaultValue: () => undefined
})

/** Tells the scope at hand something, if there is one. */
export const tellScope = (tell: (scope: Sentry.Scope) => void): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const scope = fiber.getRef(CurrentScope)
    if (scope !== undefined) tell(scope)
    return Effect.void
  })

const capture = (cause: Cause.Cause<unknown>): Effect.Effect<void> =>
  tellScope((scope) => {
    for (const reason of cause.reasons) {
      const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
      if (error !== undefined && !ErrorReporter.isIgnored(error)) Sentry.captureException(error, scope)
    }
  })

/** Captures what an effect fails with, with a scope of its own. */
export const withCapture = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.provideService(Effect.tapCause(self, capture), CurrentScope, new Sentry.Scope()))

/** A check that what fails is captured. */
export const check =
  (arrivals: { readonly count: number; readonly until: (count: number) => Promise<void> }): Check => async () => {
    const expected = arrivals.count + 1
    await Effect.runPromiseExit(withCapture(Effect.fail(new Error("on purpose"))))
    await arrivals.until(expected)
    return arrivals.count === expected ? undefined : "a failure was not captured"
  }
