/**
 * What the layer tells of itself: the books of the span pipeline and of error events, collected at each scrape.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as ErrorTracking from "./errors/ErrorTracking.ts"
import * as Guard from "./Guard.ts"
import type { Collector } from "./metrics/Metrics.ts"
import * as Metrics from "./metrics/Metrics.ts"
import type { SelfMetrics } from "./metrics/SelfMetrics.ts"
import type { Delivery, SinkAccounting } from "./tracing/Accounting.ts"
import * as Tracing from "./tracing/Tracing.ts"

const byReason = (dropped: Readonly<Record<string, number>>, labels: Readonly<Record<string, string>> = {}) =>
  Object.entries(dropped).map(([reason, value]) => ({ labels: { ...labels, reason }, value }))

/** The states of a circuit as numbers, for a gauge. */
const circuitStates: Readonly<Record<Delivery["circuit"], number>> = { closed: 0, open: 1, half_open: 2 }

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
  const byDelivery = (definition: Collector["definition"], read: (delivery: Delivery) => number): Collector => ({
    definition,
    collect: () =>
      tracing.accounting().sinks.flatMap(({ delivery, name }) =>
        delivery === undefined ? [] : [{ labels: { sink: name }, value: read(delivery) }]
      )
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
    byDelivery(self.spansQueuedBytes, ({ bytes }) => bytes),
    byDelivery(self.spansRetried, ({ retried }) => retried),
    byDelivery(self.spansResent, ({ resent }) => resent),
    byDelivery(self.spansCircuit, ({ circuit }) => circuitStates[circuit]),
    {
      definition: self.spansDropped,
      collect: () => tracing.accounting().sinks.flatMap((sink) => byReason(sink.dropped, { sink: sink.name }))
    }
  ]
}

/** The collectors of error events. */
export const errorCollectors = (self: SelfMetrics, errors: ErrorTracking.Service): ReadonlyArray<Collector> => {
  const byDelivery = (
    definition: Collector["definition"],
    read: (delivery: ErrorTracking.Delivery) => number
  ): Collector => ({
    definition,
    collect: () => {
      const { delivery } = errors.accounting()
      return delivery === undefined ? [] : [{ labels: {}, value: read(delivery) }]
    }
  })
  return [
    { definition: self.eventsCaptured, collect: () => [{ labels: {}, value: errors.accounting().captured }] },
    { definition: self.eventsSent, collect: () => [{ labels: {}, value: errors.accounting().sent }] },
    { definition: self.eventsQueued, collect: () => [{ labels: {}, value: errors.accounting().queued }] },
    byDelivery(self.eventsQueuedBytes, ({ bytes }) => bytes),
    byDelivery(self.eventsRetried, ({ retried }) => retried),
    byDelivery(self.eventsCircuit, ({ circuit }) => circuitStates[circuit]),
    { definition: self.eventsDropped, collect: () => byReason(errors.accounting().dropped) }
  ]
}

/** The books of error events as one line of text, for a log. */
export const formatEvents = ({ captured, dropped, queued, sent }: ErrorTracking.ErrorAccounting): string => {
  const losses = Object.entries(dropped).filter(([, count]) => count > 0)
  const total = losses.reduce((sum, [, count]) => sum + count, 0)
  const reasons = losses.length === 0 ? "" : ` (${losses.map(([reason, count]) => `${reason} ${count}`).join(", ")})`
  return `events: captured ${captured}, sent ${sent}, dropped ${total}${reasons}, queued ${queued}`
}

/** Shows the books of the signals from the moment they are opened until the metrics server stops. */
export interface Service {
  readonly open: (tracing: Tracing.Service, errors: ErrorTracking.Service) => Effect.Effect<void>
}

/** See {@link Service}. */
export class SelfObservation extends Context.Service<SelfObservation, Service>()(
  "@dawsos/observability/SelfObservation"
) {}

/**
 * Stands between the metrics and the other signals, so that a scrape during their flush still shows their books, and
 * logs the last state of those of error events once these have ended. (Tracing logs its own.)
 */
export const layer = (self: SelfMetrics): Layer.Layer<SelfObservation, never, Metrics.Metrics> =>
  Layer.effect(
    SelfObservation,
    Effect.gen(function*() {
      const metrics = yield* Metrics.Metrics
      const guard = yield* Guard.CurrentGuard
      const scope = yield* Effect.scope
      return {
        open: Effect.fnUntraced(function*(tracing, errors) {
          if (errors.enabled) {
            yield* Effect.addFinalizer(() =>
              Effect.logInfo(`error tracking stopped; ${formatEvents(errors.accounting())}`).pipe(
                Effect.catchCause((cause) => Effect.sync(() => guard.count("logger", cause)))
              )
            )
          }
          const collectors = [
            ...tracing.enabled ? tracingCollectors(self, tracing) : [],
            ...errors.enabled ? errorCollectors(self, errors) : []
          ]
          for (const collector of collectors) yield* metrics.collect(collector)
        }, Effect.provideService(Scope.Scope, scope))
      }
    })
  )

/** Opens the books of the signals that are on; fresh, so that a layer inside another opens its own. */
export const layerOpen: Layer.Layer<never, never, SelfObservation | Tracing.Tracing | ErrorTracking.ErrorTracking> =
  Layer.fresh(Layer.effectDiscard(Effect.gen(function*() {
    const self = yield* SelfObservation
    yield* self.open(yield* Tracing.Tracing, yield* ErrorTracking.ErrorTracking)
  })))
