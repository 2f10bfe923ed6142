/**
 * Metric definitions as data.
 *
 * A definition says everything that recorders, the exposition, dashboards, alerts, documentation and tests need to know
 * of a metric. It holds no value and registers nothing: the `Metrics` service keeps the values.
 *
 * @example
 * import { Catalogue } from "@dawsos/observability"
 *
 * const { Label } = Catalogue
 *
 * export const ordersTotal = Catalogue.counter({
 *   name: "shop_orders_total",
 *   help: "Orders placed",
 *   labels: { channel: Label.oneOf("web", "phone"), product: Label.bounded(500) }
 * })
 */

/** A label whose values are all known when the catalogue is written. */
export interface OneOf<out Value extends string> {
  readonly _tag: "OneOf"
  readonly values: ReadonlyArray<Value>
}

/** A label that takes any text, up to `max` distinct values a metric; further ones fall into `__overflow__`. */
export interface Bounded {
  readonly _tag: "Bounded"
  readonly max: number
}

/** What is known of one label. There is no kind without a bound. */
export type Label = OneOf<string> | Bounded

/** The labels of a metric by name, in the order in which they are exposed. */
export type Labels = Readonly<Record<string, Label>>

/** The value that each label of `L` takes: a wrong or a missing one is a type error. */
export type LabelValues<L extends Labels> = {
  readonly [Name in keyof L]: L[Name] extends OneOf<infer Value> ? Value : string
}

/** Values of a bounded label beyond its cap. */
export const overflowValue = "__overflow__"

/** The cap of a bounded label unless it names its own. */
export const defaultLabelBound = 200

/** The cap of label sets (series) a metric; further ones fall into one series whose bounded labels are `__overflow__`. */
export const maxSeriesPerMetric = 2000

/** Constructors of labels. */
export const Label = {
  /** A label with these values and no other. */
  oneOf: <const Values extends ReadonlyArray<string>>(...values: Values): OneOf<Values[number]> => ({
    _tag: "OneOf",
    values
  }),
  /** A label open to any value, of which `max` (200 by default) distinct ones are kept apart. */
  bounded: (max: number = defaultLabelBound): Bounded => {
    if (!Number.isInteger(max) || max < 1) {
      throw new RangeError(`Label.bounded: max was ${max}, allowed are whole numbers from 1`)
    }
    return { _tag: "Bounded", max }
  }
}

/** Units as Prometheus names them; the name of a metric with a unit ends in it. */
export type Unit = "seconds" | "bytes" | "ratio"

interface Common<L extends Labels> {
  /** The full name, as it is exposed. */
  readonly name: string
  /** One line for the reader of a dashboard. */
  readonly help: string
  readonly unit?: Unit | undefined
  readonly labels: L
  /**
   * Label sets known in advance. Counters and histograms show them at 0 from the start, so that the first event is an
   * increase; declare tuples that can happen, not a cross product.
   */
  readonly known: Known<L>
}

/** A value that only grows. Its name ends in `_total`. */
export interface Counter<out L extends Labels = Labels> extends Common<L> {
  readonly kind: "counter"
}

/** A value that goes up and down; absent until it is first set. */
export interface Gauge<out L extends Labels = Labels> extends Common<L> {
  readonly kind: "gauge"
  /**
   * `value`: exposed as it was set. `age`: set to a moment (milliseconds since the epoch) and exposed as the seconds
   * that have passed since then, computed at each scrape.
   */
  readonly exposes: "value" | "age"
}

/** A distribution, counted in buckets. */
export interface Histogram<out L extends Labels = Labels> extends Common<L> {
  readonly kind: "histogram"
  /** Upper bounds in the metric's unit, ascending, without `+Inf`. */
  readonly buckets: ReadonlyArray<number>
  /** Why these bounds. */
  readonly bucketsReason: string
}

/** A metric of any kind. */
export type Definition = Counter | Gauge | Histogram

/** The label values that a definition takes. */
export type ValuesOf<D extends Definition> = LabelValues<D["labels"]>

type Known<L extends Labels> = ReadonlyArray<LabelValues<L>>

