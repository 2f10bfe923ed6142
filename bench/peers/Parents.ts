// What third-party instrumentation finds as the parent of its spans while an operation runs.
import * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import { setImmediate } from "node:timers/promises"
import type { Check } from "../harness/Interleaved.ts"
import type * as Loop from "../harness/Loop.ts"

const active = (): string | undefined => Otel.trace.getActiveSpan()?.spanContext().spanId

const looking = Effect.gen(function*() {
  const { spanId } = yield* Effect.orDie(Effect.currentParentSpan)
  const inside = yield* Effect.sync(active)
  const later = yield* Effect.promise(async () => {
    await setImmediate()
    return active()
  })
  return { spanId, inside, later }
})

/** A check that it is the operation's span, with a context manager that is installed for the time of the question. */
export const right = <R>(
  withOperation: <A, E, S>(self: Effect.Effect<A, E, S>) => Effect.Effect<A, E, S>,
  { context, flush }: Loop.Way<R>,
  manager: { readonly before: () => void; readonly after: () => void }
): Check =>
async () => {
  manager.before()
  try {
    const { inside, later, spanId } = await Effect.runPromiseWith(context)(withOperation(looking))
    if (inside !== spanId) return "foreign spans have another parent"
    return later === spanId ? undefined : "foreign spans have another parent after a promise"
  } finally {
    manager.after()
    // Nothing of it may arrive in the next measurement.
    await flush?.()
  }
}
