/**
 * Effect's own `Metric` registry in the shape that prom-client's registry reads, so that what a program or a library
 * counts with `effect/Metric` is exposed beside the catalogue.
 *
 * A counter that may fall (`incremental` not set) is a gauge for Prometheus; a frequency is a counter by `key`.
 * Attributes whose names become equal (`a.b` and `a_b`) are joined by `;`, as OpenTelemetry's mapping to Prometheus
 * asks.
 *
 * Nothing bounds that registry: each new attribute value is one more entry for good. So it is read entry by entry, in
 * turns, and what lies beyond the bounds is only counted.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import * as Catalogue from "../Catalogue.ts"
import type { Clean } from "./Cleaning.ts"
import * as Numbers from "./Numbers.ts"

/** One sample of a foreign metric. */
export interface ForeignValue {
  /** The name of the sample where it is not the metric's. */
  readonly metricName?: string | undefined
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A metric that is not of the catalogue, as prom-client tells it. */
export interface ForeignMetric {
  readonly name: string
  readonly help: string
  readonly type: "counter" | "gauge" | "histogram" | "summary"
  readonly values: ReadonlyArray<ForeignValue>
}

/** What is shown, and what is left out. */
export interface Conversion {
  readonly metrics: ReadonlyArray<ForeignMetric>
  /** Names that two metrics of different types claim, and label sets that became equal. */
  readonly clashes: ReadonlySet<string>
  /** Label sets beyond the bounds, by metric. */
  readonly cut: ReadonlyMap<string, number>
  /** Metrics whose state could not be read, with the fault. */
  readonly faults: ReadonlyMap<string, unknown>
}

/** The samples of one foreign metric that are exposed. */
export const maxForeignSeries = 2000

/** UTF-16 code units of names, labels and help texts that are exposed of all foreign metrics together. */
export const maxForeignText = 4 * 1024 * 1024

/** Attributes of one foreign metric; a label set with more is left out. */
const maxAttributes = 64

/** The longest name of a label. */
const maxLabelName = 256

/** Names of metrics that are told apart. */
const maxNames = 1000

/** Entries that are read before other work may get a turn. */
const batch = 256

const sanitized = (name: string): string => {
  const out = name.replace(/[^a-zA-Z0-9_]/g, "_")
  return out === "" || /^[0-9]/.test(out) ? `_${out}` : out
}

const metricName = (id: string): string => sanitized(id.replaceAll(":", "_"))

const counterName = (id: string): string => {
  const name = metricName(id)
  return name.endsWith("_total") ? name : `${name}_total`
}

/** Label names that begin with `__` are Prometheus' own. */
const labelName = (key: string, reserved: string | undefined): string => {
  const name = sanitized(key).replace(/^__+/, "_")
  return name === reserved ? `exported_${name}` : name
}

/** The labels of a metric; `undefined` when they are more, or longer, than what is exposed. */
const labelsOf = (
  attributes: Metric.Metric.AttributeSet | undefined,
  reserved: string | undefined,
  clean: Clean
): Record<string, string> | undefined => {
  const entries = Object.entries(attributes ?? {})
  if (entries.length > maxAttributes) return undefined
  const values = new Map<string, Array<string>>()
  for (const [key, value] of entries.sort(([one], [other]) => one < other ? -1 : 1)) {
    const cleaned = key.length > maxLabelName ? undefined : clean(value, key)
    if (cleaned === undefined) return undefined
    const name = labelName(key, reserved)
    values.set(name, [...values.get(name) ?? [], cleaned])
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.join(";")]))
}

interface Shape {
  readonly name: string
  readonly type: ForeignMetric["type"]
  readonly reserved: string | undefined
  /** How many label sets the metric has beside its attributes: one, but for a frequency. */
  readonly sets: number
  /** The samples of at most `room` label sets; those whose text is too long are missing. */
  readonly values: (labels: Record<string, string>, clean: Clean, room: number) => ReadonlyArray<ForeignValue>
}

