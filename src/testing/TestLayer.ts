/**
 * The layer for tests. `Observability` imports it only when it is needed, so that programs don't load it.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ErrorTracking from "../errors/ErrorTracking.ts"
import * as CapturedErrors from "../errors/TestErrors.ts"
import * as Guard from "../Guard.ts"
import * as LoggedLines from "../logging/TestLogs.ts"
import * as Metrics from "../metrics/Metrics.ts"
import * as MetricsMemory from "../metrics/MetricsMemory.ts"
import { selfMetrics } from "../metrics/SelfMetrics.ts"
import type * as Observability from "../Observability.ts"
import * as ObservabilityConfig from "../ObservabilityConfig.ts"
import * as Scrubber from "../Scrubber.ts"
import * as SelfObservation from "../SelfObservation.ts"
import type { Tracing } from "../tracing/Tracing.ts"
import { TestErrors } from "./TestErrors.ts"
import { TestLogs } from "./TestLogs.ts"
import * as TestTracing from "./TestTracing.ts"

/** What a test may choose. */
export interface Options {
  /** Whether traces that begin in the test are sampled; yes unless set. Children follow their parents. */
  readonly sampled?: boolean | undefined
  /** Whether a user's e-mail address may be sent with an event; no unless set. */
  readonly sendUserEmail?: boolean | undefined
}

/** What the layer provides beside the services of the live one. */
export type Accessors = TestTracing.TestTracing | TestErrors | TestLogs

// The environment of whoever runs the test has no say in it.
const environment = ConfigProvider.fromUnknown({
  ENABLE_OBSERVABILITY: "true",
  SERVICE_NAME: "test",
  SERVICE_VERSION: "0.0.0",
  ENVIRONMENT: "test"
})

const start = (vocabulary: Observability.Vocabulary) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const config = yield* Effect.orDie(ObservabilityConfig.config.parse(environment))
    const metrics = yield* Metrics.Metrics
    const guard = yield* Guard.CurrentGuard
    guard.run("recorder", () => vocabulary.onStart?.(metrics, config), () => undefined)
  }))

/** Gives ids numbers, in the order in which they are first seen. */
const numbering = (): (id: string) => string => {
  const numbers = new Map<string, string>()
  return (id) => {
    const known = numbers.get(id) ?? (numbers.size + 1).toString(16).padStart(32, "0")
    numbers.set(id, known)
    return known
  }
}

// The accessors have keys of their own, so that expectations load neither of these rooms.
const errors = (options: Parameters<typeof CapturedErrors.layer>[0]) =>
  Layer.effectContext(Effect.gen(function*() {
    const tracking = yield* ErrorTracking.ErrorTracking
    const captured = yield* CapturedErrors.TestErrors
    const number = numbering()
    return Context.make(ErrorTracking.ErrorTracking, {
      ...tracking,
      captureException: (error, options) => Effect.map(tracking.captureException(error, options), Option.map(number)),
      captureMessage: (message, level) => Effect.map(tracking.captureMessage(message, level), Option.map(number))
    }).pipe(Context.add(TestErrors, {
      events: Effect.map(captured.events, (events) => events.map((event) => ({ ...event, id: number(event.id) }))),
      clear: captured.clear
    }))
  })).pipe(Layer.provideMerge(CapturedErrors.layer(options)))

const logs = () =>
  Layer.provideMerge(Layer.effect(TestLogs, Effect.map(LoggedLines.TestLogs, (self) => self)), LoggedLines.layer())

/** The layer of one guard and one scrubber. Whoever builds it gets a registry and records of their own. */
export const layer = (
  vocabulary: Observability.Vocabulary,
  options: Options,
  guard: Guard.Guard,
  scrubber: Scrubber.Scrubber
): Layer.Layer<Tracing | Metrics.Metrics | ErrorTracking.ErrorTracking | Accessors> =>
  // A layer that is one value for all would be built once for two of these, one inside the other.
  Layer.mergeAll(start(vocabulary), SelfObservation.layerOpen).pipe(
    Layer.provideMerge(Layer.mergeAll(
      errors({ sendEmail: options.sendUserEmail }),
      TestTracing.layer({ prefix: vocabulary.catalogue.prefix, sampled: options.sampled })
    )),
    Layer.provide(SelfObservation.layer(selfMetrics(vocabulary.catalogue.prefix))),
    Layer.provideMerge(MetricsMemory.layer({ catalogue: vocabulary.catalogue, scrubber })),
    Layer.provideMerge(logs()),
    Layer.provideMerge(Layer.mergeAll(
      Layer.succeed(Guard.CurrentGuard, guard),
      Layer.succeed(Scrubber.CurrentScrubber, scrubber)
    ))
  )
