/**
 * What a program prints when it can't start: one readable block instead of a stack trace.
 */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { MetricsServerError } from "./metrics/MetricsServerError.ts"
import * as ObservabilityConfig from "./ObservabilityConfig.ts"
import * as Scrubber from "./Scrubber.ts"

type Explained = Config.ConfigError | MetricsServerError

const isExplained = (error: unknown): error is Explained =>
  error instanceof Config.ConfigError || error instanceof MetricsServerError

const explanation = (error: Explained): string =>
  error instanceof MetricsServerError
    ? `The metrics server can't start:\n  - ${error.message}`
    : ObservabilityConfig.formatError(error)

const errorOf = (reason: Cause.Reason<unknown>): unknown =>
  Cause.isFailReason(reason) ? reason.error : Cause.isDieReason(reason) ? reason.defect : undefined

// How `Runtime.makeRunMain` is told that an error was reported already.
const markReported = (error: Explained): void => {
  if (Object.isExtensible(error)) Object.assign(error, { [Runtime.errorReported]: false })
}

/**
 * Prints a bad configuration (of any Effect `Config`, not only the layer's) or a metrics port that can't be opened as
 * one block on standard error, a line for each problem, and keeps `runMain` from printing it again with a stack trace.
 *
 * Use it as the last step before `NodeRuntime.runMain`, which then exits with code 1. The effect fails as it did; what
 * it fails with otherwise is left to `runMain`.
 *
 * @example
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import { Observability } from "@dawsos/observability"
 * import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
 * import * as Effect from "effect/Effect"
 *
 * export const run = (program: Effect.Effect<void>) =>
 *   program.pipe(Effect.provide(DawsOs.layer), Observability.explainStartFailure, NodeRuntime.runMain)
 */
export const explainStartFailure = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.tapCause(self, (cause) =>
    Effect.flatMap(Scrubber.CurrentScrubber, (scrubber) => {
      const errors = cause.reasons.filter((reason) => !Cause.isInterruptReason(reason)).map(errorOf)
      const explained = errors.filter(isExplained)
      if (explained.length === 0) return Effect.void
      if (explained.length === errors.length) explained.forEach(markReported)
      // A secret may have been put into a variable that takes none.
      return Console.error(scrubber.text([...new Set(explained)].map(explanation).join("\n")))
    }))
