/**
 * The metrics that are not of the catalogue, Effect's own and Node's, as text for Prometheus.
 *
 * prom-client formats them: it is handed one adapter object a metric and scrape (`name` and `get()`), metric by metric,
 * so that a metric that can't be collected or written costs its own series only. Its own `Registry.metrics()` is not
 * used: there one failure costs the whole scrape, and an OpenMetrics scrape renames the counters for good.
 */
import type * as Context from "effect/Context"
import type { Metric as PromMetric, Registry as PromRegistry, RegistryContentType } from "prom-client"
import * as Catalogue from "../Catalogue.ts"
import * as Asking from "./Asking.ts"
import * as EffectMetrics from "./EffectMetrics.ts"
import * as Family from "./Family.ts"
import * as FamilyText from "./FamilyText.ts"
import type * as Metrics from "./Metrics.ts"
import * as Numbers from "./Numbers.ts"
import type * as Registry from "./Registry.ts"
import type * as RuntimeMetrics from "./RuntimeMetrics.ts"

/** The content types of the formats, as prom-client names them. */
export const contentTypes = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
} as const satisfies Record<Metrics.Format, string>

/** Where the metrics come from. */
export interface Options {
  readonly registry: Registry.Registry
  readonly prom: RuntimeMetrics.PromClient
  /** Carries Effect's `MetricRegistry`. */
  readonly context: Context.Context<never>
  /** Node's metrics, where they are shown. */
  readonly runtime?: PromRegistry | undefined
}

/** A metric as prom-client's formatter reads it. */
interface Formattable {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: ReadonlyArray<EffectMetrics.ForeignValue>
}

/** The metrics of one scrape that are not of the catalogue. */
export interface Foreign {
  /** Node's metrics; asked at once, and ready by `Asking.deadline`. */
  readonly runtime: () => Promise<ReadonlyArray<Formattable>>
  /** Puts Node's metrics and Effect's into text, one after the other; `rest` is awaited between two. */
  readonly texts: (
    format: Metrics.Format,
    runtime: ReadonlyArray<Formattable>,
    rest: () => Promise<void>
  ) => Promise<ReadonlyArray<string>>
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

/** A metric of Node's as the formatter reads it: prom-client's types leave its `get()` out, and call its type a number. */
const collected = async (metric: object): Promise<Formattable> =>
  (metric as { readonly get: () => Promise<Formattable> }).get()

const formatted = async (
  target: PromRegistry<RegistryContentType>,
  metric: Formattable,
  format: Metrics.Format
): Promise<string> => {
  // OpenMetrics names a counter's family without its suffix, and the formatter adds it to each sample.
  const name = format === "openmetrics" && metric.type === "counter"
    ? metric.name.replace(/_total$/, "")
    : metric.name
  const adapter = { name, get: () => ({ ...metric, name, help: FamilyText.shownHelp(metric.help) }) }
  // Unknown between the types: any object with `name` and `get()` is a metric to prom-client's registry, a class to
  // its types.
  target.registerMetric(adapter as unknown as PromMetric)
  const text = await target.getSingleMetricAsString(name)
  if (format === "prometheus") return `${text}\n`
  // In OpenMetrics quotes are escaped in help texts too, which the formatter, made for the older format, leaves.
  const end = text.indexOf("\n")
  return `${text.slice(0, end).replaceAll("\"", "\\\"")}${text.slice(end)}\n`
}

/** Makes what asks for them. */
export const make = ({ context, prom, registry, runtime: source }: Options): Foreign => {
  const { books } = registry
  // With a deadline, since a metric of prom-client's may answer with a promise.
  const asking = new Asking.Questions(collected, context)

  const runtime: Foreign["runtime"] = async () => {
    const told = await asking.ask(source?.getMetricsAsArray() ?? [])
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

  const effect = async (rest: () => Promise<void>): Promise<ReadonlyArray<Formattable>> => {
    try {
      const { clashes, cut, faults, metrics } = await EffectMetrics.convert(context, registry.clean, rest)
      for (const [name, sets] of cut) books.overflow(name, Family.seriesOverflow, sets)
      for (const name of clashes) books.clash("effect", name)
      for (const [name, fault] of faults) books.scrapeFailed(name, fault)
      return metrics
    } catch (fault) {
      books.scrapeFailed("effect", fault)
      return []
    }
  }

  const texts: Foreign["texts"] = async (format, runtime, rest) => {
    const target = new prom.Registry<RegistryContentType>()
    target.setContentType(contentTypes[format])
    const claimed = new Set(registry.definitions().flatMap(Catalogue.claimedNames))
    const all = [
      ...runtime.map((metric) => ({ source: "runtime" as const, metric })),
      ...(await effect(rest)).map((metric) => ({ source: "effect" as const, metric }))
    ]
    const texts: Array<string> = []
    for (const { metric, source } of all) {
      const claims = claimsOf(metric)
      if (claims.some((name) => claimed.has(name))) {
        books.clash(source, metric.name)
        continue
      }
      for (const name of claims) claimed.add(name)
      if (metric.values.length === 0) continue
      try {
        texts.push(await formatted(target, metric, format))
      } catch (fault) {
        books.scrapeFailed(metric.name, fault)
      }
      await rest()
    }
    return texts
  }

  return { runtime, texts }
}
