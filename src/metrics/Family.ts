/**
 * One metric: its label sets and their cells, within the bounds of its definition.
 */
import * as Catalogue from "../Catalogue.ts"
import * as Cells from "./Cells.ts"
import { LabelIndex } from "./LabelIndex.ts"
import * as Labels from "./Labels.ts"
import type * as Metrics from "./Metrics.ts"
import * as Rows from "./Rows.ts"

/** Where a label set led. */
export interface Resolved {
  readonly row: number
  /** The labels whose values fell into `__overflow__`; `seriesOverflow` for the cap of series. */
  readonly overflowed: ReadonlyArray<string> | undefined
}

/** What a family needs of its surroundings. */
export interface Environment {
  /** Cleans a value of the label `name`. */
  readonly scrub: (name: string, value: string) => string
  readonly refuse: (problem: string) => void
  readonly overflow: (metric: string, label: string) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Named in the place of a label where the cap of series of a metric was hit, not the cap of one label. */
export const seriesOverflow = "__series__"

/**
 * Label sets that are found as the program gives them. More than the series of a metric, since some become equal when
 * they are cleaned; few enough that a program whose values become equal without end does not fill the heap with them.
 */
const maxKnown = 2 * Catalogue.maxSeriesPerMetric

const none: ReadonlyArray<string> = []

/**
 * The names of labels in the order in which they are looked at: those of few values first, since each value but that of
 * the last one has a table of its own.
 */
const byValues = (labels: Catalogue.Labels): ReadonlyArray<string> => {
  const values = (label: Catalogue.Label): number => label._tag === "OneOf" ? 0 : label.max
  return Object.entries(labels).sort(([, one], [, other]) => values(one) - values(other)).map(([name]) => name)
}

/** The label sets and cells of one definition. */
export class Family {
  readonly definition: Catalogue.Definition
  readonly names: ReadonlyArray<string>
  /** A row for each label set; it shows when it was bound, declared or, of a gauge, set. */
  readonly rows: Rows.Rows
  readonly #labels: Array<Readonly<Record<string, string>>> = []
  readonly #environment: Environment
  readonly #tables: ReadonlyArray<Labels.LabelTable>
  readonly #bounded: ReadonlyArray<boolean>
  /**
   * Label sets as the program gives them, that is before they are cleaned: those that the tables have let pass, and none
   * that fell into `__overflow__`. What is not among them takes the way through the tables.
   */
  readonly #known: LabelIndex
  /** Label sets as they are shown. */
  readonly #shown: LabelIndex

  constructor(definition: Catalogue.Definition, environment: Environment) {
    this.definition = definition
    this.names = Object.keys(definition.labels)
    this.#environment = environment
    this.#tables = Object.entries(definition.labels).map(([name, label]) =>
      Labels.make(label, (value) => environment.scrub(name, value))
    )
    this.#bounded = Object.values(definition.labels).map((label) => label._tag === "Bounded")
    this.rows = new Rows.Rows({
      bounds: definition.kind === "histogram" ? Float64Array.from(definition.buckets) : undefined,
      refuse: (problem) => environment.refuse(`${definition.name}: ${problem}`),
      now: environment.now
    })
    const order = byValues(definition.labels)
    this.#known = new LabelIndex(order, maxKnown)
    this.#shown = new LabelIndex(order, Infinity)
    // A gauge is absent until it is set, so only counters and histograms are bound in advance.
    if (definition.kind !== "gauge") this.declare(definition.known)
  }

  /** The label set of a row. */
  labels(row: number): Readonly<Record<string, string>> {
    return this.#labels[row] ?? {}
  }

  /** Binds label sets in advance, so that they show at 0. */
  declare(known: ReadonlyArray<Readonly<Record<string, string>>>): void {
    for (const labels of known) {
      const resolved = this.resolve(labels)
      if (resolved !== undefined && this.definition.kind !== "gauge") this.rows.bind(resolved.row)
    }
  }

  /** The row of a label set that was resolved before as it is, unless it overflowed. */
  find(labels: Readonly<Record<string, unknown>>): number | undefined {
    return this.#known.find(labels)
  }

