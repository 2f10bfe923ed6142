// A program that is scraped: `scrape.ts CANDIDATE`. Told to watch the next scrape, it measures that from within, from
// the arrival of the request to the last byte that is handed to the system.
import * as Channel from "node:diagnostics_channel"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import * as V8 from "node:v8"
import * as Exposition from "../scrape/Exposition.ts"
import { isWatch, type Seen, type Watch } from "../scrape/Watch.ts"

const [, , name = ""] = process.argv
if (!Exposition.isName(name)) throw new Error(`${name} is not one of ${Object.keys(Exposition.candidates).join(", ")}`)
const collect = globalThis.gc
if (collect === undefined) throw new Error("start it with --expose-gc")

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Bytes of the heap and of buffers outside of it. */
const used = (): number => {
  const { external_memory, used_heap_size } = V8.getHeapStatistics()
  return used_heap_size + external_memory
}

const settled = async (): Promise<number> => {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    void collect()
  }
  return used()
}

/** The resident set in bytes, as it is and as large as it has been since it was last asked to begin anew. */
const resident = (field: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024

const beginAnew = "/proc/self/clear_refs"
const tellsPeak = existsSync(beginAnew)

const { fill, port } = await Exposition.candidates[name]()
const atFirst = await settled()
const touch = fill()
for (let touches = 0; touches < Exposition.firstTouches; touches++) touch()

/** Begins to look, and answers with what ends it. */
type Look = () => Promise<() => Partial<Seen>>

const looks: Readonly<Record<Watch["how"], Look>> = {
  time: async () => {
    let begin = { at: 0, cpu: process.cpuUsage() }
    const start = () => {
      begin = { at: performance.now(), cpu: process.cpuUsage() }
    }
    Channel.subscribe("http.server.request.start", start)
    return () => {
      Channel.unsubscribe("http.server.request.start", start)
      const { system, user } = process.cpuUsage(begin.cpu)
      return { millis: performance.now() - begin.at, cpuMillis: (system + user) / 1000 }
    }
  },
  // A tick in each turn of the event loop: what lies between two of them is what anything else would have waited for.
  turns: async () => {
    let [last, longest, looking] = [performance.now(), 0, true]
    const tick = () => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      if (looking) setImmediate(tick)
    }
    setImmediate(tick)
    // The turn that ends the response belongs to it.
    return () => {
      looking = false
      return { longest: Math.max(longest, performance.now() - last) }
    }
  },
  // A block can't be looked into, but before each collection memory is as large as it gets until then.
  memory: async () => {
    const before = await settled()
    const profiler = new V8.GCProfiler()
    const residentBefore = resident("VmRSS")
    if (tellsPeak) writeFileSync(beginAnew, "5")
    profiler.start()
    return () => {
      const after = used()
      const { statistics } = profiler.stop()
      const peaks = statistics.map(({ beforeGC: { heapStatistics } }) =>
        heapStatistics.usedHeapSize + heapStatistics.externalMemory
      )
      return {
        held: before - atFirst,
        peak: Math.max(after, ...peaks) - before,
        ...(tellsPeak ? { resident: resident("VmHWM") - residentBefore } : {})
      }
    }
  }
}

const watch = async ({ how, watch }: Watch): Promise<void> => {
  touch()
  await settled()
  const end = await looks[how]()
  const finished = () => {
    const seen = end()
    Channel.unsubscribe("http.server.response.finish", finished)
    say(`seen ${watch} ${JSON.stringify(seen)}`)
  }
  Channel.subscribe("http.server.response.finish", finished)
  say(`ready ${watch}`)
}

process.on("message", (message) => {
  if (isWatch(message)) void watch(message)
})
say(`port ${port}`)
