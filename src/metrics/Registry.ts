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
import * as Collected from "./Collected.ts"
import * as Collectors from "./Collectors.ts"
import * as Family from "./Family.ts"
import type * as Metrics from "./Metrics.ts"
import * as Patience from "./Patience.ts"
import type * as Rows from "./Rows.ts"
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

/** What a scrape shows, all of one moment. */
export interface Gathered {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What collectors have told. */
  readonly told: Collected.Answers
  /** The numbers of the metrics, in the order in which they are exposed. */
  readonly rows: ReadonlyMap<Family.Family, Rows.Copy>
}

/** The metrics of one layer. */
export interface Registry {
  readonly books: Books.Books
  readonly recording: Pick<Metrics.Service, "counter" | "gauge" | "histogram" | "declare" | "collect" | "samples">
  /** The definitions in the order in which they are exposed. */
  readonly definitions: () => ReadonlyArray<Catalogue.Definition>
  /**
   * Asks the collectors that take time, all at once, then all others in one go, and copies all numbers right after
   * that, so that what a scrape shows is of one moment however long the writing takes; ends by `Asking.deadline` whatever
   * the collectors do. Exemplars are copied where they are to be shown.
   */
  readonly gather: (exemplars: boolean) => Promise<Gathered>
  /**
   * The state of one metric, as it was gathered or else as it is now. Of a gauge, what a collector that failed would have
   * told is missing, and a fault is counted; of a counter all of it, since its sums would fall: `undefined`, and one
   * fault.
   */
  readonly snapshot: (definition: Catalogue.Definition, gathered?: Gathered) => Snapshot.Snapshot | undefined
  /** Cleans the texts of metrics that are not of the catalogue. */
  readonly clean: Cleaning.Clean
}

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

  const snapshotOf = (family: Family.Family, gathered: Gathered | undefined): Snapshot.Snapshot => {
    const { definition } = family
    if (definition.kind === "histogram") {
      const { exemplars, rows, values } = gathered?.rows.get(family) ?? family.rows.copy(true)
      // Each by its name: the shape of what is spread is forgotten between two scrapes (see `Shapes`).
      return { _tag: "Histograms", definition, family, rows, values, exemplars }
    }
    const recorded = (gathered?.rows.get(family) ?? family.rows.copy(false)).values
    const from = collectors.get(family)
    const told = from === undefined ? undefined : Collected.collected(family, from, gathered?.told, books)
    const values = Collected.together(family, definition, recorded, told, gathered?.at ?? now())
    return { _tag: "Scalars", definition, family, rows: values.length, values }
  }

  const snapshot: Registry["snapshot"] = (definition, gathered) => {
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

  const gather: Registry["gather"] = async (exemplars) => {
    const asked = [...collectors.values()].flatMap((entries) =>
      [...entries].flatMap((entry) => entry.later === undefined ? [] : [{ entry, told: entry.later() }])
    )
    const answers = new Map(await Promise.all(asked.map(async ({ entry, told }) => [entry, await told] as const)))
    const atOnce = [...collectors.values()].flatMap((entries) =>
      [...entries].flatMap((entry) => entry.now === undefined || own.has(entry) ? [] : [{ entry, now: entry.now }])
    )
    // Time that is short is short for those who take it.
    const ordered = atOnce.sort((one, other) =>
      Number(one.entry.patience.isTried) - Number(other.entry.patience.isTried)
    )
    const started = performance.now()
    for (const { entry, now } of ordered) answers.set(entry, Patience.isSpent(started) ? Collectors.outOfTime : now())
    return {
      at: now(),
      told: answers,
      rows: new Map([...byName.values()].map((family) => [family, family.rows.copy(exemplars)]))
    }
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
  const detached = (fault: unknown): typeof Cells.detached => {
    guard.count("recorder", fault)
    return Cells.detached
  }

  const recording: Registry["recording"] = {
    // On the way of every operation whose labels are known no sooner: what is made here, a closure say, would be felt.
    counter: (definition, labels) => {
      try {
        const family = familyOf(definition as Catalogue.Counter)
        return family === undefined ? Cells.detached : Family.counter(family, labels)
      } catch (fault) {
        return detached(fault)
      }
    },
    gauge: (definition, labels) => {
      try {
        const family = familyOf(definition as Catalogue.Gauge)
        return family === undefined ? Cells.detached : Family.gauge(family, labels)
      } catch (fault) {
        return detached(fault)
      }
    },
    histogram: (definition, labels) => {
      try {
        const family = familyOf(definition as Catalogue.Histogram)
        return family === undefined ? Cells.detached : Family.histogram(family, labels)
      } catch (fault) {
        return detached(fault)
      }
    },
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
