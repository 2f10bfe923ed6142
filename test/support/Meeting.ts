// Fibers that wait for one another: what runs beside one another does so for certain, without a clock.
import * as Effect from "effect/Effect"

/** Holds whoever comes until `size` have come, then lets them all go on; the next ones meet anew. */
export const make = (size: number): Effect.Effect<void> => {
  let waiting: Array<() => void> = []
  return Effect.callback<void>((resume) => {
    waiting.push(() => resume(Effect.void))
    if (waiting.length < size) return
    const all = waiting
    waiting = []
    for (const goOn of all) goOn()
  })
}
