/**
 * Error tracking that sends: the service, the reporter of Effect's boundaries, and breadcrumbs, as one layer.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as EffectErrorReporter from "effect/ErrorReporter"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Boundary from "../Boundary.ts"
import * as Guard from "../Guard.ts"
import * as Observation from "../Observation.ts"
import * as Scrubber from "../Scrubber.ts"
import * as ArrivalLines from "./ArrivalLines.ts"
import * as Breadcrumbs from "./Breadcrumbs.ts"
import * as ErrorReporter from "./ErrorReporter.ts"
import * as ErrorTracking from "./ErrorTracking.ts"
import type { Program } from "./EventBuilder.ts"
import * as EventPipeline from "./EventPipeline.ts"
import * as EventScrubber from "./EventScrubber.ts"
import type * as EventSink from "./EventSink.ts"
import * as FailingSpans from "./FailingSpans.ts"
import * as SentrySink from "./SentrySink.ts"
import * as UncaughtErrors from "./UncaughtErrors.ts"

/** What error tracking reads of the configuration. */
export interface Config {
  readonly service: { readonly name: string; readonly version: string | undefined; readonly environment: string }
  readonly sentry: {
    readonly dsn: Option.Option<Redacted.Redacted<string>>
    /** From 0 to 1. */
    readonly profilesSampleRate: number
  }
}

/** What may be chosen beside the configuration. */
export interface Options {
  /** Whether `withUser`'s e-mail address is sent; it is not by default. */
  readonly sendEmail?: boolean | undefined
  /** Statuses of 500 and above that are part of the job; 503 by default. */
  readonly expectedStatuses?: ReadonlyArray<number> | undefined
  readonly limits?: Partial<EventPipeline.Limits> | undefined
  /** When events are sent again, and when they are not. */
  readonly delivery?: Partial<EventPipeline.Delivery> | undefined
}

/** What may be chosen where events go to Sentry. */
export interface SentryOptions extends Options {
  readonly config: Config
  /** Whether the layer reports what would end the process, and ends it as Node would. Off unless asked for. */
  readonly handleUncaught?: boolean | undefined
  /** What a crash sends beside its event, and what it writes last; see `UncaughtErrors`. */
  readonly crash?: Pick<UncaughtErrors.Options, "alsoFlush" | "lastLine"> | undefined
  /** Runs a request so that no instrumentation traces it; the tracing of the program knows how. */
  readonly untraced?: (<A>(body: () => A) => A) | undefined
}

const programOf = ({ service }: Pick<Config, "service">): Program => ({
  release: service.version === undefined ? undefined : `${service.name}@${service.version}`,
  environment: service.environment
})

interface Built {
  readonly context: Context.Context<ErrorTracking.ErrorTracking>
  readonly capturer: ErrorReporter.Capturer
  readonly pipeline: EventPipeline.EventPipeline
}

const build = Effect.fnUntraced(
  function*(
    program: Program,
    options: Options,
    sink: EventSink.EventSink,
    where: string
  ) {
    const guard = yield* Guard.CurrentGuard
    const scrubber = yield* Scrubber.CurrentScrubber
    const clock = yield* Clock.Clock
    const reporters = yield* EffectErrorReporter.CurrentErrorReporters
    const loggers = yield* Logger.CurrentLoggers
    const listener = yield* Observation.CurrentOperationListener
    const tracer = yield* Effect.withFiber((fiber) => Effect.succeed(fiber.cache.tracer))
    const pipeline = yield* EventPipeline.make({
      sink,
      scrub: EventScrubber.make({ scrubber, sendEmail: options.sendEmail === true }),
      guard,
      limits: options.limits,
      delivery: { ...yield* ArrivalLines.make(where, guard), ...options.delivery }
    })
    const capturer = ErrorReporter.makeCapturer({
      pipeline,
      guard,
      program,
      expectedStatuses: options.expectedStatuses
    })
    const now = () => clock.currentTimeMillisUnsafe()
    const service: ErrorTracking.Service = {
      enabled: true,
      captureException: (error, captureOptions) =>
        Effect.withFiber((fiber) =>
          Effect.succeed(
            capturer.cause(Cause.isCause(error) ? error : Cause.fail(error), fiber, now(), captureOptions)
          )
        ),
      captureMessage: (message, level = "Info") =>
        Effect.withFiber((fiber) => Effect.succeed(capturer.message(message, level, fiber))),
      addBreadcrumb: (breadcrumb) =>
        Effect.withFiber((fiber) => {
          guard.run("recorder", () => {
            Boundary.ofFiber(fiber)?.addBreadcrumb({
              category: breadcrumb.category ?? "default",
              message: breadcrumb.message,
              level: breadcrumb.level ?? "info",
              timestamp: now(),
              ...(breadcrumb.data === undefined ? {} : { data: breadcrumb.data })
            })
          }, () => undefined)
          return Effect.void
        }),
      accounting: pipeline.accounting,
      flush: pipeline.flush(EventPipeline.flushTimeout)
    }
    yield* Effect.addFinalizer(() => pipeline.shutdown)
    const tracking = Context.make(ErrorTracking.ErrorTracking, service).pipe(
      Context.add(
        EffectErrorReporter.CurrentErrorReporters,
        new Set([
          ...[...reporters].filter((reporter) => !ErrorReporter.isOfLayer(reporter)),
          ErrorReporter.make(capturer)
        ])
      ),
      Context.add(Observation.CurrentOperationListener, Breadcrumbs.makeListener(now, listener)),
      // Beside the loggers that this layer was built under: a program's own are provided to it, not merged with it.
      Context.add(Logger.CurrentLoggers, new Set([...loggers, Breadcrumbs.makeLogger(guard)]))
    )
    // Where no tracer was installed there are no spans, and the default one must not pass for one that was.
    const context = tracer === undefined
      ? tracking
      : Context.add(tracking, Tracer.Tracer, FailingSpans.observe(tracer, guard))
    const built: Built = { context, capturer, pipeline }
    return built
  }
)

