/**
 * Reads metric values and holds them against what a test expects, by the definitions that the program records with.
 *
 * It reads the `Metrics` service that the program writes to, so labels are checked by the compiler. A gauge that was
 * never set is absent, which is not 0.
 *
 * @example
 * import { TestMetrics } from "@dawsos/observability/testing"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const test = Effect.gen(function*() {
 *   yield* Effect.void.pipe(DawsOs.withPatternMetrics({ patternId: "policy_rebalance" }))
 *   yield* TestMetrics.expectValue(
 *     DawsOs.metrics.patternExecutionsTotal,
 *     { pattern_id: "policy_rebalance", status: "success" },
 *     1
 *   )
 * }).pipe(Effect.provide(DawsOs.layerTest))
 */
import * as Effect from "effect/Effect"
import * as Function from "effect/Function"
import * as Option from "effect/Option"
import type * as Catalogue from "../Catalogue.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as Scrubber from "../Scrubber.ts"
import { expect, met } from "./ExpectationError.ts"
import * as Pattern from "./Pattern.ts"

/** What a histogram has observed of one label set, in the metric's unit. */
export interface HistogramValue {
  readonly count: number
  readonly sum: number
  /** Observations up to each bound, as exposed: cumulated, `+Inf` last. */
  readonly buckets: ReadonlyArray<{ readonly le: number; readonly count: number }>
}

type Scalar<L extends Catalogue.Labels> = Catalogue.Counter<L> | Catalogue.Gauge<L>
type Definition<L extends Catalogue.Labels> = Scalar<L> | Catalogue.Histogram<L>
type Values = Readonly<Record<string, string>>

interface Series {
  readonly labels: Values
  readonly value: number
}

interface Reading {
  readonly enabled: boolean
  readonly series: (name: string) => ReadonlyArray<Series>
  /** The series of a label set, as it was given or as the scrubber left it. */
  readonly find: (name: string, labels: Values) => ReadonlyArray<Series>
}

const without = (labels: Values, left: string): Values => {
  const { [left]: _, ...rest } = labels
  return rest
}

const sameLabels = (one: Values, other: Values): boolean => {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}

const read: Effect.Effect<Reading, never, Metrics.Metrics> = Effect.gen(function*() {
  const metrics = yield* Metrics.Metrics
  const scrubber = yield* Scrubber.CurrentScrubber
  const samples = metrics.samples()
  const series = (name: string): ReadonlyArray<Series> => samples.filter((sample) => sample.name === name)
  return {
    enabled: metrics.enabled,
    series,
    find: (name, labels) => {
      const all = series(name)
      const matching = (wanted: Values) => all.filter((each) => sameLabels(without(each.labels, "le"), wanted))
      const found = matching(labels)
      if (found.length > 0) return found
      return matching(Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, scrubber.text(value)])))
    }
  }
})

const scalarOf = (reading: Reading, definition: Catalogue.Definition, labels: Values): number | undefined =>
  reading.find(definition.kind === "histogram" ? `${definition.name}_count` : definition.name, labels)[0]?.value

const histogramOf = (reading: Reading, { name }: Catalogue.Definition, labels: Values): HistogramValue | undefined => {
  const count = reading.find(`${name}_count`, labels)[0]?.value
  const sum = reading.find(`${name}_sum`, labels)[0]?.value
  if (count === undefined || sum === undefined) return undefined
  return {
    count,
    sum,
    buckets: reading.find(`${name}_bucket`, labels).map(({ labels: { le = "" }, value }) => ({
      le: le === "+Inf" ? Infinity : Number(le),
      count: value
    }))
  }
}

