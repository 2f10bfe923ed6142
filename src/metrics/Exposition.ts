/**
 * Writes the registry, Effect's own metrics and Node's as text for Prometheus.
 *
 * prom-client formats: it is handed one adapter object a metric and scrape (`name` and `get()`), metric by metric, so
 * that a metric that can't be collected or written costs its own series only. Its own `Registry.metrics()` is not used:
 * there one failure costs the whole scrape, and an OpenMetrics scrape renames the counters for good.
 */
import type * as Context from "effect/Context"
import type { Metric as PromMetric, Registry as PromRegistry, RegistryContentType } from "prom-client"
import * as Catalogue from "../Catalogue.ts"
import * as EffectMetrics from "./EffectMetrics.ts"
import * as Family from "./Family.ts"
import type * as Metrics from "./Metrics.ts"
import * as Numbers from "./Numbers.ts"
import type * as Registry from "./Registry.ts"
import type * as RuntimeMetrics from "./RuntimeMetrics.ts"
import * as Snapshot from "./Snapshot.ts"

/** The content types of the formats, as prom-client names them. */
export const contentTypes = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
} as const satisfies Record<Metrics.Format, string>

/** What an exposition is written from. */
export interface Options {
  readonly registry: Registry.Registry
  readonly prom: RuntimeMetrics.PromClient
  /** Carries Effect's `MetricRegistry`. */
  readonly context: Context.Context<never>
  /** Node's metrics, where they are shown. */
  readonly runtime?: PromRegistry | undefined
}

/** A sample as prom-client's formatter reads it. */
interface Value {
  readonly metricName?: string | undefined
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly exemplar?: {
    readonly labelSet: Readonly<Record<string, string>>
    readonly value: number
    readonly timestamp: number
  } | undefined
}

/** A metric as prom-client's formatter reads it. */
interface Formattable {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: ReadonlyArray<Value>
}

/** How long the event loop is kept before other work gets a turn, in milliseconds. */
const turn = 5

// Ids are hex digits; anything else is none. Prometheus would refuse the whole scrape for a NUL here, and OpenMetrics
// allows an exemplar's labels no more than 128 characters together.
const idPattern = /^[0-9A-Za-z_-]{1,50}$/

const isId = (id: unknown): boolean => typeof id === "string" && idPattern.test(id)

const exemplarOf = (exemplar: Snapshot.Bucket["exemplar"]): Value["exemplar"] =>
  exemplar !== undefined && isId(exemplar.traceId) && isId(exemplar.spanId)
    ? {
      labelSet: { trace_id: exemplar.traceId, span_id: exemplar.spanId },
      value: exemplar.value,
      timestamp: exemplar.at / 1000
    }
    : undefined

const histogramValues = (name: string, { cell, labels }: Snapshot.HistogramSeries): ReadonlyArray<Value> => {
  const buckets = Snapshot.buckets(cell)
  return [
    ...buckets.map(({ count, exemplar, le }) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le },
      value: count,
      exemplar: exemplarOf(exemplar)
    })),
    { metricName: `${name}_sum`, labels, value: cell.sum },
    { metricName: `${name}_count`, labels, value: buckets.at(-1)?.count ?? 0 }
  ]
}

const formattable = (snapshot: Snapshot.Snapshot): Formattable => {
  const { help, kind, name } = snapshot.definition
  return {
    name,
    help,
    type: kind,
    values: snapshot._tag === "Scalars"
      ? snapshot.series
      : snapshot.series.flatMap((series) => histogramValues(name, series))
  }
}

// prom-client writes the bounds of its own histograms as bare numbers (`1`), which OpenMetrics reads as another bound.
const withFloats = (metric: Formattable): Formattable => ({
  ...metric,
  values: metric.values.map((value) => {
    const { le, quantile } = value.labels
    return typeof le === "number" ?
      { ...value, labels: { ...value.labels, le: Numbers.float(le) } } :
      typeof quantile === "number" ?
      { ...value, labels: { ...value.labels, quantile: Numbers.float(quantile) } } :
      value
  })
})

/** The names that a metric which is not of the catalogue would take. */
const claimsOf = ({ name, type }: Formattable): ReadonlyArray<string> => {
  switch (type) {
    case "counter":
      return [name, name.replace(/_total$/, "")]
    case "histogram":
      return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]
    case "summary":
      return [name, `${name}_sum`, `${name}_count`]
    default:
      return [name]
  }
}

