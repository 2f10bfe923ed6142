/**
 * What programs are made of that tell below which span third-party spans begin.
 */
import type { Tracing } from "@dawsos/observability"
import * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"

// What a third-party instrumentation holds: a tracer from the global API, taken before there was any layer.
export const third = Otel.trace.getTracer("third-party")
/** Begins and ends a span. */
export const leaf = (name: string): void => third.startSpan(name).end()
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** So many turns of the event loop later. */
export const later = async (turns = 1): Promise<void> => {
  for (let n = 0; n < turns; n++) await turn()
}

/** A program, and the parent of each third-party span that begins in it; `-` for none. */
export interface Scenario {
  readonly name: string
  readonly program: Effect.Effect<unknown, unknown, Tracing.Tracing>
  readonly parents: Readonly<Record<string, string>>
  /** Those that the public way does not know better than to leave without a parent. */
  readonly orphansInPublic?: ReadonlyArray<string>
}

/** A promise that begins and ends a span after it awaited. */
export const leafLater = (name: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    await later()
    leaf(name)
  })

/** Begun by synchronous code, gone on with when that has returned. */
export const begun = (name: string, defer: (body: () => void) => void): Effect.Effect<Promise<void>> =>
  Effect.sync(() =>
    new Promise<void>((resolve) =>
      defer(() => {
        leaf(name)
        resolve()
      })
    )
  )

export const waitFor = (promise: Promise<void>): Effect.Effect<void> => Effect.promise(() => promise)

/** The ways to leave work to later. */
export const deferrals: Readonly<Record<string, (body: () => void) => void>> = {
  "setTimeout": (body) => void setTimeout(body, 1),
  "setImmediate": (body) => void setImmediate(body),
  "queueMicrotask": (body) => queueMicrotask(body),
  "process.nextTick": (body) => process.nextTick(body),
  "Promise.then": (body) => void Promise.resolve().then(body)
}

/** Runs a program as code that knows nothing of the surrounding fiber: with its tracer only. */
export const started = <A, E>(
  effect: Effect.Effect<A, E>,
  run: (effect: Effect.Effect<A, E>) => void
): Effect.Effect<void> =>
  Effect.flatMap(Effect.tracer, (tracer) => Effect.sync(() => run(Effect.withTracer(effect, tracer))))

/** Runs inside a third-party span, which is the active one in there. */
export const inForeign = <A>(name: string, body: () => A): A =>
  third.startActiveSpan(name, (span) => {
    span.end()
    return body()
  })
