/**
 * All metrics of one layer: those of its catalogue, the layer's own, those that a program defines beside them, and the
 * collectors that are asked at each scrape. Knows nothing of a text format.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Catalogue from "../Catalogue.ts"
import type * as Guard from "../Guard.ts"
import * as Books from "./Books.ts"
import * as Cells from "./Cells.ts"
import * as Cleaning from "./Cleaning.ts"
import * as Collectors from "./Collectors.ts"
import * as Family from "./Family.ts"
import type * as Metrics from "./Metrics.ts"
import * as Patience from "./Patience.ts"
import * as SelfMetrics from "./SelfMetrics.ts"
import * as Snapshot from "./Snapshot.ts"

export type { LabelScrubber } from "./Cleaning.ts"

/** What a registry is made of. */
export interface Options {
  readonly catalogue: Catalogue.Catalogue
  /** Cleans the values of bounded labels before they are kept, each as its label's name has it. */
  readonly scrubber: Cleaning.LabelScrubber
  readonly guard: Guard.Guard
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** The metrics that a program may define at run time beside its catalogue; more are a loop that makes definitions. */
export const maxDefinitions = 1000

/** What the collectors that take time have told for one scrape. */
export type Gathered = ReadonlyMap<Collectors.Entry, Collectors.Told>

/** The metrics of one layer. */
export interface Registry {
  readonly books: Books.Books
  readonly recording: Pick<Metrics.Service, "counter" | "gauge" | "histogram" | "declare" | "collect" | "samples">
  /** The definitions in the order in which they are exposed. */
  readonly definitions: () => ReadonlyArray<Catalogue.Definition>
  /**
   * Asks the collectors that take time, all at once, then all others in one go, so that what these tell is of one
   * moment however long the writing takes; ends by `Asking.deadline` whatever they do.
   */
  readonly gather: () => Promise<Gathered>
  /**
   * The state of one metric. Of a gauge, what a collector that failed would have told is missing, and a fault is counted;
   * of a counter all of it, since its sums would fall: `undefined`, and one fault.
   */
  readonly snapshot: (definition: Catalogue.Definition, gathered?: Gathered) => Snapshot.Snapshot | undefined
  /** Cleans the texts of metrics that are not of the catalogue. */
  readonly clean: Cleaning.Clean
}

const nothingGathered: Gathered = new Map()

const sameShape = (one: Catalogue.Definition, other: Catalogue.Definition): boolean =>
  one.kind === other.kind && Object.keys(one.labels).join() === Object.keys(other.labels).join()

/** Makes an empty registry: counters and histograms of the catalogue's known label sets at 0. */
export const make = (options: Options): Registry => {
  const { guard, now } = options
  const books = Books.make(guard, maxDefinitions)

  const scrub = Cleaning.guarded(options.scrubber, guard)
  const environment: Family.Environment = {
    scrub: scrub.field,
    refuse: (problem) => guard.count("recorder", new RangeError(problem)),
    overflow: (metric, label) => books.overflow(metric, label, 1),
    now
  }

  const byName = new Map<string, Family.Family>()
  const byDefinition = new WeakMap<Catalogue.Definition, Family.Family>()
  const claims = new Map<string, string>()
  const collectors = new Map<Family.Family, Set<Collectors.Entry>>()

  const add = (definition: Catalogue.Definition): Family.Family => {
    const family = new Family.Family(definition, environment)
    byName.set(definition.name, family)
    byDefinition.set(definition, family)
    for (const name of Catalogue.claimedNames(definition)) claims.set(name, definition.name)
    return family
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
      books.clash("definition", definition.name)
      guard.count("recorder", new Error(`${definition.name}: another metric has this name already`))
      return undefined
    }
    if (byName.size >= maxDefinitions) {
      guard.count("recorder", new Error(`${definition.name}: ${maxDefinitions} metrics are defined already`))
      return undefined
    }
    books.expect(definition)
    return add(definition)
  }

  /** What two collectors tell of one label set: amounts add up, of two moments the later one holds. */
  const together = (definition: Catalogue.Definition, one: number, other: number): number =>
    definition.kind === "gauge" && definition.exposes === "age" ? Math.max(one, other) : one + other

  const scalar = (definition: Catalogue.Counter | Catalogue.Gauge, value: number): number =>
    definition.kind === "gauge" && definition.exposes === "age" ? Math.max(0, (now() - value) / 1000) : value

  /** What one collector tells, all of it or, where a part is garbage, a fault. */
  const told = (family: Family.Family, entry: Collectors.Entry, gathered: Gathered) => {
    const { definition } = family
    const answer = gathered.get(entry) ?? entry.now?.()
    if (answer?._tag === "Fault") {
      throw new Error(`${definition.name}: a collector told nothing`, { cause: answer.fault })
    }
    return (answer?.values ?? []).flatMap(({ labels, value }) => {
      if (!Number.isFinite(value) || (definition.kind === "counter" && value < 0)) {
        throw new RangeError(`${definition.name}: a collector told ${value}`)
      }
      const resolved = family.resolve(labels)
      // What the collector itself has put there was counted by whoever did it.
      const overflowed = resolved?.overflowed?.filter((label) => labels[label] !== Catalogue.overflowValue) ?? []
      return resolved === undefined ? [] : [{ series: resolved.series, overflowed, value }]
    })
  }