  /** The row of a label set; `undefined`, and a fault, when the set is not one of this metric. */
  resolve(labels: Readonly<Record<string, string>>): Resolved | undefined {
    const known = this.find(labels)
    if (known !== undefined) return { row: known, overflowed: undefined }
    const given: Record<string, string> = {}
    const shown: Record<string, string> = {}
    let overflowed: Array<string> | undefined
    for (let index = 0; index < this.names.length; index++) {
      const name = this.names[index]!
      const raw: unknown = labels[name]
      const value = typeof raw === "string" ? this.#tables[index]!.accept(raw) : undefined
      if (typeof raw !== "string" || value === undefined) {
        this.#environment.refuse(
          `${this.definition.name}: label ${name} was ${typeof raw === "string" ? "a value not listed" : typeof raw}`
        )
        return undefined
      }
      if (value === Catalogue.overflowValue && this.#bounded[index]!) (overflowed ??= []).push(name)
      given[name] = raw
      shown[name] = value
    }
    const found = this.#shown.find(shown)
    if (found === undefined && this.rows.count >= Catalogue.maxSeriesPerMetric) {
      this.names.forEach((name, index) => {
        if (this.#bounded[index]!) shown[name] = Catalogue.overflowValue
      })
      return {
        row: this.#shown.find(shown) ?? this.#create(shown),
        overflowed: [...overflowed ?? none, seriesOverflow]
      }
    }
    const row = found ?? this.#create(shown)
    if (overflowed === undefined) this.#known.add(given, row)
    return { row, overflowed }
  }

  /** Tells that a record fell into `__overflow__`. */
  overflow(labels: ReadonlyArray<string>): void {
    for (const label of labels) this.#environment.overflow(this.definition.name, label)
  }

  #create(labels: Readonly<Record<string, string>>): number {
    const row = this.rows.add()
    this.#labels.push(labels)
    this.#shown.add(labels, row)
    return row
  }
}

/** Counts each record that is taken by a cell in an overflow series. */
const counted = (family: Family, labels: ReadonlyArray<string>) => (taken: boolean): void => {
  if (taken) family.overflow(labels)
}

const boundCounter = ({ rows }: Family, row: number): Cells.Counter => {
  rows.bind(row)
  return new Cells.Counter(rows, row)
}

/** A counter's cell for a label set. */
export const counter = (family: Family, labels: Readonly<Record<string, string>>): Metrics.CounterCell => {
  if (family.definition.kind !== "counter") return Cells.detached
  const known = family.find(labels)
  if (known !== undefined) return boundCounter(family, known)
  const resolved = family.resolve(labels)
  if (resolved === undefined) return Cells.detached
  const cell = boundCounter(family, resolved.row)
  if (resolved.overflowed === undefined) return cell
  const count = counted(family, resolved.overflowed)
  return { increment: (amount) => count(cell.increment(amount)) }
}

/** A gauge's cell for a label set. */
export const gauge = (family: Family, labels: Readonly<Record<string, string>>): Metrics.GaugeCell => {
  if (family.definition.kind !== "gauge") return Cells.detached
  const known = family.find(labels)
  if (known !== undefined) return new Cells.Gauge(family.rows, known)
  const resolved = family.resolve(labels)
  if (resolved === undefined) return Cells.detached
  const cell = new Cells.Gauge(family.rows, resolved.row)
  if (resolved.overflowed === undefined) return cell
  const count = counted(family, resolved.overflowed)
  return { set: (value) => count(cell.set(value)), add: (amount) => count(cell.add(amount)) }
}

const boundHistogram = ({ rows }: Family, row: number): Cells.Histogram => {
  rows.bind(row)
  return new Cells.Histogram(rows, row)
}

/** A histogram's cell for a label set. */
export const histogram = (family: Family, labels: Readonly<Record<string, string>>): Metrics.HistogramCell => {
  if (family.definition.kind !== "histogram") return Cells.detached
  const known = family.find(labels)
  if (known !== undefined) return boundHistogram(family, known)
  const resolved = family.resolve(labels)
  if (resolved === undefined) return Cells.detached
  const cell = boundHistogram(family, resolved.row)
  if (resolved.overflowed === undefined) return cell
  const count = counted(family, resolved.overflowed)
  return { observe: (value, exemplar, at) => count(cell.observe(value, exemplar, at)) }
}
