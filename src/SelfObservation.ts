/**
 * What the layer tells of itself: the books of the span pipeline and of error events, collected at each scrape.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ErrorTracking from "./errors/ErrorTracking.ts"
import type { Collector } from "./metrics/Metrics.ts"
import * as Metrics from "./metrics/Metrics.ts"
import type { SelfMetrics } from "./metrics/SelfMetrics.ts"
import type { SinkAccounting } from "./tracing/Accounting.ts"
import * as Tracing from "./tracing/Tracing.ts"

const byReason = (dropped: Readonly<Record<string, number>>, labels: Readonly<Record<string, string>> = {}) =>
  Object.entries(dropped).map(([reason, value]) => ({ labels: { ...labels, reason }, value }))

/** The collectors of the span pipeline. */
export const tracingCollectors = (self: SelfMetrics, tracing: Tracing.Service): ReadonlyArray<Collector> => {
  const single = (definition: Collector["definition"], read: () => number): Collector => ({
    definition,
    collect: () => [{ labels: {}, value: read() }]
  })
  const bySink = (definition: Collector["definition"], read: (sink: SinkAccounting) => number): Collector => ({
    definition,
    collect: () => tracing.accounting().sinks.map((sink) => ({ labels: { sink: sink.name }, value: read(sink) }))
  })
  return [
    single(self.spansStarted, () => tracing.accounting().started),
    single(self.spansEnded, () => tracing.accounting().ended),
    single(self.spansUnsampled, () => tracing.accounting().unsampled),
    single(self.spansOpen, () => tracing.accounting().open),
    bySink(self.spansExported, (sink) => sink.exported),
    bySink(self.spansNotSelected, (sink) => sink.notSelected),
    bySink(self.spansQueued, (sink) => sink.queued),
    bySink(self.spansInFlight, (sink) => sink.inFlight),
    {
      definition: self.spansDropped,
      collect: () => tracing.accounting().sinks.flatMap((sink) => byReason(sink.dropped, { sink: sink.name }))
    }
  ]
}

/** The collectors of error events. */
export const errorCollectors = (self: SelfMetrics, errors: ErrorTracking.Service): ReadonlyArray<Collector> => [
  { definition: self.eventsCaptured, collect: () => [{ labels: {}, value: errors.accounting().captured }] },
  { definition: self.eventsSent, collect: () => [{ labels: {}, value: errors.accounting().sent }] },
  { definition: self.eventsQueued, collect: () => [{ labels: {}, value: errors.accounting().queued }] },
  { definition: self.eventsDropped, collect: () => byReason(errors.accounting().dropped) }
]

/** Adds the collectors of those signals that are on. */
export const layer = (
  self: SelfMetrics
): Layer.Layer<never, never, Metrics.Metrics | Tracing.Tracing | ErrorTracking.ErrorTracking> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const metrics = yield* Metrics.Metrics
    const tracing = yield* Tracing.Tracing
    const errors = yield* ErrorTracking.ErrorTracking
    const collectors = [
      ...tracing.enabled ? tracingCollectors(self, tracing) : [],
      ...errors.enabled ? errorCollectors(self, errors) : []
    ]
    for (const collector of collectors) yield* metrics.collect(collector)
  }))