const real = (value: unknown): number => {
  if (typeof value !== "number" && typeof value !== "bigint") throw new TypeError(`its value is a ${typeof value}`)
  return Number(value)
}

const amount = (value: unknown): number => {
  const number = real(value)
  if (number >= 0) return number
  throw new RangeError(`its count is ${number}`)
}

const shapeOf = (snapshot: Metric.Metric.Snapshot, id: string): Shape => {
  switch (snapshot.type) {
    case "Counter": {
      const { count, incremental } = snapshot.state
      return {
        name: incremental ? counterName(id) : metricName(id),
        type: incremental ? "counter" : "gauge",
        reserved: undefined,
        sets: 1,
        values: (labels) => [{ labels, value: incremental ? amount(count) : real(count) }]
      }
    }
    case "Gauge": {
      const { value } = snapshot.state
      return {
        name: metricName(id),
        type: "gauge",
        reserved: undefined,
        sets: 1,
        values: (labels) => [{ labels, value: real(value) }]
      }
    }
    case "Frequency": {
      const { occurrences } = snapshot.state
      return {
        name: counterName(id),
        type: "counter",
        reserved: "key",
        sets: occurrences.size,
        values: (labels, clean, room) => {
          const out: Array<ForeignValue> = []
          for (const [raw, value] of occurrences) {
            if (out.length >= room) break
            const key = clean(raw)
            if (key !== undefined) out.push({ labels: { ...labels, key }, value: amount(value) })
          }
          return out
        }
      }
    }
    case "Histogram": {
      const name = metricName(id)
      const { buckets, count, sum } = snapshot.state
      return {
        name,
        type: "histogram",
        reserved: "le",
        sets: 1,
        values: (labels) => [
          ...buckets.filter(([bound]) => Number.isFinite(bound)).map(([bound, value]) => ({
            metricName: `${name}_bucket`,
            labels: { ...labels, le: Numbers.float(bound) },
            value: amount(value)
          })),
          { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: amount(count) },
          { metricName: `${name}_sum`, labels, value: real(sum) },
          { metricName: `${name}_count`, labels, value: amount(count) }
        ]
      }
    }
    case "Summary": {
      const name = metricName(id)
      const { count, quantiles, sum } = snapshot.state
      return {
        name,
        type: "summary",
        reserved: "quantile",
        sets: 1,
        values: (labels) => [
          ...quantiles.map(([quantile, value]) => ({
            labels: { ...labels, quantile: Numbers.float(quantile) },
            value: real(value ?? NaN)
          })),
          { metricName: `${name}_sum`, labels, value: real(sum) },
          { metricName: `${name}_count`, labels, value: amount(count) }
        ]
      }
    }
  }
}

const keyOf = (labels: Readonly<Record<string, string | number>>): string =>
  JSON.stringify(Object.entries(labels).sort(([one], [other]) => one < other ? -1 : 1))

interface Family extends ForeignMetric {
  readonly values: Array<ForeignValue>
  readonly seen: Set<string>
}

// What a line takes beside its labels, roughly: the value, quotes and separators.
const lengthOf = (name: string, { labels }: ForeignValue): number =>
  Object.entries(labels).reduce(
    (sum, [label, value]) => sum + label.length + String(value).length + 4,
    name.length + 24
  )

/** Reads the registry, and keeps what is within the bounds. */
class Reading {
  readonly families = new Map<string, Family>()
  readonly clashes = new Set<string>()
  readonly cut = new Map<string, number>()
  readonly faults = new Map<string, unknown>()
  readonly #ids = new Map<string, string>()
  #left = maxForeignText
  /** Text that may be looked at in vain: what does not fit must not cost more than what does. */
  #patience = maxForeignText
  readonly #context: Context.Context<never>
  readonly #clean: Clean

  constructor(context: Context.Context<never>, clean: Clean) {
    this.#context = context
    this.#clean = clean
  }

