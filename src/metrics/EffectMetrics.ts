/**
 * Effect's own `Metric` registry in the shape that prom-client's registry reads, so that what a program or a library
 * counts with `effect/Metric` is exposed beside the catalogue.
 *
 * A counter that may fall (`incremental` not set) is a gauge for Prometheus; a frequency is a counter by `key`.
 * Attributes whose names become equal (`a.b` and `a_b`) are joined by `;`, as OpenTelemetry's mapping to Prometheus
 * asks.
 */
import type * as Context from "effect/Context"
import * as Metric from "effect/Metric"
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

/** What is left out, and why. */
export interface Conversion {
  readonly metrics: ReadonlyArray<ForeignMetric>
  /** Names that two metrics of different types claim, and label sets that became equal. */
  readonly clashes: ReadonlyArray<string>
  /** Samples beyond `maxForeignSeries`, by metric. */
  readonly cut: ReadonlyMap<string, number>
}

/** Cleans a text, which is the value of `label` where that is given. */
export type Clean = (text: string, label?: string) => string

/** The samples of one foreign metric that are exposed. */
export const maxForeignSeries = 2000

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

const labelsOf = (
  attributes: Metric.Metric.AttributeSet | undefined,
  reserved: string | undefined,
  clean: Clean
): Record<string, string> => {
  const values = new Map<string, Array<string>>()
  for (const [key, value] of Object.entries(attributes ?? {}).sort(([one], [other]) => one < other ? -1 : 1)) {
    const name = labelName(key, reserved)
    values.set(name, [...values.get(name) ?? [], clean(value, key)])
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.join(";")]))
}

interface Shape {
  readonly name: string
  readonly type: ForeignMetric["type"]
  readonly reserved: string | undefined
  readonly values: (labels: Record<string, string>, clean: Clean) => ReadonlyArray<ForeignValue>
}

const shapeOf = (snapshot: Metric.Metric.Snapshot, clean: Clean): Shape => {
  const id = clean(snapshot.id)
  switch (snapshot.type) {
    case "Counter": {
      const { count, incremental } = snapshot.state
      return {
        name: incremental ? counterName(id) : metricName(id),
        type: incremental ? "counter" : "gauge",
        reserved: undefined,
        values: (labels) => [{ labels, value: Number(count) }]
      }
    }
    case "Gauge": {
      const { value } = snapshot.state
      return {
        name: metricName(id),
        type: "gauge",
        reserved: undefined,
        values: (labels) => [{ labels, value: Number(value) }]
      }
    }
    case "Frequency": {
      const { occurrences } = snapshot.state
      return {
        name: counterName(id),
        type: "counter",
        reserved: "key",
        values: (labels, clean) =>
          [...occurrences].map(([key, value]) => ({ labels: { ...labels, key: clean(key) }, value }))
      }
    }
    case "Histogram": {
      const name = metricName(id)
      const { buckets, count, sum } = snapshot.state
      return {
        name,
        type: "histogram",
        reserved: "le",
        values: (labels) => [
          ...buckets.filter(([bound]) => Number.isFinite(bound)).map(([bound, value]) => ({
            metricName: `${name}_bucket`,
            labels: { ...labels, le: Numbers.float(bound) },
            value
          })),
          { metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: count },
          { metricName: `${name}_sum`, labels, value: sum },
          { metricName: `${name}_count`, labels, value: count }
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
        values: (labels) => [
          ...quantiles.map(([quantile, value]) => ({
            labels: { ...labels, quantile: Numbers.float(quantile) },
            value: value ?? NaN
          })),
          { metricName: `${name}_sum`, labels, value: sum },
          { metricName: `${name}_count`, labels, value: count }
        ]
      }
    }
  }
}

const keyOf = (labels: Readonly<Record<string, string | number>>): string =>
  JSON.stringify(Object.entries(labels).sort(([one], [other]) => one < other ? -1 : 1))

/** Converts the registry that `context` carries. `clean` sees each name, description and label value. */
export const convert = (context: Context.Context<never>, clean: Clean): Conversion => {
  const families = new Map<
    string,
    ForeignMetric & { readonly values: Array<ForeignValue>; readonly seen: Set<string> }
  >()
  const clashes: Array<string> = []
  const cut = new Map<string, number>()
  for (const snapshot of Metric.snapshotUnsafe(context)) {
    const shape = shapeOf(snapshot, clean)
    const known = families.get(shape.name)
    if (known !== undefined && known.type !== shape.type) {
      clashes.push(shape.name)
      continue
    }
    const family = known ?? {
      name: shape.name,
      help: clean(snapshot.description ?? snapshot.id),
      type: shape.type,
      values: [],
      seen: new Set<string>()
    }
    families.set(shape.name, family)
    const labels = labelsOf(snapshot.attributes, shape.reserved, clean)
    // Two metrics, or two values of a frequency, whose label sets became equal: the first one stays.
    const values = shape.values(labels, clean)
    const first = values.filter(({ labels, metricName }) => {
      const key = `${metricName ?? ""}${keyOf(labels)}`
      const fresh = !family.seen.has(key)
      family.seen.add(key)
      return fresh
    })
    if (first.length < values.length) clashes.push(shape.name)
    // The samples of a histogram or summary belong together; each value of a frequency stands alone.
    const room = maxForeignSeries - family.values.length
    const kept = first.length <= room ? first : shape.type === "counter" ? first.slice(0, room) : []
    family.values.push(...kept)
    if (kept.length < first.length) cut.set(shape.name, (cut.get(shape.name) ?? 0) + first.length - kept.length)
  }
  return { metrics: [...families.values()], clashes, cut }
}
