// The combinator that a user of a metrics library writes around an effect.
import * as Effect from "effect/Effect"

/** How a hand-written combinator tells operations apart. */
export type Status = "success" | "error"

/** Times an effect and hands its status and seconds to what records them. */
export const observed =
  (record: (status: Status, seconds: number) => void) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      const start = performance.now()
      return Effect.onExit(self, (exit) =>
        Effect.sync(() =>
          record(exit._tag === "Success" ? "success" : "error", (performance.now() - start) / 1000)
        ))
    })
