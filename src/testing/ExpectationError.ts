/** An expectation of a test that was not met. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Guard from "../Guard.ts"
import * as Scrubber from "../Scrubber.ts"

/**
 * Why an expectation was not met, readable as it is. Expectations die with it: the program under test can't catch it
 * by mistake, and the error type of a test stays what it was.
 */
export class ExpectationError extends Error {
  readonly _tag = "ExpectationError"
  override readonly name = "ExpectationError"
}

const callerOf = (from: Function): string | undefined => {
  const site: { readonly stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 10
  Error.captureStackTrace(site, from)
  Error.stackTraceLimit = limit
  // Nothing is left where `from` was not called directly but through a pipe.
  return site.stack?.split("\n").slice(1).join("\n") || undefined
}

// What the layer kept out of the program is often why something was not recorded.
const faults: Effect.Effect<string> = Effect.gen(function*() {
  const guard = yield* Guard.CurrentGuard
  const scrubber = yield* Scrubber.CurrentScrubber
  return Guard.hooks.filter((hook) => (guard.faults().get(hook) ?? 0) > 0).map((hook) => {
    const { message } = Cause.prettyErrors(Cause.die(guard.last(hook)))[0] ?? {}
    return `\nthe layer's ${hook} failed (${guard.faults().get(hook)} in all), the last time with: ${
      scrubber.text(message ?? "")
    }`
  }).join("")
})

/**
 * An expectation as an effect that dies with `problem`'s answer, if there is one, and with what the layer's hooks threw.
 * The stack of the error begins where `from` was called: in the test.
 */
export const expect = <A, E, R>(
  from: Function | undefined,
  check: Effect.Effect<{ readonly problem: string } | { readonly met: A }, E, R>
): Effect.Effect<A, E, R> => {
  const frames = from === undefined ? undefined : callerOf(from)
  return Effect.flatMap(check, (result) => {
    if ("met" in result) return Effect.succeed(result.met)
    return Effect.flatMap(faults, (also) => {
      const error = new ExpectationError(result.problem + also)
      if (frames !== undefined) error.stack = `${error.name}: ${error.message}\n${frames}`
      return Effect.die(error)
    })
  })
}

/** An expectation was met. */
export const met: { readonly met: void } = { met: undefined }