interface Options<L extends Labels> {
  readonly name: string
  readonly help: string
  readonly unit?: Unit | undefined
  readonly labels?: L | undefined
  /** A function is called, and what it gives is checked, when the label sets are first asked for. */
  readonly known?: NoInfer<Known<L>> | (() => NoInfer<Known<L>>) | undefined
}

const metricName = /^[a-z][a-z0-9_]*$/
const labelName = /^[a-z][a-z0-9_]*$/

/** A definition that can't be exposed: a defect of the catalogue, raised while it is made. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError"
}

const refuse = (metric: string, problem: string): never => {
  throw new CatalogueError(`${metric}: ${problem}`)
}

const checkKnown = (
  metric: string,
  labels: Labels,
  known: ReadonlyArray<Readonly<Record<string, string>>>
): void => {
  if (known.length > maxSeriesPerMetric) {
    refuse(metric, `${known.length} known label sets, allowed are ${maxSeriesPerMetric}`)
  }
  const names = Object.keys(labels)
  const seen = new Set<string>()
  for (const values of known) {
    for (const name of Object.keys(values)) {
      if (!names.includes(name)) refuse(metric, `a known label set has ${name}, which is no label`)
    }
    const key = JSON.stringify(names.map((name) => values[name]))
    if (seen.has(key)) refuse(metric, `the known label set ${key} is listed twice`)
    seen.add(key)
  }
  for (const name of names) {
    const label = labels[name]
    const distinct = new Set(known.map((values) => values[name]))
    for (const value of distinct) {
      if (value === undefined) return refuse(metric, `a known label set lacks ${name}`)
      if (label?._tag === "OneOf" && !label.values.includes(value)) {
        refuse(metric, `known value ${JSON.stringify(value)} of ${name}, allowed are ${label.values.join(", ")}`)
      }
    }
    if (label?._tag === "Bounded" && distinct.size > label.max) {
      refuse(metric, `${distinct.size} known values of ${name}, its bound is ${label.max}`)
    }
  }
}

const checkedKnown = <L extends Labels>(metric: string, labels: L, known: Known<L>): Known<L> => {
  if (known.length === 0) return Object.keys(labels).length === 0 ? [{} as LabelValues<L>] : known
  checkKnown(metric, labels, known)
  return known
}

// A program that observes nothing asks for no known label sets: it doesn't wait for them at its start.
const define = <L extends Labels, Kind extends object>(kind: Kind, options: Options<L>): Kind & Common<L> => {
  const definition = { ...kind, ...common(options) }
  const { known } = options
  if (typeof known !== "function") {
    return { ...definition, known: checkedKnown(definition.name, definition.labels, known ?? []) }
  }
  let checked: Known<L> | undefined
  return {
    ...definition,
    get known() {
      return checked ??= checkedKnown(definition.name, definition.labels, known())
    }
  }
}

const common = <L extends Labels>(options: Options<L>): Omit<Common<L>, "known"> => {
  const labels = options.labels ?? ({} as L)
  if (!metricName.test(options.name)) refuse(options.name, "a metric's name is written in lower snake case")
  if (options.help.trim() === "") refuse(options.name, "the help text is empty")
  if (options.unit !== undefined && !options.name.replace(/_total$/, "").endsWith(`_${options.unit}`)) {
    refuse(options.name, `the name of a metric in ${options.unit} ends in _${options.unit}`)
  }
  for (const [label, bound] of Object.entries(labels)) {
    if (!labelName.test(label) || label.startsWith("__")) {
      refuse(options.name, `label ${label} is not in lower snake case`)
    }
    if (label === "le" || label === "quantile") refuse(options.name, `label ${label} is reserved by Prometheus`)
    if (bound._tag === "OneOf" && bound.values.length === 0) refuse(options.name, `label ${label} allows no value`)
    if (bound._tag === "OneOf" && new Set(bound.values).size < bound.values.length) {
      refuse(options.name, `label ${label} lists a value twice`)
    }
  }
  // The series that bounded labels fold into past the cap: one for each combination of the other labels.
  const folded = Object.values(labels).reduce((n, label) => label._tag === "OneOf" ? n * label.values.length : n, 1)
  if (folded > maxSeriesPerMetric) {
    refuse(
      options.name,
      `its labels allow ${folded} series, allowed are ${maxSeriesPerMetric}: make one of them bounded`
    )
  }
  return {
    name: options.name,
    help: options.help,
    ...(options.unit === undefined ? {} : { unit: options.unit }),
    labels
  }
}

/** Defines a counter. Throws `CatalogueError` when the definition can't be exposed. */
export const counter = <const L extends Labels = {}>(options: Options<L>): Counter<L> => {
  if (!options.name.endsWith("_total")) refuse(options.name, "the name of a counter ends in _total")
  return define({ kind: "counter" }, options)
}

