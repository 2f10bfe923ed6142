/**
 * All metrics of one layer: those of its catalogue, the layer's own, those that a program defines beside them, and the
 * collectors that are asked at each scrape. Knows nothing of a text format.
 */
import * as Effect from "effect/Effect"
import * as Catalogue from "../Catalogue.ts"
import type * as Guard from "../Guard.ts"
import * as Cells from "./Cells.ts"
import * as Family from "./Family.ts"
import type * as Metrics from "./Metrics.ts"
import * as Numbers from "./Numbers.ts"
import * as SelfMetrics from "./SelfMetrics.ts"

/** One exposed value of a counter or gauge. */
export interface ScalarSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One exposed label set of a histogram. */
export interface HistogramSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly cell: Cells.Histogram
}

/** The state of one metric at one moment. */
export type Snapshot =
  | {
    readonly _tag: "Scalars"
    readonly definition: Catalogue.Counter | Catalogue.Gauge
    readonly series: ReadonlyArray<ScalarSeries>
  }
  | {
    readonly _tag: "Histograms"
    readonly definition: Catalogue.Histogram
    readonly series: ReadonlyArray<HistogramSeries>
  }

/** What a registry is made of. */
export interface Options {
  readonly catalogue: Catalogue.Catalogue
  /** Cleans the values of bounded labels before they are kept. */
  readonly scrubber: { readonly text: (text: string) => string }
  readonly guard: Guard.Guard
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Where a metric that had to give way came from. */
export type Source = "definition" | "effect" | "runtime"

/** The metrics that a program may define at run time beside its catalogue; more are a loop that makes definitions. */
export const maxDefinitions = 1000

/** Collected values of one collector and scrape; more are an iterator that doesn't end. */
const maxCollected = 10_000

/** The longest label value or help text of a metric that is not of the catalogue, in UTF-16 code units. */
const maxForeignText = 256

/** Texts that are remembered with what the scrubber made of them. */
const maxCleaned = 5000

/** The metrics of one layer. */
export interface Registry {
  readonly self: SelfMetrics.SelfMetrics
  readonly recording: Pick<Metrics.Service, "counter" | "gauge" | "histogram" | "declare" | "collect" | "samples">
  /** The definitions in the order in which they are exposed. */
  readonly definitions: () => ReadonlyArray<Catalogue.Definition>
  /** The state of one metric; `undefined`, and a fault, when one of its collectors throws. */
  readonly snapshot: (definition: Catalogue.Definition) => Snapshot | undefined
  /** Cleans a text of a metric that is not of the catalogue. */
  readonly clean: (text: string) => string
  /** Tells of series of a metric that were left out because there are too many. */
  readonly overflow: (metric: string, series: number) => void
  readonly clash: (source: Source, name: string) => void
  readonly scrapeFailed: (metric: string, fault: unknown) => void
  readonly scraped: (format: Metrics.Format, seconds: number, bytes: number) => void
}

const sameShape = (one: Catalogue.Definition, other: Catalogue.Definition): boolean =>
  one.kind === other.kind && Object.keys(one.labels).join() === Object.keys(other.labels).join()

/** Makes an empty registry: counters and histograms of the catalogue's known label sets at 0. */
export const make = (options: Options): Registry => {
  const { guard, now } = options
  const overflows = new Map<string, Map<string, number>>()
  const scrapeErrors = new Map<string, number>()
  const clashes = new Map<Source, Set<string>>()
  const scrapes = new Map<Metrics.Format, number>()
  let last: { readonly seconds: number; readonly bytes: number } | undefined

  const countOverflow = (metric: string, label: string, amount: number): void => {
    const labels = overflows.get(metric) ?? new Map<string, number>()
    if (overflows.size < maxDefinitions) overflows.set(metric, labels)
    labels.set(label, (labels.get(label) ?? 0) + amount)
  }

  const environment: Family.Environment = {
    scrub: (text) => guard.run("scrubber", () => options.scrubber.text(text), () => Catalogue.overflowValue),
    refuse: (problem) => guard.count("recorder", new RangeError(problem)),
    overflow: (metric, label) => countOverflow(metric, label, 1),
    now
  }

  // The same texts come at every scrape, so they are scrubbed once.
  const cleaned = new Map<string, string>()
  const clean = (text: string): string => {
    const known = cleaned.get(text)
    if (known !== undefined) return known
    const value = environment.scrub(text).slice(0, maxForeignText).toWellFormed()
    if (text.length <= maxForeignText && cleaned.size < maxCleaned) cleaned.set(text, value)
    return value
  }

  const byName = new Map<string, Family.Family>()
  const byDefinition = new WeakMap<Catalogue.Definition, Family.Family>()
  const claims = new Map<string, string>()
  const collectors = new Map<Family.Family, Set<Metrics.Collector>>()

  const add = (definition: Catalogue.Definition): Family.Family => {
    const family = new Family.Family(definition, environment)
    byName.set(definition.name, family)
    byDefinition.set(definition, family)
    for (const name of Catalogue.claimedNames(definition)) claims.set(name, definition.name)
    return family
  }

  // Bounded labels are known at 0, so that the first value beyond a bound is an increase.
  const expectOverflow = (definition: Catalogue.Definition): void => {
    const bounded = Object.keys(definition.labels).filter((name) => definition.labels[name]?._tag === "Bounded")
    if (bounded.length === 0) return
    overflows.set(definition.name, new Map([...bounded, Family.seriesOverflow].map((label) => [label, 0])))
  }

  const clash = (source: Source, name: string): void => {
    const names = clashes.get(source) ?? new Set<string>()
    clashes.set(source, names)
    if (names.size < maxDefinitions) names.add(name)
  }

  /** The family of a definition; one that the catalogue doesn't have is taken in unless its name is taken. */
  const familyOf = (definition: Catalogue.Definition): Family.Family | undefined => {
    const known = byDefinition.get(definition)
    if (known !== undefined) return known
    const named = byName.get(definition.name)
    if (named !== undefined && sameShape(named.definition, definition)) {
      byDefinition.set(definition, named)
      return named
    }
    if (Catalogue.claimedNames(definition).some((name) => claims.has(name))) {
      clash("definition", definition.name)
      guard.count("recorder", new Error(`${definition.name}: another metric has this name already`))
      return undefined
    }
    if (byName.size >= maxDefinitions) {
      guard.count("recorder", new Error(`${definition.name}: ${maxDefinitions} metrics are defined already`))
      return undefined
    }
    expectOverflow(definition)
    return add(definition)
  }

  const scalar = (definition: Catalogue.Counter | Catalogue.Gauge, value: number): number =>
    definition.kind === "gauge" && definition.exposes === "age" ? Math.max(0, (now() - value) / 1000) : value

  const collected = (family: Family.Family, from: Iterable<Metrics.Collector>): Map<Family.Series, number> => {
    const values = new Map<Family.Series, number>()
    for (const collector of from) {
      let size = 0
      for (const { labels, value } of collector.collect()) {
        if (++size > maxCollected) throw new RangeError(`${family.definition.name}: a collector told ${size} values`)
        if (!Number.isFinite(value)) throw new RangeError(`${family.definition.name}: a collector told ${value}`)
        const resolved = family.resolve(labels)
        if (resolved === undefined) continue
        if (resolved.overflowed !== undefined) family.overflow(resolved.overflowed)
        values.set(resolved.series, (values.get(resolved.series) ?? 0) + value)
      }
    }
    return values
  }

  const scalars = (
    family: Family.Family,
    definition: Catalogue.Counter | Catalogue.Gauge
  ): ReadonlyArray<ScalarSeries> => {
    const from = collectors.get(family)
    const told = from === undefined ? undefined : collected(family, from)
    const out: Array<ScalarSeries> = []
    for (const series of family.all) {
      const { cell } = series
      if (cell.kind === "histogram") continue
      const own = series.bound ? cell.value : undefined
      const other = told?.get(series)
      // What is counted in two places adds up; of a state, the collector knows the present one.
      const value = other === undefined ? own : cell.kind === "counter" ? other + (own ?? 0) : other
      if (value !== undefined) out.push({ labels: series.labels, value: scalar(definition, value) })
    }
    return out
  }

  const histograms = (family: Family.Family): ReadonlyArray<HistogramSeries> => {
    const out: Array<HistogramSeries> = []
    for (const { bound, cell, labels } of family.all) if (bound && cell.kind === "histogram") out.push({ labels, cell })
    return out
  }

  const snapshotOf = (family: Family.Family): Snapshot => {
    const { definition } = family
    return definition.kind === "histogram"
      ? { _tag: "Histograms", definition, series: histograms(family) }
      : { _tag: "Scalars", definition, series: scalars(family, definition) }
  }

  const scrapeFailed = (metric: string, fault: unknown): void => {
    guard.count("collect", fault)
    if (scrapeErrors.has(metric) || scrapeErrors.size < maxDefinitions) {
      scrapeErrors.set(metric, (scrapeErrors.get(metric) ?? 0) + 1)
    }
  }

  const snapshot = (definition: Catalogue.Definition): Snapshot | undefined => {
    const family = familyOf(definition)
    if (family === undefined) return undefined
    try {
      return snapshotOf(family)
    } catch (fault) {
      scrapeFailed(definition.name, fault)
      return undefined
    }
  }

  const collect = (collector: Metrics.Collector) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const family = familyOf(collector.definition)
        if (family === undefined) return undefined
        // An entry of its own, so that a collector that is added twice is taken away once at a time.
        const entry: Metrics.Collector = { definition: collector.definition, collect: () => collector.collect() }
        const set = collectors.get(family) ?? new Set<Metrics.Collector>()
        collectors.set(family, set.add(entry))
        return { entry, family, set }
      }),
      (added) =>
        Effect.sync(() => {
          if (added === undefined) return
          added.set.delete(added.entry)
          if (added.set.size === 0) collectors.delete(added.family)
        })
    ).pipe(Effect.asVoid)

  const register = (
    definition: Catalogue.Counter | Catalogue.Gauge,
    values: () => Iterable<Metrics.CollectedValue>
  ): void => {
    const family = familyOf(definition)
    if (family !== undefined) collectors.set(family, new Set([{ definition, collect: values }]))
  }

  // What a caller without types may pass (no labels at all, a getter that throws) must not reach it as an exception.
  const guarded = <A>(body: () => A, fallback: () => A): A => guard.run("recorder", body, fallback)
  const detached = () => Cells.detached

  const recording: Registry["recording"] = {
    counter: (definition, labels) =>
      guarded<Metrics.CounterCell>(() => {
        const family = familyOf(definition as Catalogue.Counter)
        return family === undefined ? Cells.detached : Family.counter(family, labels)
      }, detached),
    gauge: (definition, labels) =>
      guarded<Metrics.GaugeCell>(() => {
        const family = familyOf(definition as Catalogue.Gauge)
        return family === undefined ? Cells.detached : Family.gauge(family, labels)
      }, detached),
    histogram: (definition, labels) =>
      guarded<Metrics.HistogramCell>(() => {
        const family = familyOf(definition as Catalogue.Histogram)
        return family === undefined ? Cells.detached : Family.histogram(family, labels)
      }, detached),
    declare: (definition, known) =>
      guarded(
        () => familyOf(definition as Catalogue.Counter | Catalogue.Histogram)?.declare(known),
        () => undefined
      ),
    collect,
    samples: () => [...byName.values()].flatMap((family) => samplesOf(snapshot(family.definition)))
  }

  const self = SelfMetrics.selfMetrics(options.catalogue.prefix)
  for (const definition of Object.values(options.catalogue.metrics)) {
    expectOverflow(definition)
    add(definition)
  }
  for (const definition of Object.values(self)) add(definition)

  register(self.labelOverflow, function*() {
    for (const [metric, labels] of overflows) {
      for (const [label, value] of labels) yield { labels: { metric, label }, value }
    }
  })
  register(self.faults, function*() {
    for (const [hook, value] of guard.faults()) yield { labels: { hook }, value }
  })
  register(self.nameClashes, function*() {
    for (const [source, names] of clashes) yield { labels: { source }, value: names.size }
  })
  register(self.scrapes, function*() {
    for (const [format, value] of scrapes) yield { labels: { format }, value }
  })
  register(self.scrapeErrors, function*() {
    for (const [metric, value] of scrapeErrors) yield { labels: { metric }, value }
  })
  register(self.scrapeDuration, () => last === undefined ? [] : [{ labels: {}, value: last.seconds }])
  register(self.scrapeSize, () => last === undefined ? [] : [{ labels: {}, value: last.bytes }])

  return {
    self,
    recording,
    definitions: () => [...byName.values()].map((family) => family.definition),
    snapshot,
    clean,
    overflow: (metric, series) => countOverflow(metric, Family.seriesOverflow, series),
    clash,
    scrapeFailed,
    scraped: (format, seconds, bytes) => {
      scrapes.set(format, (scrapes.get(format) ?? 0) + 1)
      last = { seconds, bytes }
    }
  }
}

/** The values of a metric as single samples, histograms as `_bucket`, `_sum` and `_count`. */
const samplesOf = (snapshot: Snapshot | undefined): ReadonlyArray<Metrics.Sample> => {
  if (snapshot === undefined) return []
  const { name } = snapshot.definition
  if (snapshot._tag === "Scalars") return snapshot.series.map(({ labels, value }) => ({ name, labels, value }))
  return snapshot.series.flatMap(({ cell, labels }) => {
    const out: Array<Metrics.Sample> = []
    let count = 0
    cell.counts.forEach((inBucket, index) => {
      count += inBucket
      out.push({ name: `${name}_bucket`, labels: { ...labels, le: Numbers.bound(cell.bounds[index]) }, value: count })
    })
    out.push({ name: `${name}_sum`, labels, value: cell.sum }, { name: `${name}_count`, labels, value: count })
    return out
  })
}
