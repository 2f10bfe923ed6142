/**
 * Writes the registry, Effect's own metrics and Node's as text for Prometheus.
 *
 * prom-client formats: it is handed one adapter object a metric and scrape (`name` and `get()`), metric by metric, so
 * that a metric that can't be collected or written costs its own series only. Its own `Registry.metrics()` is not used:
 * there one failure costs the whole scrape, and an OpenMetrics scrape renames the counters for good.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Metric as PromMetric, Registry as PromRegistry, RegistryContentType } from "prom-client"
import * as Catalogue from "../Catalogue.ts"
import * as Asking from "./Asking.ts"
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

/** The longest help text, in UTF-16 code units; a longer one ends in `…`. */
const maxHelp = 1024

const shortened = (help: string): string => help.length > maxHelp ? `${help.slice(0, maxHelp - 1)}…` : help

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
    const adapter = { name, get: () => ({ ...metric, name, help: shortened(metric.help).toWellFormed() }) }
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

  const asking = new WeakMap<object, Asking.Asking<Formattable>>()
  /** Asked once at a time and with a deadline, since a metric of prom-client's may answer with a promise. */
  const askingOf = (metric: object): Asking.Asking<Formattable> => {
    const known = asking.get(metric)
    if (known !== undefined) return known
    const made = new Asking.Asking(
      Effect.tryPromise({ try: () => collected(metric), catch: (fault) => fault }),
      options.context
    )
    asking.set(metric, made)
    return made
  }

  const runtimeMetrics = async (): Promise<ReadonlyArray<Formattable>> => {
    const metrics = options.runtime?.getMetricsAsArray() ?? []
    const told = await Promise.allSettled(metrics.map((metric) => askingOf(metric).ask()))
    return told.flatMap((answer) => {
      if (answer.status === "rejected") {
        books.scrapeFailed("runtime", answer.reason)
        return []
      }
      const { values } = answer.value
      if (values.length <= EffectMetrics.maxForeignSeries) return [withFloats(answer.value)]
      books.overflow(answer.value.name, Family.seriesOverflow, values.length)
      return []
    })
  }

  const effectMetrics = async (rest: () => Promise<void>): Promise<ReadonlyArray<Formattable>> => {
    try {
      const { clashes, cut, faults, metrics } = await EffectMetrics.convert(options.context, registry.clean, rest)
      for (const [name, sets] of cut) books.overflow(name, Family.seriesOverflow, sets)
      for (const name of clashes) books.clash("effect", name)
      for (const [name, fault] of faults) books.scrapeFailed(name, fault)
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
    const [gathered, runtime] = await Promise.all([registry.gather(), runtimeMetrics()])
    for (const definition of registry.definitions()) {
      const snapshot = registry.snapshot(definition, gathered)
      if (snapshot !== undefined) await put(formattable(snapshot))
    }
    const foreign = [
      ...runtime.map((metric) => ({ source: "runtime" as const, metric })),
      ...(await effectMetrics(rest)).map((metric) => ({ source: "effect" as const, metric }))
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