/**
 * Error tracking into a sink of one's own, a test's memory or another tracker.
 *
 * It takes the guard, the scrubber, the loggers and the tracer that are current where it is built: provide them to it.
 */
export const layerSink = (
  config: Pick<Config, "service">,
  sink: EventSink.EventSink,
  options?: Options | undefined
): Layer.Layer<ErrorTracking.ErrorTracking> =>
  Layer.effectContext(Effect.map(build(programOf(config), options ?? {}, sink, "the sink"), ({ context }) => context))

const off = Effect.as(
  Effect.logInfo("error tracking is off: SENTRY_DSN is not set"),
  Context.make(ErrorTracking.ErrorTracking, ErrorTracking.disabled)
)

const profilingLine = (rate: number, result: "started" | "not installed" | "failed"): string =>
  result === "started"
    ? `profiling is on for ${rate} of all processes (SENTRY_PROFILES_SAMPLE_RATE)`
    : result === "not installed"
    ? "profiling is off: SENTRY_PROFILES_SAMPLE_RATE is above 0, but @sentry/profiling-node is not installed"
    : "profiling is off: @sentry/profiling-node could not be started"

const toSentry = Effect.fnUntraced(
  function*(
    dsn: Redacted.Redacted<string>,
    options: SentryOptions
  ): Effect.fn.Return<Context.Context<ErrorTracking.ErrorTracking>, never, Scope.Scope> {
    const rate = options.config.sentry.profilesSampleRate
    const guard = yield* Guard.CurrentGuard
    const scrubber = yield* Scrubber.CurrentScrubber
    const scrubText = (text: string): string => scrubber.text(text)
    const program = programOf(options.config)
    const sink = SentrySink.make({
      dsn,
      program,
      guard,
      scrubText,
      untraced: options.untraced,
      profilesSampleRate: rate
    })
    const { host } = new URL(Redacted.value(dsn))
    const { capturer, context, pipeline } = yield* build(program, options, sink, host)
    if (options.handleUncaught === true) {
      yield* UncaughtErrors.install({ ...options.crash, capturer, pipeline, guard, scrubText })
    }
    yield* Effect.logInfo(`error tracking is on: events go to ${host}`)
    if (rate > 0) yield* Effect.logInfo(profilingLine(rate, yield* sink.startProfiling))
    return context
  }
)

/**
 * Error tracking as configured: to Sentry with a DSN, otherwise off, in one log line.
 *
 * It takes the guard, the scrubber, the loggers and the tracer that are current where it is built: provide them to it.
 * The SDK is loaded with the first event. At its end the layer sends what is left, in 5 seconds at most.
 */
export const layer = (options: SentryOptions): Layer.Layer<ErrorTracking.ErrorTracking> =>
  Layer.effectContext(
    Option.match(options.config.sentry.dsn, {
      onNone: () => off,
      onSome: (dsn) => toSentry(dsn, options)
    })
  )
