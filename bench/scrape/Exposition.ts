// An exposition of 100,000 lines, as a large program has it: histograms by operation, region and tenant, counters by
// operation, region and status; served over HTTP by each candidate as its users serve it.
import { Catalogue, Metrics, Scrubber } from "@dawsos/observability"
import prometheus from "@prometheus-io/client"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Option from "effect/Option"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import prom from "prom-client"
import { seeded } from "../../scripts/Random.ts"
import * as MetricsLive from "../../src/metrics/MetricsLive.ts"
import * as Checkout from "../harness/Checkout.ts"

const { Label } = Catalogue
const { buckets } = Checkout

// This package takes 2,000 label sets a metric, so there are several of each kind.
const histograms = 4
const counters = 5
const setsOfHistogram = 1_500
const setsOfCounter = 2_000

/** Label sets of histograms, each of which is observed once by each touch. */
export const observedSets = histograms * setsOfHistogram

/** Lines with a sample, of which a histogram has one a bucket, `+Inf` included, its sum and its count. */
export const lines = observedSets * (buckets.length + 3) + counters * setsOfCounter

/** Touches before the first scrape. */
export const firstTouches = 5

const histogramNames = Array.from({ length: histograms }, (_, n) => `bench_operation${n}_duration_seconds`)
const counterNames = Array.from({ length: counters }, (_, n) => `bench_operations${n}_total`)
const histogramLabels = ["operation", "region", "tenant"] as const
const counterLabels = ["operation", "region", "status"] as const
const help = "As long as a line of help is."

type LabelsOf<Names extends ReadonlyArray<string>> = { readonly [Name in Names[number]]: string }

const regions = ["eu-west-1", "eu-west-2", "eu-central-1", "us-east-1", "us-east-2", "us-west-2", "ap-south-1"] as const

const region = (n: number): typeof regions[number] => regions[n % regions.length]!

const histogramSets = Array.from({ length: setsOfHistogram }, (_, n) => ({
  operation: `operation-${n}`,
  region: region(n),
  tenant: `tenant${n % 100}`
}))

const counterSets = Array.from({ length: setsOfCounter }, (_, n) => ({
  operation: `operation-${n}`,
  region: region(n),
  status: n % 10 === 0 ? "error" as const : "success" as const
}))

/** A candidate that is served and has no label sets yet. */
export interface Exposition {
  readonly port: number
  /** Makes them; what it answers with records once in each, so that no scrape is like the one before. */
  readonly fill: () => () => void
}

const touching = (
  observe: ReadonlyArray<(seconds: number) => void>,
  increment: ReadonlyArray<(amount: number) => void>
) => {
  const random = seeded(1)
  return (): void => {
    for (const one of observe) one(Math.exp(random() * 9 - 7) / 2)
    for (const one of increment) one(1 + Math.floor(random() * 1_000))
  }
}

const each = <Set, A>(
  names: ReadonlyArray<string>,
  sets: ReadonlyArray<Set>,
  make: (name: string) => (set: Set) => A
) => names.flatMap((name) => sets.map(make(name)))

/** Serves as the documentation of the peers shows it. */
const serve = (contentType: string, render: () => Promise<string>): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer((_, response) => {
      render().then(
        (text) => response.setHeader("content-type", contentType).end(text),
        (error: Error) => response.destroy(error)
      )
    })
    server.once("error", reject).listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })

const ours = async (): Promise<Exposition> => {
  const durations = histogramNames.map((name) =>
    Catalogue.histogram({
      name,
      help,
      unit: "seconds",
      labels: {
        operation: Label.bounded(setsOfHistogram),
        region: Label.oneOf(...regions),
        tenant: Label.bounded()
      },
      buckets,
      bucketsReason: "twelve, as most histograms have"
    })
  )
  const totals = counterNames.map((name) =>
    Catalogue.counter({
      name,
      help,
      labels: {
        operation: Label.bounded(setsOfCounter),
        region: Label.oneOf(...regions),
        status: Label.oneOf("success", "error")
      }
    })
  )
  const catalogue = Catalogue.make({
    prefix: "bench",
    metrics: Object.fromEntries([...durations, ...totals].map((definition) => [definition.name, definition]))
  })
  const config = { host: "127.0.0.1", port: 0, token: Option.none() }
  const runtime = ManagedRuntime.make(
    MetricsLive.layer({ catalogue, scrubber: Scrubber.make(), config }).pipe(Layer.provide(Logger.layer([])))
  )
  const metrics = Context.get(await runtime.context(), Metrics.Metrics)
  return {
    port: Option.match(metrics.address, { onNone: () => 0, onSome: ({ port }) => port }),
    fill: () => {
      const cells = durations.flatMap((duration) => histogramSets.map((set) => metrics.histogram(duration, set)))
      const counts = totals.flatMap((total) => counterSets.map((set) => metrics.counter(total, set)))
      return touching(
        cells.map((cell) => (seconds) => cell.observe(seconds)),
        counts.map((cell) => (amount) => cell.increment(amount))
      )
    }
  }
}

const promClient = async (): Promise<Exposition> => {
  const registry = new prom.Registry()
  prom.collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    port: await serve(registry.contentType, () => registry.metrics()),
    fill: () =>
      touching(
        each(histogramNames, histogramSets, (name) => {
          const labelNames = [...histogramLabels]
          const duration = new prom.Histogram({ name, help, labelNames, buckets: [...buckets], registers })
          return (set) => {
            const child = duration.labels(set)
            return (seconds) => child.observe(seconds)
          }
        }),
        each(counterNames, counterSets, (name) => {
          const total = new prom.Counter({ name, help, labelNames: [...counterLabels], registers })
          return (set) => {
            const child = total.labels(set)
            return (amount) => child.inc(amount)
          }
        })
      )
  }
}

const prometheusClient = async (): Promise<Exposition> => {
  const registry = new prometheus.Registry()
  prometheus.collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    port: await serve(registry.contentType, () => registry.metrics()),
    fill: () =>
      touching(
        each(histogramNames, histogramSets, (name) => {
          const labelNames = [...histogramLabels]
          const duration = new prometheus.Histogram({ name, help, labelNames, buckets: [...buckets], registers })
          return (set) => {
            const child = duration.labels(set)
            return (seconds) => child.observe(seconds)
          }
        }),
        each(counterNames, counterSets, (name) => {
          const total = new prometheus.Counter({ name, help, labelNames: [...counterLabels], registers })
          return (set) => {
            const child = total.labels(set)
            return (amount) => child.inc(amount)
          }
        })
      )
  }
}

const effectMetric = async (): Promise<Exposition> => {
  const context: Context.Context<never> = Context.make(Metric.MetricRegistry, new Map())
  const observe = (name: string) => (attributes: LabelsOf<typeof histogramLabels>) => {
    const duration = Metric.histogram(name, { description: help, attributes, boundaries: buckets })
    return (seconds: number) => duration.updateUnsafe(seconds, context)
  }
  const increment = (name: string) => (attributes: LabelsOf<typeof counterLabels>) => {
    const total = Metric.counter(name, { description: help, attributes, incremental: true })
    return (amount: number) => total.updateUnsafe(amount, context)
  }
  return {
    port: await serve(
      "text/plain; version=0.0.4; charset=utf-8",
      () => Promise.resolve(PrometheusMetrics.formatUnsafe(context))
    ),
    fill: () => touching(each(histogramNames, histogramSets, observe), each(counterNames, counterSets, increment))
  }
}

/** What can be scraped, by name. */
export const candidates = {
  ours,
  "prom-client": promClient,
  "@prometheus-io/client": prometheusClient,
  "Effect's Metric": effectMetric
} as const satisfies Record<string, () => Promise<Exposition>>

export type Name = keyof typeof candidates

export const isName = (name: string): name is Name => Object.hasOwn(candidates, name)
