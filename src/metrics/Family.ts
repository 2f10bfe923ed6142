/**
 * One metric: its label sets and their cells, within the bounds of its definition.
 */
import * as Catalogue from "../Catalogue.ts"
import * as Cells from "./Cells.ts"
import * as Labels from "./Labels.ts"
import type * as Metrics from "./Metrics.ts"

/** One label set of a metric. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly cell: Cells.Cell
  /** Whether its cell was bound or declared; a series that only a collector named shows while the collector tells it. */
  bound: boolean
}

/** Where a label set led. */
export interface Resolved {
  readonly series: Series
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

// A trie, one level a label: no key has to be put together, so no value can be mistaken for two.
type Node = Map<string, Node | Series>

const none: ReadonlyArray<string> = []

/** The label sets and cells of one definition. */
export class Family {
  readonly definition: Catalogue.Definition
  readonly names: ReadonlyArray<string>
  readonly all: Array<Series> = []
  readonly #environment: Environment
  readonly #tables: ReadonlyArray<Labels.LabelTable>
  readonly #bounded: ReadonlyArray<boolean>
  readonly #root: Node = new Map()
  #single: Series | undefined

  constructor(definition: Catalogue.Definition, environment: Environment) {
    this.definition = definition
    this.names = Object.keys(definition.labels)
    this.#environment = environment
    this.#tables = Object.entries(definition.labels).map(([name, label]) =>
      Labels.make(label, (value) => environment.scrub(name, value))
    )
    this.#bounded = Object.values(definition.labels).map((label) => label._tag === "Bounded")
    // A gauge is absent until it is set, so only counters and histograms are bound in advance.
    if (definition.kind !== "gauge") this.declare(definition.known)
  }

  /** Binds label sets in advance, so that they show at 0. */
  declare(known: ReadonlyArray<Readonly<Record<string, string>>>): void {
    for (const labels of known) {
      const resolved = this.resolve(labels)
      if (resolved !== undefined) resolved.series.bound = true
    }
  }

  /** The series of a label set; `undefined`, and a fault, when the set is not one of this metric. */
  resolve(labels: Readonly<Record<string, string>>): Resolved | undefined {
    const values: Array<string> = []
    let overflowed: Array<string> | undefined
    for (let index = 0; index < this.names.length; index++) {
      const name = this.names[index]!
      const raw: unknown = labels[name]
      const value = typeof raw === "string" ? this.#tables[index]!.accept(raw) : undefined
      if (value === undefined) {
        this.#environment.refuse(
          `${this.definition.name}: label ${name} was ${typeof raw === "string" ? "a value not listed" : typeof raw}`
        )
        return undefined
      }
      if (value === Catalogue.overflowValue && this.#bounded[index]!) (overflowed ??= []).push(name)
      values.push(value)
    }
    const found = this.#find(values)
    if (found !== undefined) return { series: found, overflowed }
    if (this.all.length < Catalogue.maxSeriesPerMetric) return { series: this.#create(values), overflowed }
    const folded = values.map((value, index) => this.#bounded[index]! ? Catalogue.overflowValue : value)
    return { series: this.#find(folded) ?? this.#create(folded), overflowed: [...overflowed ?? none, seriesOverflow] }
  }

  /** Tells that a record fell into `__overflow__`. */
  overflow(labels: ReadonlyArray<string>): void {
    for (const label of labels) this.#environment.overflow(this.definition.name, label)
  }

  #find(values: ReadonlyArray<string>): Series | undefined {
    if (values.length === 0) return this.#single
    let node: Node | Series | undefined = this.#root
    for (const value of values) node = (node as Node | undefined)?.get(value)
    return node as Series | undefined
  }

  #create(values: ReadonlyArray<string>): Series {
    const labels: Record<string, string> = {}
    this.names.forEach((name, index) => {
      labels[name] = values[index]!
    })
    const series: Series = { labels, cell: this.#cell(), bound: false }
    this.all.push(series)
    if (values.length === 0) this.#single = series
    let node = this.#root
    values.forEach((value, index) => {
      if (index === values.length - 1) node.set(value, series)
      else {
        const next = (node.get(value) as Node | undefined) ?? new Map()
        node.set(value, next)
        node = next
      }
    })
    return series
  }

  #cell(): Cells.Cell {
    const { definition } = this
    const refuse: Cells.Refuse = (problem) => this.#environment.refuse(`${definition.name}: ${problem}`)
    switch (definition.kind) {
      case "counter":
        return new Cells.Counter(refuse)
      case "gauge":
        return new Cells.Gauge(refuse)
      case "histogram":
        return new Cells.Histogram(definition.buckets, refuse, this.#environment.now)
    }
  }
}

/** Counts each record that is taken by a cell in an overflow series. */
const counted = (family: Family, labels: ReadonlyArray<string>) => (taken: boolean): void => {
  if (taken) family.overflow(labels)
}

/** A counter's cell for a label set. */
export const counter = (family: Family, labels: Readonly<Record<string, string>>): Metrics.CounterCell => {
  const resolved = family.resolve(labels)
  const cell = resolved?.series.cell
  if (resolved === undefined || cell?.kind !== "counter") return Cells.detached
  resolved.series.bound = true
  if (resolved.overflowed === undefined) return cell
  const count = counted(family, resolved.overflowed)
  return { increment: (amount) => count(cell.increment(amount)) }
}

/** A gauge's cell for a label set. */
export const gauge = (family: Family, labels: Readonly<Record<string, string>>): Metrics.GaugeCell => {
  const resolved = family.resolve(labels)
  const cell = resolved?.series.cell
  if (resolved === undefined || cell?.kind !== "gauge") return Cells.detached
  resolved.series.bound = true
  if (resolved.overflowed === undefined) return cell
  const count = counted(family, resolved.overflowed)
  return { set: (value) => count(cell.set(value)), add: (amount) => count(cell.add(amount)) }
}

/** A histogram's cell for a label set. */
export const histogram = (family: Family, labels: Readonly<Record<string, string>>): Metrics.HistogramCell => {
  const resolved = family.resolve(labels)
  const cell = resolved?.series.cell
  if (resolved === undefined || cell?.kind !== "histogram") return Cells.detached
  resolved.series.bound = true
  if (resolved.overflowed === undefined) return cell
  const count = counted(family, resolved.overflowed)
  return { observe: (value, exemplar) => count(cell.observe(value, exemplar)) }
}
