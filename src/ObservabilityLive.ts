/**
 * The layer when it is on: everything that loads a vendor. `Observability` imports it only when it is needed.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as ErrorTrackingLive from "./errors/ErrorTrackingLive.ts"
import * as Guard from "./Guard.ts"
import * as Metrics from "./metrics/Metrics.ts"
import * as MetricsLive from "./metrics/MetricsLive.ts"
import type { MetricsServerError } from "./metrics/MetricsServerError.ts"
import { selfMetrics } from "./metrics/SelfMetrics.ts"
import type * as Observability from "./Observability.ts"
import type { ObservabilityConfig } from "./ObservabilityConfig.ts"
import type { Scrubber } from "./Scrubber.ts"
import * as SelfObservation from "./SelfObservation.ts"
import * as Accounting from "./tracing/Accounting.ts"
import * as Tracing from "./tracing/Tracing.ts"
import * as TracingLive from "./tracing/TracingLive.ts"

/** Says where the metrics are, and records what a vocabulary knows at the start. A fault of it is counted, not felt. */
const start = (vocabulary: Observability.Vocabulary, config: ObservabilityConfig) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const metrics = yield* Metrics.Metrics
    const guard = yield* Guard.CurrentGuard
    guard.run("recorder", () => vocabulary.onStart?.(metrics, config), () => undefined)
    if (Option.isSome(metrics.address)) {
      const { host, port } = metrics.address.value
      const authority = host.includes(":") ? `[${host}]` : host
      yield* Effect.logInfo(`metrics are served at http://${authority}:${port}/metrics`)
    }
  }))

/** `above` on top of `below`, as by `Layer.provideMerge`, but released at the same time: neither waits for the other. */
const releasedTogether = <A, E, R, B>(
  above: Layer.Layer<A, E, R | B>,
  below: Layer.Layer<B, E, R>
): Layer.Layer<A | B, E, R> =>
  Layer.effectContext(Effect.gen(function*() {
    const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
    const build = <C, S>(layer: Layer.Layer<C, E, S>) =>
      Effect.flatMap(Scope.fork(scope), (own) => Layer.buildWithScope(layer, own))
    const first = yield* build(below)
    const second = yield* Effect.provideContext(build(above), first)
    return Context.merge(first, second)
  }))

/**
 * The layers of the signals, released from the top: spans and error events are flushed at the same time, so that
 * together they take no longer than one of them; then the last books are logged; the metrics server, which shows them
 * all the while, stops last. Error tracking stands on tracing, whose spans tell it where failures begin.
 */
export const layer = (
  vocabulary: Observability.Vocabulary,
  options: Observability.Options,
  config: ObservabilityConfig,
  scrubber: Scrubber
): Layer.Layer<Observability.Services, MetricsServerError> => {
  const errors = Layer.unwrap(Effect.map(Tracing.Tracing, ({ accounting, flush }) =>
    ErrorTrackingLive.layer({
      config,
      sendEmail: options.sendUserEmail,
      handleUncaught: options.captureUncaught,
      crash: {
        alsoFlush: flush,
        lastLine: (events) => `${SelfObservation.formatEvents(events)}; ${Accounting.format(accounting())}`
      },
      untraced: TracingLive.untraced
    })))
  const tracing = TracingLive.layer({
    config,
    scrubber,
    extraSinks: options.sinks,
    trustRemoteSampled: options.trustRemoteSampled,
    thirdPartyParents: options.thirdPartyParents
  })
  return Layer.mergeAll(start(vocabulary, config), SelfObservation.layerOpen).pipe(
    Layer.provideMerge(releasedTogether(errors, tracing)),
    Layer.provide(SelfObservation.layer(selfMetrics(vocabulary.catalogue.prefix))),
    Layer.provideMerge(MetricsLive.layer({ catalogue: vocabulary.catalogue, config: config.metrics, scrubber }))
  )
}
