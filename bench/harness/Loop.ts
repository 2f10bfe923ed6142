// Operations as a program runs them: many in one fiber, whose context holds a program's services as well.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

/** How many operations run before what they handed over is exported: fewer than any candidate's queue holds. */
export const batch = 512

/** Runs an effect `count` times in a row. */
export const repeated = <E, R>(body: Effect.Effect<unknown, E, R>, count: number): Effect.Effect<void, E, R> => {
  let done = 0
  return Effect.whileLoop({
    while: () => done < count,
    body: () => body,
    step: () => {
      done++
    }
  })
}

// Twenty services, as a program of some size has: an empty context would be cheaper to extend than any real one.
const services = Array.from({ length: 20 }, (_, n) => Context.Service<object>(`bench/Service${n}`))

/** A context with the services of a program beside what is given. */
export const programContext = <R>(given: Context.Context<R>): Context.Context<R> =>
  services.reduce<Context.Context<R>>(
    (context, service) => Context.add(context, service, {}) as Context.Context<R>,
    given
  )

/** Something that has a context to run in and hands over what was recorded. */
export interface Way<R> {
  readonly context: Context.Context<R>
  /** Exports what has ended, if there is anything to export. */
  readonly flush?: (() => void | Promise<unknown>) | undefined
}

/** A candidate's `run`: batches of a synchronous effect, each exported. */
export const batches = <E, R>(
  body: Effect.Effect<unknown, E, R>,
  { context, flush }: Way<R>
): (count: number) => Promise<void> => {
  const run = Effect.runSyncWith(programContext(context))
  return async (count) => {
    for (let done = 0; done < count; done += batch) {
      run(repeated(body, Math.min(batch, count - done)))
      await flush?.()
    }
  }
}

/** Where operations run: on their own, or inside a span that stays open. */
export type Place = "root" | "child"

export const places: ReadonlyArray<Place> = ["root", "child"]

/** A way whose operations run at that place. */
export const at = <R>(place: Place, { context, flush }: Way<R>): Way<R> => ({
  context: place === "root" ? context : under(context),
  flush
})

/** The context of a span that stays open, for children of it. */
export const under = <R>(context: Context.Context<R>): Context.Context<R> => {
  const parent = Effect.runSyncWith(context)(Effect.makeSpan("request"))
  return Context.add(context, Tracer.ParentSpan, parent) as Context.Context<R>
}