  read({ hooks, ...metadata }: Metric.Metric.Metadata<unknown, unknown>): void {
    const id = this.#idOf(metadata.id)
    if (id === undefined) return this.#leaveOut(Catalogue.overflowValue, 1)
    if (this.#left <= 0 || this.#patience <= 0) return this.#leaveOut(metricName(id), 1)
    // The name of these does not depend on the state, which is dear to read.
    const plain = metadata.type !== "Counter" && metadata.type !== "Frequency"
    if (plain && this.#room(metricName(id)) <= 0) return this.#leaveOut(metricName(id), 1)
    try {
      this.#add(id, { ...metadata, state: hooks.get(this.#context) } as Metric.Metric.Snapshot)
    } catch (fault) {
      if (this.faults.size < maxNames) this.faults.set(metricName(id), fault)
    }
  }

  /** A metric's cleaned name; `undefined` for one too long, and for names beyond the bound, which are not looked at. */
  #idOf(raw: string): string | undefined {
    const known = this.#ids.get(raw)
    if (known !== undefined || this.#ids.size >= maxNames) return known
    const id = this.#clean(raw)
    if (id !== undefined) this.#ids.set(raw, id)
    return id
  }

  #room(name: string): number {
    return maxForeignSeries - (this.families.get(name)?.values.length ?? 0)
  }

  #leaveOut(name: string, sets: number): void {
    const known = this.cut.has(name) || this.cut.size < maxNames ? name : Catalogue.overflowValue
    this.cut.set(known, (this.cut.get(known) ?? 0) + sets)
  }

  #clash(name: string): void {
    if (this.clashes.size < maxNames) this.clashes.add(name)
  }

  #add(id: string, snapshot: Metric.Metric.Snapshot): void {
    const shape = shapeOf(snapshot, id)
    const known = this.families.get(shape.name)
    if (known !== undefined && known.type !== shape.type) return this.#clash(shape.name)
    const room = this.#room(shape.name)
    const labels = room > 0 ? labelsOf(snapshot.attributes, shape.reserved, this.#clean) : undefined
    if (labels === undefined) return this.#leaveOut(shape.name, shape.sets)
    const values = shape.values(labels, this.#clean, room)
    const family = known ?? {
      name: shape.name,
      help: this.#clean(snapshot.description ?? snapshot.id) ?? "…",
      type: shape.type,
      values: [],
      seen: new Set<string>()
    }
    // Two metrics, or two values of a frequency, whose label sets became equal: the first one stays.
    const first = values.filter(({ labels, metricName }) => {
      const key = `${metricName ?? ""}${keyOf(labels)}`
      const fresh = !family.seen.has(key)
      family.seen.add(key)
      return fresh
    })
    if (first.length < values.length) this.#clash(shape.name)
    const length = first.reduce(
      (sum, value) => sum + lengthOf(shape.name, value),
      known === undefined ? family.help.length : 0
    )
    // The samples of a histogram or summary belong together; each value of a frequency stands alone.
    if (first.length > room || length > this.#left) {
      this.#patience -= length
      return this.#leaveOut(shape.name, shape.sets)
    }
    this.#left -= length
    if (first.length > 0) this.families.set(shape.name, family)
    family.values.push(...first)
    const missing = snapshot.type === "Frequency" ? shape.sets - values.length : 0
    if (missing > 0) this.#leaveOut(shape.name, missing)
  }
}

/**
 * Converts the registry that `context` carries. `clean` sees each name, description and label value; `rest` is awaited
 * now and then, so that other work gets a turn.
 */
export const convert = async (
  context: Context.Context<never>,
  clean: Clean,
  rest: () => Promise<void>
): Promise<Conversion> => {
  const registry = Context.get(context, Metric.MetricRegistry)
  const reading = new Reading(context, clean)
  // Entries that come while other work has its turn are for the next time.
  let left = registry.size
  for (const entry of registry.values()) {
    if (left-- <= 0) break
    reading.read(entry)
    if (left % batch === 0) await rest()
  }
  return { ...reading, metrics: [...reading.families.values()] }
}
