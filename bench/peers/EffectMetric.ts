// Effect's own `Metric`, in a registry of its own.
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Recorded from "./Recorded.ts"

/** What the two metrics are called and have; see `PromClient`. */
export interface Options {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly buckets: ReadonlyArray<number>
  /** Has the registry of metrics that belong together. */
  readonly context?: Context.Context<never> | undefined
}

export interface EffectMetric {
  /** Has the registry. */
  readonly context: Context.Context<never>
  readonly success: Metric.Counter<number>
  readonly error: Metric.Counter<number>
  readonly duration: Metric.Histogram<number>
  /** The combinator that Effect's documentation composes. */
  readonly observed: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly recorded: () => Recorded.Recorded
}

const one = (): number => 1

const registered = (): Context.Context<never> => Context.make(Metric.MetricRegistry, new Map())

export const make = ({ attributes, buckets, context = registered(), name }: Options): EffectMetric => {
  const counter = (status: string) =>
    Metric.counter(`${name}_total`, { incremental: true, attributes: { ...attributes, status } })
  const [success, error] = [counter("success"), counter("error")]
  const duration = Metric.histogram(`${name}_seconds`, { attributes, boundaries: buckets })
  return {
    context,
    success,
    error,
    duration,
    observed: (self) =>
      self.pipe(
        Effect.trackSuccesses(success, one),
        Effect.trackErrors(error, one),
        Effect.trackDefects(error, one),
        Effect.trackDuration(duration, Duration.toSeconds)
      ),
    recorded: () => Recorded.ofText(PrometheusMetrics.formatUnsafe(context))
  }
}
