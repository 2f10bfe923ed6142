/**
 * The layer: the only place where tracing, metrics, error tracking and logging meet.
 *
 * @example
 * import { Catalogue, Observability } from "@dawsos/observability"
 *
 * const catalogue = Catalogue.make({
 *   prefix: "shop",
 *   metrics: { ordersTotal: Catalogue.counter({ name: "shop_orders_total", help: "Orders placed" }) }
 * })
 *
 * export const ObservabilityLive = Observability.layer({ catalogue, service: { name: "shop", version: "1.4.0" } })
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Catalogue from "./Catalogue.ts"
import * as Read from "./config/Read.ts"
import * as ErrorTracking from "./errors/ErrorTracking.ts"
import * as FaultLines from "./FaultLines.ts"
import * as Guard from "./Guard.ts"
import * as Logging from "./logging/Logging.ts"
import * as Metrics from "./metrics/Metrics.ts"
import type { MetricsServerError } from "./metrics/MetricsServerError.ts"
import type * as ObservabilityConfig from "./ObservabilityConfig.ts"
import * as Scrubber from "./Scrubber.ts"
import * as Later from "./scrubber/Later.ts"
import * as ScrubberOptions from "./scrubber/Options.ts"
import type * as TestLayer from "./testing/TestLayer.ts"
import type { SpanSink } from "./tracing/SpanSink.ts"
import * as Tracing from "./tracing/Tracing.ts"

export { ReportedFailure, reportFailure } from "./FailureReport.ts"
export { serve } from "./instrument/HttpServer.ts"
export { explainStartFailure } from "./StartFailure.ts"

/** What a product observes: its metrics, what it keeps secret, and what it records when it starts. */
export interface Vocabulary {
  readonly catalogue: Catalogue.Catalogue
  /**
   * What the service is called where the environment says nothing (`SERVICE_NAME`, `SERVICE_VERSION` and OpenTelemetry's
   * names for them). Without either it is `unknown_service:node`, and the log says so at start.
   */
  readonly service?: ObservabilityConfig.ServiceDefaults | undefined
  /** Key names, identifiers and detectors beyond the scrubber's own. */
  readonly scrubber?: Scrubber.ScrubberOptions | undefined
  /** Records what is known at the start: the version that runs, say. */
  readonly onStart?:
    | ((metrics: Metrics.Service, config: ObservabilityConfig.ObservabilityConfig) => void)
    | undefined
}

/** What a program decides about the layer in code, beside the environment. */
export interface Options {
  /** Whether the sampling decision that comes in with a request is followed; yes unless set. */
  readonly trustRemoteSampled?: boolean | undefined
  /**
   * How spans of third-party instrumentation find their parents. `strict`, unless set: by following fibers, which leans
   * on private parts of Effect, so that it is tried at start and left where it does not work. `public`: by a hook at
   * each step of a program, which costs a little inside spans and misses what synchronous code begins and leaves to
   * later. It is one thing for the process: ask it of every layer in it.
   */
  readonly thirdPartyParents?: "strict" | "public" | undefined
  /** Where spans go beside the configured destination. */
  readonly sinks?: ReadonlyArray<SpanSink> | undefined
  /**
   * Whether unhandled rejections and uncaught exceptions are captured before the process ends as Node would end it;
   * only with a `SENTRY_DSN`. No unless set: a library does not take over a process.
   */
  readonly captureUncaught?: boolean | undefined
  /** Whether a user's e-mail address may be sent with an event; no unless set. */
  readonly sendUserEmail?: boolean | undefined
  /** Log lines for people or for machines; `auto` asks whether the output is a terminal. */
  readonly logFormat?: Logging.Format | undefined
}

/** What the layer provides. */
export type Services = Tracing.Tracing | Metrics.Metrics | ErrorTracking.ErrorTracking

// Contexts and not layers that are merged, here and below: Effect builds those side by side, a fiber for each.
const disabled: Context.Context<Services> = Context.make(Tracing.Tracing, Tracing.disabled).pipe(
  Context.add(Metrics.Metrics, Metrics.disabled),
  Context.add(ErrorTracking.ErrorTracking, ErrorTracking.disabled)
)

