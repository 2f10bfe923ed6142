// Loaded into the program before its own code, by `node --expose-gc --import`: answers the parent's questions for the
// vitals of the process, and keeps nothing alive. `SOAK_LEAK` makes it leak on purpose.
import { existsSync, readdirSync } from "node:fs"
import { createServer } from "node:net"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { type Answer, isQuestion } from "./Vitals.ts"

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()

const milliseconds = (nanoseconds: number): number => {
  // The histogram measures the distance of ticks that are 10 ms apart; an empty one has no number.
  const late = nanoseconds / 1e6 - 10
  return Number.isFinite(late) ? Math.max(0, Math.round(late * 100) / 100) : 0
}

const open = "/proc/self/fd"
const listed = existsSync(open)
const descriptors = (): number => listed ? readdirSync(open).length : 0

const collect = globalThis.gc
const cpu = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}
let looking = 0
const look = (collects: boolean): Answer["vitals"] => {
  const spent = cpu()
  const lag = {
    p50: milliseconds(delay.percentile(50)),
    p99: milliseconds(delay.percentile(99)),
    max: milliseconds(delay.max)
  }
  delay.disable()
  if (collects) void collect?.()
  const { external, heapUsed, rss } = process.memoryUsage()
  const known = spent - looking
  looking += cpu() - spent
  delay.reset()
  delay.enable()
  const handles = process.getActiveResourcesInfo().length
  return { heap: heapUsed, external, rss, handles, descriptors: descriptors(), cpu: known, lag }
}

process.on("message", (message) => {
  if (isQuestion(message)) process.send?.({ probe: message.probe, vitals: look(message.collect) } satisfies Answer)
})
process.channel?.unref()

const leaked: Array<unknown> = []
const leak = {
  heap: () => leaked.push(Array.from({ length: 3_000 }, () => ({}))),
  handles: () => leaked.push(createServer().listen(0, "127.0.0.1"))
}
const kind = process.env["SOAK_LEAK"]
if (kind === "heap" || kind === "handles") setInterval(leak[kind], 20).unref()
