// Schedules that a seed decides: where a fiber stops, and which of those that wait goes on next.
import type * as Scheduler from "effect/Scheduler"
import * as Random from "../../../scripts/Random.ts"

export interface Shuffle extends Scheduler.Scheduler {
  /** How often a fiber was stopped between two steps, or put off to its turn. */
  readonly turns: () => number
}

/** One step in so many stops its fiber: often enough to come between any two lines of the code under test. */
const stepsPerYield = 20

/**
 * A scheduler whose fibers, all in one pot, stop at steps and go on in orders that follow from the seed. Effect's own
 * stops a fiber after 2,048 steps, and lets them go on in the order in which they came.
 */
export const scheduler = (seed: number): Shuffle => {
  const next = Random.seeded(seed)
  const tasks: Array<() => void> = []
  let armed = false
  let turns = 0
  const runOne = (): void => {
    const chosen = Math.floor(next() * tasks.length)
    const task = tasks[chosen]!
    const last = tasks.pop()!
    if (chosen < tasks.length) tasks[chosen] = last
    turns++
    task()
  }
  const arm = (): void => {
    if (armed) return
    armed = true
    setImmediate(() => {
      armed = false
      // Some and not all of them, so that timers and sockets come in between.
      for (let left = 1 + Math.floor(next() * tasks.length); left > 0 && tasks.length > 0; left--) runOne()
      if (tasks.length > 0) arm()
    })
  }
  return {
    executionMode: "async",
    shouldYield: () => next() * stepsPerYield < 1,
    makeDispatcher: () => ({
      scheduleTask: (task) => {
        tasks.push(task)
        arm()
      },
      flush: () => {
        while (tasks.length > 0) runOne()
      }
    }),
    turns: () => turns
  }
}
