// A program whose operations are timed anyway, for their spans: `metricsCpu.ts off` without metrics, `ours` with those of
// this package, `prom-client` with those that a user writes by hand. Says `port N`, 0 where there is nothing to scrape.
import { type Catalogue, Metrics, ObservabilityConfig, Scrubber, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Timers from "node:timers/promises"
import prom from "prom-client"
import * as MetricsLive from "../../src/metrics/MetricsLive.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import * as Loop from "../harness/Loop.ts"
import { isAsk, type Used } from "../metricsCpu/Ask.ts"
import * as Requests from "../metricsCpu/Requests.ts"
import * as TimedByHand from "../peers/TimedByHand.ts"

interface Way {
  readonly metrics: Metrics.Service
  readonly inside: (recorded: Requests.Recorded) => Requests.Around
  readonly port: number
}

const nothing: Requests.Around = (self) => self

const off = (): Promise<Way> => Promise.resolve({ metrics: Metrics.disabled, inside: () => nothing, port: 0 })

const ours = async (): Promise<Way> => {
  const config = { host: "127.0.0.1", port: 0, token: Option.none() }
  const layer = MetricsLive.layer({ catalogue: DawsOs.catalogue, scrubber: Scrubber.make(), config })
  const runtime = ManagedRuntime.make(layer.pipe(Layer.provide(Logger.layer([]))))
  const metrics = Context.get(await runtime.context(), Metrics.Metrics)
  const port = Option.match(metrics.address, { onNone: () => 0, onSome: ({ port }) => port })
  return { metrics, inside: () => nothing, port }
}

/** The same metrics with the same label sets, each bound before the first request. */
const promClient = async (): Promise<Way> => {
  const registry = new prom.Registry()
  prom.collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counters = new Map<Catalogue.Definition, prom.Counter<string>>()
  const histograms = new Map<Catalogue.Definition, prom.Histogram<string>>()
  for (const definition of Object.values<Catalogue.Definition>(DawsOs.metrics)) {
    const { help, known, labels, name } = definition
    const labelNames = Object.keys(labels)
    if (definition.kind === "counter") {
      const counter = new prom.Counter({ name, help, labelNames, registers })
      for (const set of known) counter.inc({ ...set }, 0)
      counters.set(definition, counter)
    }
    if (definition.kind === "histogram") {
      const histogram = new prom.Histogram({ name, help, labelNames, buckets: [...definition.buckets], registers })
      for (const set of known) histogram.zero({ ...set })
      histograms.set(definition, histogram)
    }
  }
  const server = createServer((_, response) => {
    registry.metrics().then(
      (text) => response.setHeader("content-type", registry.contentType).end(text),
      (error: Error) => response.destroy(error)
    )
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    metrics: Metrics.disabled,
    inside: ({ duration, labels, total }) => {
      const [counter, histogram] = [counters.get(total), histograms.get(duration)]
      if (counter === undefined || histogram === undefined) throw new Error(`${total.name} is no metric of DawsOS`)
      const hasStatus = "status" in total.labels
      const success = counter.labels({ ...labels, ...hasStatus ? { status: "success" } : {} })
      const error = counter.labels({ ...labels, ...hasStatus ? { status: "error" } : {} })
      const seconds = histogram.labels({ ...labels })
      return TimedByHand.observed((status, duration) => {
        if (status === "success") success.inc()
        else error.inc()
        seconds.observe(duration)
      })
    },
    port: (server.address() as AddressInfo).port
  }
}

const ways = { off, ours, "prom-client": promClient } as const
const isWay = (name: string): name is keyof typeof ways => Object.hasOwn(ways, name)

const [, , name = ""] = process.argv
if (!isWay(name)) throw new Error(`${name} is not one of ${Object.keys(ways).join(", ")}`)
const { inside, metrics, port } = await ways[name]()
// Tracing is the same for all. Its spans are sampled, so that there are exemplars, and go nowhere: what becomes of them
// is most of the time that a request takes, and so most of the noise.
const tracing = Layer.unwrap(Effect.map(
  ObservabilityConfig.config.parse(ConfigProvider.fromEnvRecord({})),
  (config) => TracingLive.layer({ config, scrubber: Scrubber.make(), sinks: [] })
))
const context = await ManagedRuntime.make(tracing.pipe(Layer.provide(Logger.layer([])))).context()
const { accounting } = Context.get(context, Tracing.Tracing)
const requests = Requests.make(inside)
const run = Effect.runSyncWith(Loop.programContext(Context.add(context, Metrics.Metrics, metrics)))

/** Requests in a turn of the event loop. */
const batch = 50

let served = 0
const serve = async (count: number): Promise<void> => {
  for (let done = 0; done < count;) {
    for (const end = Math.min(count, done + batch); done < end; done++) run(requests[served++ % requests.length]!)
    await Timers.setImmediate()
  }
}

// Asleep, a timer of the metrics would have to wake the process, which requests do anyway.
const awake = async (millis: number): Promise<void> => {
  const timer = setInterval(() => {}, 1)
  await Timers.setTimeout(millis)
  clearInterval(timer)
}

const micros = (since?: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since)
  return system + user
}

process.on("message", (message) => {
  if (!isAsk(message)) return
  const { ask, awakeMillis, requests } = message
  const answer = (used: Used) => void process.stdout.write(`used ${ask} ${JSON.stringify(used)}\n`)
  const spent = async (): Promise<void> => {
    const [before, spans] = [process.cpuUsage(), accounting().ended]
    if (requests !== undefined) await serve(requests)
    if (awakeMillis !== undefined) await awake(awakeMillis)
    answer({ micros: micros(before), spans: accounting().ended - spans })
  }
  if (requests === undefined && awakeMillis === undefined) answer({ micros: micros(), spans: 0 })
  else void spent()
})
// Without metrics nothing else keeps it alive.
setInterval(() => {}, 60_000)
process.stdout.write(`port ${port}\n`)
