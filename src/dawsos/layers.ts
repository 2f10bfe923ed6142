/** The layers of DawsOS. */
import * as Observability from "../Observability.ts"
import { catalogue, metrics } from "./metrics.ts"

// The base document's.
const service = { name: "dawsos-backend", version: "0.7.0" }

/** What DawsOS observes; a program with options of its own passes it to `Observability.layer`. */
export const vocabulary: Observability.Vocabulary = {
  catalogue,
  service,
  onStart: (recorded, config) =>
    recorded.gauge(metrics.systemInfo, {
      version: config.service.version ?? service.version,
      environment: config.service.environment,
      node_version: process.versions.node
    }).set(1)
}

/**
 * Tracing, metrics and error tracking of a DawsOS program, from the environment.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const main = Effect.log("running").pipe(Effect.provide(DawsOs.layer))
 */
export const layer = Observability.layer(vocabulary)

/** The same layer under the name of the mission. */
export const Live = layer

/**
 * The same services for a test of a DawsOS program; expectations are in `@dawsos/observability/testing`.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import { TestMetrics } from "@dawsos/observability/testing"
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
export const layerTest = Observability.layerTest(vocabulary)

/** The same layer under the name of the mission. */
export const Test = layerTest