/** Lets other work run when a scrape has held the event loop for its turn. */
const makeYielding = () => {
  let since = performance.now()
  return async (): Promise<void> => {
    if (performance.now() - since < turn) return
    await new Promise<void>((resume) => setImmediate(resume))
    since = performance.now()
  }
}

/** Writes the exposition. */
export type Render = (format: Metrics.Format) => Promise<string>

/** Makes the function that writes the exposition; scrapes that overlap share one writing. */
export const make = (options: Options): Render => {
  const { prom, registry } = options
  const { books } = registry

  const format = async (
    target: PromRegistry<RegistryContentType>,
    metric: Formattable,
    format: Metrics.Format
  ): Promise<string> => {
    // OpenMetrics names a counter's family without its suffix, and the formatter adds it to each sample.
    const name = format === "openmetrics" && metric.type === "counter"
      ? metric.name.replace(/_total$/, "")
      : metric.name
    const adapter = { name, get: () => ({ ...metric, name, help: metric.help.toWellFormed() }) }
    // Unknown between the types: any object with `name` and `get()` is a metric to prom-client's registry, a class to
    // its types.
    target.registerMetric(adapter as unknown as PromMetric)
    const text = await target.getSingleMetricAsString(name)
    if (format === "prometheus") return text
    // In OpenMetrics quotes are escaped in help texts too, which the formatter, made for the older format, leaves.
    const end = text.indexOf("\n")
    return `${text.slice(0, end).replaceAll("\"", "\\\"")}${text.slice(end)}`
  }

  /** A metric of Node's as the formatter reads it: prom-client's types leave its `get()` out, and call its type a number. */
  const collected = (metric: object): Promise<Formattable> =>
    (metric as { readonly get: () => Promise<Formattable> }).get()

  const runtimeMetrics = async (): Promise<ReadonlyArray<Formattable>> => {
    const metrics: Array<Formattable> = []
    for (const metric of options.runtime?.getMetricsAsArray() ?? []) {
      try {
        metrics.push(withFloats(await collected(metric)))
      } catch (fault) {
        books.scrapeFailed("runtime", fault)
      }
    }
    return metrics
  }

  const effectMetrics = (): ReadonlyArray<Formattable> => {
    try {
      const { clashes, cut, metrics } = EffectMetrics.convert(options.context, registry.clean)
      for (const [name, samples] of cut) books.overflow(name, Family.seriesOverflow, samples)
      for (const name of clashes) books.clash("effect", name)
      return metrics
    } catch (fault) {
      books.scrapeFailed("effect", fault)
      return []
    }
  }

  const write = async (as: Metrics.Format): Promise<string> => {
    const started = performance.now()
    const target = new prom.Registry<RegistryContentType>()
    target.setContentType(contentTypes[as])
    const rest = makeYielding()
    const parts: Array<string> = []
    const put = async (metric: Formattable): Promise<void> => {
      if (metric.values.length === 0) return
      try {
        parts.push(await format(target, metric, as))
      } catch (fault) {
        books.scrapeFailed(metric.name, fault)
      }
      await rest()
    }

    const claimed = new Set<string>()
    for (const definition of registry.definitions()) {
      for (const name of Catalogue.claimedNames(definition)) claimed.add(name)
    }
    for (const definition of registry.definitions()) {
      const snapshot = registry.snapshot(definition)
      if (snapshot !== undefined) await put(formattable(snapshot))
    }
    const foreign = [
      ...(await runtimeMetrics()).map((metric) => ({ source: "runtime" as const, metric })),
      ...effectMetrics().map((metric) => ({ source: "effect" as const, metric }))
    ]
    for (const { metric, source } of foreign) {
      const claims = claimsOf(metric)
      if (claims.some((name) => claimed.has(name))) books.clash(source, metric.name)
      else {
        for (const name of claims) claimed.add(name)
        await put(metric)
      }
    }

    const text = `${parts.join("\n")}${parts.length === 0 ? "" : "\n"}${as === "openmetrics" ? "# EOF\n" : ""}`
    books.scraped(as, (performance.now() - started) / 1000, Buffer.byteLength(text))
    return text
  }

  const running = new Map<Metrics.Format, Promise<string>>()
  return (as) => {
    const present = running.get(as)
    if (present !== undefined) return present
    const next = write(as).finally(() => running.delete(as))
    running.set(as, next)
    return next
  }
}
