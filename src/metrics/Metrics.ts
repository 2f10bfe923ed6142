/**
 * The service that keeps metric values.
 *
 * Programs seldom use it directly: combinators (`Observation.make`) and recorders do. What is recorded here is exposed
 * on `/metrics` by the live layer, and read by the accessors of `testing/` under the test layer.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Catalogue from "../Catalogue.ts"

/** The trace that an observation belongs to, exposed as an OpenMetrics exemplar labelled `trace_id` and `span_id`. */
export interface Exemplar {
  readonly traceId: string
  readonly spanId: string
  /**
   * Writes both ids as words of 32 bits, four of the trace and two of the span, where they are at hand as such: nobody
   * has to make text of them before they are exposed. What keeps an exemplar must not keep this object, it may be a span.
   */
  readonly writeIds?: ((into: Int32Array, at: number) => void) | undefined
}

/** One label set of a counter. */
export interface CounterCell {
  /** Adds `amount` (1 by default). A negative amount, or one that is no number, is refused and counted as a fault. */
  readonly increment: (amount?: number) => void
}

/** One label set of a gauge. */
export interface GaugeCell {
  /** Sets the value; for a gauge that exposes an age, the moment in milliseconds since the epoch. */
  readonly set: (value: number) => void
  readonly add: (amount: number) => void
}

/** One label set of a histogram. */
export interface HistogramCell {
  /**
   * Counts a value in the metric's unit, with the trace it belongs to when that trace is sampled. `at` is the moment of
   * it in milliseconds since the epoch, for those who have read the clock anyway; it is read here otherwise.
   */
  readonly observe: (value: number, exemplar?: Exemplar | undefined, at?: number | undefined) => void
}

/** What a collector tells about one label set at the time of a scrape. */
export interface CollectedValue {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * A counter or gauge whose values are asked for at each scrape: spans of the pipeline, connections of a pool.
 *
 * What several collectors tell of one label set adds up (two pools; of two moments the later one holds). A counter's
 * recorded and collected counts add up too; a gauge's collected value beats a recorded one.
 */
export interface Collector {
  readonly definition: Catalogue.Counter | Catalogue.Gauge
  /**
   * A function that is synchronous and cheap, or an effect for what takes time: the length of a queue in a database.
   *
   * When it throws or fails, tells what is no finite number, or tells more than 10,000 values, all that it would tell is
   * absent from that scrape and a fault is counted; what others tell of the same gauge stays, while a counter, whose sums
   * would fall, is absent altogether. So it is for an effect without an answer in a second: the scrape goes on, and the
   * effect is not run again while it runs. `samples`, which is synchronous, leaves out what effects tell. What holds
   * the event loop for more than 500 ms twice in a row is left alone for a minute or more, counted as well. A function
   * that never returns stops the whole program, as it would anywhere.
   */
  readonly collect: (() => Iterable<CollectedValue>) | Effect.Effect<Iterable<CollectedValue>, unknown>
}

/** One exposed value, for tests and the summary of a program. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Prometheus text format 0.0.4, or OpenMetrics 1.0. */
export type Format = "prometheus" | "openmetrics"

/** The service's operations. The recording ones are synchronous and never throw. */
export interface Service {
  readonly enabled: boolean
  /** The cell of a label set, bound once; bind it outside of hot code. */
  readonly counter: <L extends Catalogue.Labels>(
    definition: Catalogue.Counter<L>,
    labels: Catalogue.LabelValues<L>
  ) => CounterCell
  readonly gauge: <L extends Catalogue.Labels>(
    definition: Catalogue.Gauge<L>,
    labels: Catalogue.LabelValues<L>
  ) => GaugeCell
  readonly histogram: <L extends Catalogue.Labels>(
    definition: Catalogue.Histogram<L>,
    labels: Catalogue.LabelValues<L>
  ) => HistogramCell
  /** Makes label sets known that the catalogue could not name (the routes of a router): they show at 0 from now on. */
  readonly declare: <L extends Catalogue.Labels>(
    definition: Catalogue.Counter<L> | Catalogue.Histogram<L>,
    known: ReadonlyArray<Catalogue.LabelValues<L>>
  ) => void
  /** Adds a collector for the life of the scope. */
  readonly collect: (collector: Collector) => Effect.Effect<void, never, Scope.Scope>
  /** The exposition, as a scrape would see it. */
  readonly render: (format: Format) => Effect.Effect<string>
  /** The values of the catalogue's metrics at this moment (histograms as `_bucket`, `_sum`, `_count`). */
  readonly samples: () => ReadonlyArray<Sample>
  /** Where `/metrics` is served, if it is. */
  readonly address: Option.Option<{ readonly host: string; readonly port: number }>
}

/**
 * Keeps metric values.
 *
 * @example
 * import { Metrics } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * export const exposition = Effect.flatMap(Metrics.Metrics, (metrics) => metrics.render("prometheus"))
 */
export class Metrics extends Context.Service<Metrics, Service>()("@dawsos/observability/Metrics") {}

const nothing = (): void => {}
const counterCell: CounterCell = { increment: nothing }
const gaugeCell: GaugeCell = { set: nothing, add: nothing }
const histogramCell: HistogramCell = { observe: nothing }

/** The service that keeps nothing: what a program with `ENABLE_OBSERVABILITY=false` gets. */
export const disabled: Service = {
  enabled: false,
  counter: () => counterCell,
  gauge: () => gaugeCell,
  histogram: () => histogramCell,
  declare: nothing,
  collect: () => Effect.void,
  render: () => Effect.succeed(""),
  samples: () => [],
  address: Option.none()
}
