/** What the metrics room counts of its own doings: what fell into overflow, gave way, failed, and how scrapes went. */
import * as Catalogue from "../Catalogue.ts"
import type * as Guard from "../Guard.ts"
import * as Family from "./Family.ts"
import type * as Metrics from "./Metrics.ts"
import type * as Refusals from "./Refusals.ts"
import type * as SelfMetrics from "./SelfMetrics.ts"

/** Where a metric that had to give way came from. */
export type Source = "definition" | "effect" | "runtime"

/** Counts, and tells them at each scrape. */
export interface Books {
  /** Makes the bounded labels of a definition known at 0, so that the first value beyond a bound is an increase. */
  readonly expect: (definition: Catalogue.Definition) => void
  /** Records of a metric that fell into `__overflow__` because of a label, or of the number of series. */
  readonly overflow: (metric: string, label: string, amount: number) => void
  /** A metric that gave way because its name is taken; counted once a name. */
  readonly clash: (source: Source, name: string) => void
  /** A metric that was left out of a scrape. */
  readonly scrapeFailed: (metric: string, fault: unknown) => void
  /** A request or connection that the metrics server turned away. */
  readonly refused: Refusals.Refuse
  readonly scraped: (format: Metrics.Format, seconds: number, bytes: number) => void
  readonly collectors: (self: SelfMetrics.SelfMetrics) => ReadonlyArray<Metrics.Collector>
}

const add = <Key>(counts: Map<Key, number>, key: Key, amount: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + amount)
}

/** Opens books in which each kind of entry has at most `max` names, and counts what is beyond as `__overflow__`. */
export const make = (guard: Guard.Guard, max: number): Books => {
  const overflows = new Map<string, Map<string, number>>()
  const clashes = new Map<Source, Set<string>>()
  const scrapeErrors = new Map<string, number>()
  const scrapes = new Map<string, number>()
  const refusals = new Map<Refusals.Reason, number>()
  let last: { readonly seconds: number; readonly bytes: number } | undefined

  return {
    expect: ({ labels, name }) => {
      const bounded = Object.keys(labels).filter((label) => labels[label]?._tag === "Bounded")
      if (bounded.length === 0) return
      overflows.set(name, new Map([...bounded, Family.seriesOverflow].map((label) => [label, 0])))
    },
    overflow: (metric, label, amount) => {
      const name = overflows.has(metric) || overflows.size < max ? metric : Catalogue.overflowValue
      const labels = overflows.get(name) ?? new Map<string, number>()
      overflows.set(name, labels)
      add(labels, label, amount)
    },
    clash: (source, name) => {
      const names = clashes.get(source) ?? new Set<string>()
      clashes.set(source, names)
      if (names.size < max) names.add(name)
    },
    scrapeFailed: (metric, fault) => {
      guard.count("collect", fault)
      const name = scrapeErrors.has(metric) || scrapeErrors.size < max ? metric : Catalogue.overflowValue
      add(scrapeErrors, name, 1)
    },
    refused: (reason) => add(refusals, reason, 1),
    scraped: (format, seconds, bytes) => {
      add(scrapes, format, 1)
      last = { seconds, bytes }
    },
    collectors: (self) => [
      {
        definition: self.labelOverflow,
        collect: function*() {
          for (const [metric, labels] of overflows) {
            for (const [label, value] of labels) yield { labels: { metric, label }, value }
          }
        }
      },
      {
        definition: self.faults,
        collect: () => [...guard.faults()].map(([hook, value]) => ({ labels: { hook }, value }))
      },
      {
        definition: self.nameClashes,
        collect: () => [...clashes].map(([source, names]) => ({ labels: { source }, value: names.size }))
      },
      {
        definition: self.scrapes,
        collect: () => [...scrapes].map(([format, value]) => ({ labels: { format }, value }))
      },
      {
        definition: self.scrapeRefusals,
        collect: () => [...refusals].map(([reason, value]) => ({ labels: { reason }, value }))
      },
      {
        definition: self.scrapeErrors,
        collect: () => [...scrapeErrors].map(([metric, value]) => ({ labels: { metric }, value }))
      },
      {
        definition: self.scrapeDuration,
        collect: () => last === undefined ? [] : [{ labels: {}, value: last.seconds }]
      },
      { definition: self.scrapeSize, collect: () => last === undefined ? [] : [{ labels: {}, value: last.bytes }] }
    ]
  }
}