/** Defines a gauge; `exposes: "age"` for one that is set to a moment and read as the seconds since. */
export const gauge = <const L extends Labels = {}>(
  options: Options<L> & { readonly exposes?: "value" | "age" | undefined }
): Gauge<L> => {
  if (options.name.endsWith("_total")) refuse(options.name, "only the name of a counter ends in _total")
  return define({ kind: "gauge", exposes: options.exposes ?? "value" }, options)
}

/** Defines a histogram with upper bounds in its unit and the reason for them. */
export const histogram = <const L extends Labels = {}>(
  options: Options<L> & { readonly buckets: ReadonlyArray<number>; readonly bucketsReason: string }
): Histogram<L> => {
  const { buckets } = options
  if (buckets.length === 0) refuse(options.name, "a histogram needs at least one bucket")
  buckets.forEach((bound, index) => {
    const previous = buckets[index - 1]
    if (!Number.isFinite(bound) || (previous !== undefined && previous >= bound)) {
      refuse(options.name, `buckets are finite and ascend, these are ${buckets.join(", ")}`)
    }
  })
  if (options.bucketsReason.trim() === "") refuse(options.name, "the buckets have no reason")
  return define({ kind: "histogram", buckets, bucketsReason: options.bucketsReason }, options)
}

/**
 * All metrics of a product, by the name that its code uses, with the prefix of the metrics and span attributes that the
 * layer adds of its own accord (`{prefix}_observability_…`, `{prefix}.status`).
 */
export interface Catalogue<
  out Metrics extends Readonly<Record<string, Definition>> = Readonly<Record<string, Definition>>
> {
  readonly prefix: string
  readonly metrics: Metrics
}

/** Puts definitions together. Throws `CatalogueError` when two claim one exposed name. */
export const make = <const Metrics extends Readonly<Record<string, Definition>>>(
  options: { readonly prefix: string; readonly metrics: Metrics }
): Catalogue<Metrics> => {
  if (!metricName.test(options.prefix)) refuse(options.prefix, "a prefix is written in lower snake case")
  const owners = new Map<string, string>()
  for (const definition of Object.values(options.metrics)) {
    if (definition.name.startsWith(`${options.prefix}_observability_`)) {
      refuse(definition.name, `names that begin with ${options.prefix}_observability_ are the layer's own`)
    }
    for (const name of claimedNames(definition)) {
      const owner = owners.get(name)
      if (owner !== undefined) refuse(definition.name, `the name ${name} is claimed by ${owner} already`)
      owners.set(name, definition.name)
    }
  }
  return options
}

/** The names of the series that a definition exposes. */
export const exposedNames = (definition: Definition): ReadonlyArray<string> =>
  definition.kind === "histogram"
    ? [`${definition.name}_bucket`, `${definition.name}_sum`, `${definition.name}_count`]
    : [definition.name]

/** The names that no other metric may use beside a definition: its series and its family in either text format. */
export const claimedNames = (definition: Definition): ReadonlyArray<string> => [
  ...exposedNames(definition),
  // OpenMetrics names the family of a counter without its suffix.
  ...(definition.kind === "counter" ? [definition.name.slice(0, -"_total".length)] : []),
  ...(definition.kind === "histogram" ? [definition.name] : [])
]