const shown = (name: string, labels: Values): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`
}

/** How many series a message lists. */
const maxListed = 25

// Those that were recorded say more than the many that are known at 0.
const listed = (reading: Reading, definition: Catalogue.Definition): string => {
  if (!reading.enabled) return "metrics are off in this layer: nothing is counted"
  const name = definition.kind === "histogram" ? `${definition.name}_count` : definition.name
  const all = reading.series(name)
  if (all.length === 0) return `there is no series of ${definition.name}`
  const interesting = definition.kind === "gauge" ? all : all.filter(({ value }) => value !== 0)
  const zeros = all.length - interesting.length
  return [
    interesting.length === 0 ? `no series of ${definition.name} has a value above 0` : `there is`,
    ...interesting.slice(0, maxListed).map(({ labels, value }) => `  ${shown(name, labels)} ${value}`),
    ...(interesting.length > maxListed ? [`  … and ${interesting.length - maxListed} more`] : []),
    ...(zeros === 0 ? [] : [`  and ${zeros} series at 0`])
  ].join("\n")
}

/**
 * The value of a counter or gauge; none when the label set is absent: never recorded and not known in advance, or a
 * gauge that was not set.
 */
export const value = <L extends Catalogue.Labels>(
  definition: Scalar<L>,
  labels: Catalogue.LabelValues<NoInfer<L>>
): Effect.Effect<Option.Option<number>, never, Metrics.Metrics> =>
  Effect.map(read, (reading) => Option.fromUndefinedOr(scalarOf(reading, definition as Catalogue.Definition, labels)))

/** What a histogram has observed; none when the label set is absent. */
export const histogram = <L extends Catalogue.Labels>(
  definition: Catalogue.Histogram<L>,
  labels: Catalogue.LabelValues<NoInfer<L>>
): Effect.Effect<Option.Option<HistogramValue>, never, Metrics.Metrics> =>
  Effect.map(
    read,
    (reading) => Option.fromUndefinedOr(histogramOf(reading, definition as Catalogue.Definition, labels))
  )

/**
 * Expects a counter or gauge to have this value. An absent one is not 0: `expectAbsent` is for those. Dies with an
 * `ExpectationError` that lists the series that exist.
 *
 * @example
 * import { TestMetrics } from "@dawsos/observability/testing"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 *
 * export const check = TestMetrics.expectValue(DawsOs.metrics.dbConnectionsActive, {}, 3)
 */
export const expectValue = <L extends Catalogue.Labels>(
  definition: Scalar<L>,
  labels: Catalogue.LabelValues<NoInfer<L>>,
  expected: number
): Effect.Effect<void, never, Metrics.Metrics> =>
  expect(
    expectValue,
    Effect.map(read, (reading) => {
      const actual = scalarOf(reading, definition as Catalogue.Definition, labels)
      if (actual === expected) return met
      return {
        problem: `expected ${shown(definition.name, labels)} to be ${expected}, was ${actual ?? "absent"}\n` +
          listed(reading, definition as Catalogue.Definition)
      }
    })
  )

/** Expects that a label set does not exist: nothing was recorded there, and it is not among the known ones. */
export const expectAbsent = <L extends Catalogue.Labels>(
  definition: Definition<L>,
  labels: Catalogue.LabelValues<NoInfer<L>>
): Effect.Effect<void, never, Metrics.Metrics> =>
  expect(
    expectAbsent,
    Effect.map(read, (reading) => {
      const actual = scalarOf(reading, definition as Catalogue.Definition, labels)
      if (actual === undefined) return met
      return { problem: `expected ${shown(definition.name, labels)} to be absent, was ${actual}` }
    })
  )

/**
 * Expects what a histogram has observed: its `count`, its `sum` or both, as numbers or predicates.
 *
 * @example
 * import { TestMetrics } from "@dawsos/observability/testing"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 *
 * export const check = TestMetrics.expectHistogram(
 *   DawsOs.metrics.patternExecutionDuration,
 *   { pattern_id: "policy_rebalance" },
 *   { count: 1, sum: 0.25 }
 * )
 */
export const expectHistogram = <L extends Catalogue.Labels>(
  definition: Catalogue.Histogram<L>,
  labels: Catalogue.LabelValues<NoInfer<L>>,
  expected: { readonly [Key in "count" | "sum"]?: Pattern.Pattern<number> | undefined }
): Effect.Effect<void, never, Metrics.Metrics> =>
  expect(
    expectHistogram,
    Effect.map(read, (reading) => {
      const actual = histogramOf(reading, definition as Catalogue.Definition, labels)
      const asked = Object.fromEntries(Object.entries(expected).filter(([, pattern]) => pattern !== undefined))
      const differences = Pattern.differences(asked, actual ?? {})
      if (differences.length === 0) return met
      return {
        problem: [
          `${shown(definition.name, labels)} is not as expected`,
          ...differences.map((difference) => `  ${Pattern.describe(difference)}`),
          listed(reading, definition as Catalogue.Definition)
        ].join("\n")
      }
    })
  )

const amount = (definition: Catalogue.Definition, labels: Values): Effect.Effect<number, never, Metrics.Metrics> =>
  Effect.map(read, (reading) => scalarOf(reading, definition, labels) ?? 0)

/**
 * Runs an effect and answers by how much a metric has changed; of a histogram, how many observations were added. An
 * absent label set counts as 0. Fails as the effect does.
 */
export const delta: {
  <L extends Catalogue.Labels>(
    definition: Definition<L>,
    labels: Catalogue.LabelValues<NoInfer<L>>
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<number, E, R | Metrics.Metrics>
  <A, E, R, L extends Catalogue.Labels>(
    self: Effect.Effect<A, E, R>,
    definition: Definition<L>,
    labels: Catalogue.LabelValues<NoInfer<L>>
  ): Effect.Effect<number, E, R | Metrics.Metrics>
} = Function.dual(
  3,
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    definition: Catalogue.Definition,
    labels: Values
  ): Effect.Effect<number, E, R | Metrics.Metrics> =>
    Effect.gen(function*() {
      const before = yield* amount(definition, labels)
      yield* self
      return (yield* amount(definition, labels)) - before
    })
)

/**
 * Runs an effect and expects that a metric changes by `expected` meanwhile, however the effect ends; its result, its
 * errors and what it needs stay. Of a histogram, the observations are counted.
 *
 * @example
 * import { TestMetrics } from "@dawsos/observability/testing"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * const quote = { provider: "fmp", endpoint: "/v3/quote/{symbol}" }
 *
 * export const check = Effect.fail("no quote").pipe(
 *   DawsOs.withProviderMetrics(quote),
 *   TestMetrics.expectDelta(DawsOs.metrics.providerRequestsTotal, { ...quote, status: "error" }, 1)
 * )
 */
export const expectDelta: {
  <L extends Catalogue.Labels>(
    definition: Definition<L>,
    labels: Catalogue.LabelValues<NoInfer<L>>,
    expected: number
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R | Metrics.Metrics>
  <A, E, R, L extends Catalogue.Labels>(
    self: Effect.Effect<A, E, R>,
    definition: Definition<L>,
    labels: Catalogue.LabelValues<NoInfer<L>>,
    expected: number
  ): Effect.Effect<A, E, R | Metrics.Metrics>
} = Function.dual(
  4,
  <A, E, R>(
    self: Effect.Effect<A, E, R>,
    definition: Catalogue.Definition,
    labels: Values,
    expected: number
  ): Effect.Effect<A, E, R | Metrics.Metrics> => {
    const checked = Effect.gen(function*() {
      const before = yield* amount(definition, labels)
      const exit = yield* Effect.exit(self)
      const reading = yield* read
      const actual = (scalarOf(reading, definition, labels) ?? 0) - before
      if (actual === expected) return { met: exit }
      return {
        problem: `expected ${shown(definition.name, labels)} to change by ${expected}, changed by ${actual}` +
          ` (the effect ended with ${exit._tag})\n${listed(reading, definition)}`
      }
    })
    return Effect.flatten(expect(expectDelta, checked))
  }
)
