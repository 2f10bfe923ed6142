// How long an end takes by its own fault, on a machine that does other things.
import { monitorEventLoopDelay } from "node:perf_hooks"

/** What a layer promises for its end, in milliseconds. */
export const promised = 5_000

/** Runs `body`, and says how many milliseconds it took but for the longest time that the process got no turn. */
export const timed = async (body: () => Promise<unknown>): Promise<number> => {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  const begun = performance.now()
  delay.enable()
  await body()
  delay.disable()
  return performance.now() - begun - delay.max / 1e6
}
