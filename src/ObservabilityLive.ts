/**
 * The layer when it is on: everything that loads a vendor. `Observability` imports it only when it is needed.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ErrorTrackingLive from "./errors/ErrorTrackingLive.ts"
import * as Guard from "./Guard.ts"
import * as Metrics from "./metrics/Metrics.ts"
import type { MetricsServerError } from "./metrics/MetricsServerError.ts"
import * as MetricsLive from "./metrics/MetricsLive.ts"
import { selfMetrics } from "./metrics/SelfMetrics.ts"
import type * as Observability from "./Observability.ts"
import type { ObservabilityConfig } from "./ObservabilityConfig.ts"
import type { Scrubber } from "./Scrubber.ts"
import * as SelfObservation from "./SelfObservation.ts"
import * as TracingLive from "./tracing/TracingLive.ts"

/** Records what a vocabulary knows at the start. A fault of it is counted, not felt. */
const start = (vocabulary: Observability.Vocabulary, config: ObservabilityConfig) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const metrics = yield* Metrics.Metrics
    const guard = yield* Guard.CurrentGuard
    guard.run("recorder", () => vocabulary.onStart?.(metrics, config), () => undefined)
  }))

/** The layers of the signals. Each is released before those that stand above it here: the metrics server goes last. */
export const layer = (
  vocabulary: Observability.Vocabulary,
  options: Observability.Options,
  config: ObservabilityConfig,
  scrubber: Scrubber
): Layer.Layer<Observability.Services, MetricsServerError> =>
  Layer.mergeAll(start(vocabulary, config), SelfObservation.layer(selfMetrics(vocabulary.catalogue.prefix))).pipe(
    Layer.provideMerge(
      ErrorTrackingLive.layer({
        config,
        sendEmail: options.sendUserEmail,
        handleUncaught: options.captureUncaught,
        untraced: TracingLive.untraced
      })
    ),
    Layer.provideMerge(
      TracingLive.layer({
        config,
        scrubber,
        extraSinks: options.sinks,
        trustRemoteSampled: options.trustRemoteSampled
      })
    ),
    Layer.provideMerge(MetricsLive.layer({ catalogue: vocabulary.catalogue, config: config.metrics, scrubber }))
  )
