/**
 * Records a metric from an effect that is not one observed operation: a gauge, an outcome that arrives by message.
 *
 * @example
 * import { Recorder } from "@dawsos/observability"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 *
 * export const packSize = (bytes: number) =>
 *   Recorder.record((metrics) => metrics.gauge(DawsOs.metrics.pricingPackSizeBytes, {}).set(bytes))
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Guard from "./Guard.ts"
import * as Metrics from "./metrics/Metrics.ts"

/** Runs `write` with the `Metrics` service, if there is one. What it throws is counted, not felt. */
export const record = (write: (metrics: Metrics.Service) => void): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const metrics = Context.getOrUndefined(fiber.context, Metrics.Metrics)
    if (metrics !== undefined && metrics.enabled) {
      fiber.getRef(Guard.CurrentGuard).run("recorder", () => write(metrics), () => undefined)
    }
    return Effect.void
  })

/** A duration in seconds, as Prometheus wants it. */
export const seconds = (duration: Duration.Input): number => Duration.toSeconds(duration)
