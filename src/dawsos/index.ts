/**
 * The vocabulary of DawsOS: its metrics, combinators, recorders and layers.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const main = Effect.void.pipe(
 *   DawsOs.withPatternMetrics({ patternId: "portfolio_overview" }),
 *   Effect.provide(DawsOs.layer)
 * )
 */
export * from "./combinators.ts"
export * from "./instrument.ts"
export * from "./layers.ts"
export { catalogue, metrics } from "./metrics.ts"
export * from "./recorders.ts"