// A detector of the product's own that throws is a fault like any other.
const makeScrubber = ({ scrubber }: Vocabulary, guard: Guard.Guard): Scrubber.Scrubber =>
  Scrubber.make({
    ...scrubber,
    onFault: (fault) => {
      guard.count("scrubber", fault)
      scrubber?.onFault?.(fault)
    }
  })

/** What the log says where nothing is observed, also by a misspelt variable: nothing that a scrubber would find. */
const off = "observability is off: ENABLE_OBSERVABILITY is not true"

/** Made with the first thing that there is to scrub; options that can't be used are refused at once all the same. */
const makeScrubberLater = (vocabulary: Vocabulary, guard: Guard.Guard): Scrubber.Scrubber => {
  ScrubberOptions.check(vocabulary.scrubber ?? {})
  return Later.make(() => makeScrubber(vocabulary, guard), [off])
}

/**
 * The layer of a product, built from the environment (`ObservabilityConfig.configOf`).
 *
 * With `ENABLE_OBSERVABILITY=false`, the default, it opens nothing and loads no vendor; the services are there and do
 * nothing, log lines still pass the scrubber, and the configuration is checked all the same. A bad configuration is a
 * `ConfigError`, a port that is taken a `MetricsServerError`.
 */
export const layer = (
  vocabulary: Vocabulary,
  options: Options = {}
): Layer.Layer<Services, Config.ConfigError | MetricsServerError> =>
  Layer.unwrap(Effect.gen(function*() {
    const config = yield* Read.read(vocabulary.service)
    const faults = FaultLines.make()
    const guard = Guard.make({ onFirst: faults.onFirst })
    const scrubber = config.enabled ? makeScrubber(vocabulary, guard) : makeScrubberLater(vocabulary, guard)
    const base = Logging.layer({
      scrubber,
      service: config.service,
      format: options.logFormat ?? "auto"
    }).pipe(
      Layer.provideMerge(Layer.succeedContext(
        Context.make(Guard.CurrentGuard, guard).pipe(Context.add(Scrubber.CurrentScrubber, scrubber))
      ))
    )
    const warnings = Effect.andThen(
      faults.listen,
      Effect.forEach(config.warnings, (warning) => Effect.logWarning(warning), { discard: true })
    )
    if (!config.enabled) {
      const explained = Effect.as(Effect.andThen(warnings, Effect.logInfo(off)), disabled)
      return Layer.effectContext(explained).pipe(Layer.provideMerge(base))
    }
    const live = yield* Effect.promise(() => import("./ObservabilityLive.ts"))
    return Layer.mergeAll(live.layer(vocabulary, options, config, scrubber), Layer.effectDiscard(warnings)).pipe(
      Layer.provideMerge(base)
    )
  }))

/**
 * The same services for tests, with what they recorded in reach of `@dawsos/observability/testing`: deterministic ids,
 * the test's clock, no port, no timer, no vendor, nothing read from the environment.
 *
 * Each `Effect.provide` builds its own, so tests may run beside one another. Not so inside another `provide` of the same
 * value, or inside an `it.layer` of it: there both are one, and what the outer one has recorded shows in the inner one.
 * `Layer.fresh(layer)` has its own there, too. A `sampled: false` shows that what a program counts does not depend on
 * sampling.
 *
 * @example
 * import { Catalogue, Observability } from "@dawsos/observability"
 *
 * const catalogue = Catalogue.make({
 *   prefix: "shop",
 *   metrics: { ordersTotal: Catalogue.counter({ name: "shop_orders_total", help: "Orders placed" }) }
 * })
 *
 * export const ObservabilityTest = Observability.layerTest({ catalogue })
 */
export const layerTest = (
  vocabulary: Vocabulary,
  options: TestLayer.Options = {}
): Layer.Layer<Services | TestLayer.Accessors> =>
  Layer.unwrap(Effect.promise(async () => {
    const test = await import("./testing/TestLayer.ts")
    const guard = Guard.make()
    return test.layer(vocabulary, options, guard, makeScrubber(vocabulary, guard))
  }))