  const collected = (
    family: Family.Family,
    from: Iterable<Collectors.Entry>,
    gathered: Gathered
  ): Map<Family.Series, number> => {
    const { definition } = family
    const values = new Map<Family.Series, number>()
    for (const entry of from) {
      let answer: ReturnType<typeof told>
      try {
        answer = told(family, entry, gathered)
      } catch (fault) {
        // A counter without one of its parts would seem to fall, and be taken for one that began anew.
        if (definition.kind === "counter") throw fault
        books.scrapeFailed(definition.name, fault)
        continue
      }
      for (const { overflowed, series, value } of answer) {
        family.overflow(overflowed)
        const other = values.get(series)
        values.set(series, other === undefined ? value : together(definition, other, value))
      }
    }
    return values
  }

  const scalars = (
    family: Family.Family,
    definition: Catalogue.Counter | Catalogue.Gauge,
    gathered: Gathered
  ): ReadonlyArray<Snapshot.ScalarSeries> => {
    const from = collectors.get(family)
    const told = from === undefined ? undefined : collected(family, from, gathered)
    const out: Array<Snapshot.ScalarSeries> = []
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

  const histograms = (family: Family.Family): ReadonlyArray<Snapshot.HistogramSeries> => {
    const out: Array<Snapshot.HistogramSeries> = []
    for (const { bound, cell, labels } of family.all) if (bound && cell.kind === "histogram") out.push({ labels, cell })
    return out
  }

  const snapshotOf = (family: Family.Family, gathered: Gathered): Snapshot.Snapshot => {
    const { definition } = family
    return definition.kind === "histogram"
      ? { _tag: "Histograms", definition, series: histograms(family) }
      : { _tag: "Scalars", definition, series: scalars(family, definition, gathered) }
  }

  const snapshot: Registry["snapshot"] = (definition, gathered = nothingGathered) => {
    const family = familyOf(definition)
    if (family === undefined) return undefined
    try {
      return snapshotOf(family, gathered)
    } catch (fault) {
      books.scrapeFailed(definition.name, fault)
      return undefined
    }
  }

  // The registry's own are asked as they are written: what failed in a scrape is to show in it.
  const own = new Set<Collectors.Entry>()

  const gather: Registry["gather"] = async () => {
    const asked = [...collectors.values()].flatMap((entries) =>
      [...entries].flatMap((entry) => entry.later === undefined ? [] : [{ entry, told: entry.later() }])
    )
    const gathered = new Map(await Promise.all(asked.map(async ({ entry, told }) => [entry, await told] as const)))
    const atOnce = [...collectors.values()].flatMap((entries) =>
      [...entries].flatMap((entry) => entry.now === undefined || own.has(entry) ? [] : [{ entry, now: entry.now }])
    )
    // Time that is short is short for those who take it.
    const ordered = atOnce.sort((one, other) =>
      Number(one.entry.patience.isTried) - Number(other.entry.patience.isTried)
    )
    const started = performance.now()
    for (const { entry, now } of ordered) gathered.set(entry, Patience.isSpent(started) ? Collectors.outOfTime : now())
    return gathered
  }

  const attach = (collector: Metrics.Collector, context: Context.Context<never>) => {
    const family = familyOf(collector.definition)
    if (family === undefined) return undefined
    // An entry of its own, so that a collector that is added twice is taken away once at a time.
    const entry = Collectors.make(collector, context)
    const set = collectors.get(family) ?? new Set<Collectors.Entry>()
    collectors.set(family, set.add(entry))
    return { entry, family, set }
  }

  const collect = (collector: Metrics.Collector) =>
    Effect.acquireRelease(
      Effect.withFiber((fiber) => Effect.succeed(guarded(() => attach(collector, fiber.context), () => undefined))),
      (attached) =>
        Effect.sync(() => {
          if (attached === undefined) return
          attached.set.delete(attached.entry)
          attached.entry.release()
          if (attached.set.size === 0) collectors.delete(attached.family)
        })
    ).pipe(Effect.asVoid)

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
    samples: () =>
      [...byName.values()].flatMap((family) => {
        const state = snapshot(family.definition)
        return state === undefined ? [] : Snapshot.samples(state)
      })
  }

  for (const definition of Object.values(options.catalogue.metrics)) {
    books.expect(definition)
    add(definition)
  }
  const self = SelfMetrics.selfMetrics(options.catalogue.prefix)
  for (const definition of Object.values(self)) add(definition)
  for (const collector of books.collectors(self)) {
    const attached = attach(collector, Context.empty())
    if (attached !== undefined) own.add(attached.entry)
  }

  return {
    books,
    recording,
    definitions: () => [...byName.values()].map((family) => family.definition),
    gather,
    snapshot,
    clean: Cleaning.make(scrub)
  }
}
