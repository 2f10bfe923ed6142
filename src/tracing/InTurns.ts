/**
 * Work that would hold the event loop for long, step by step.
 */
import * as Effect from "effect/Effect"

/**
 * Takes one step in each turn of the event loop, so that whoever waits for his turn waits for one step at most. It can be
 * interrupted between two steps.
 */
export const inTurns = <A>(steps: Iterator<void, A>): Effect.Effect<A> =>
  Effect.suspend(() => {
    const step = steps.next()
    return step.done === true ? Effect.succeed(step.value) : Effect.flatMap(Effect.yieldNow, () => inTurns(steps))
  })
