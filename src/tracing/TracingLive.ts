/**
 * Tracing that is on: everything that loads OpenTelemetry. `Observability` imports it only when it is needed.
 */
import * as Otel from "@opentelemetry/api"
import { suppressTracing } from "@opentelemetry/core"
import type { IdGenerator } from "@opentelemetry/sdk-trace-base"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as EffectTracerKey from "effect/Tracer"
import * as Version from "effect/Version"
import type { Guard } from "../Guard.ts"
import { CurrentGuard } from "../Guard.ts"
import type { ObservabilityConfig, TraceDestination } from "../ObservabilityConfig.ts"
import * as Accounting from "./Accounting.ts"
import * as EffectTracer from "./EffectTracer.ts"
import * as GlobalApi from "./GlobalApi.ts"
import * as OtlpSink from "./OtlpSink.ts"
import * as Resource from "./Resource.ts"
import * as Sampler from "./Sampler.ts"
import type { SpanScrubber } from "./ScrubbedSpan.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import * as SentrySink from "./SentrySink.ts"
import { SpanPipeline } from "./SpanPipeline.ts"
import * as SpanProvider from "./SpanProvider.ts"
import type { SpanSink } from "./SpanSink.ts"
import * as Timers from "./Timers.ts"
import type { Service } from "./Tracing.ts"
import { disabled, Tracing } from "./Tracing.ts"

/** What the layer is built from. */
export interface Options {
  readonly config: Pick<ObservabilityConfig, "service" | "tracing" | "sentry">
  readonly scrubber: SpanScrubber
  /** Sinks beside the configured ones, each with its own queue. */
  readonly extraSinks?: ReadonlyArray<SpanSink> | undefined
  /** Instead of the configured destination and Sentry. */
  readonly sinks?: ReadonlyArray<SpanSink> | undefined
  /** Whether a caller's sampled flag decides (W3C trace context); `true` unless given. */
  readonly trustRemoteSampled?: boolean | undefined
  readonly idGenerator?: IdGenerator | undefined
  /** How the pipeline waits; Node's timers unless given. */
  readonly timers?: Timers.Timers | undefined
}

/**
 * Provides {@link Tracing} and installs Effect's `Tracer`.
 *
 * Closing it ends the pipeline within 5 seconds: what has ended is flushed, what hangs is given up, both are in the
 * accounting that is logged last. It never fails.
 */
export const layer = (options: Options): Layer.Layer<Tracing> =>
  options.config.tracing.disabled
    ? Layer.succeed(Tracing, disabled)
    : Layer.effectContext(Effect.map(make(options), ({ service, tracer }) =>
      Context.make(Tracing, service).pipe(Context.add(EffectTracerKey.Tracer, tracer))))

/** The service and Effect's tracer, for the life of a scope. */
export const make = (options: Options): Effect.Effect<
  { readonly service: Service; readonly tracer: EffectTracerKey.Tracer },
  never,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const { config, scrubber } = options
    const guard = yield* CurrentGuard
    const log = yield* makeLog
    const sinks = [...(options.sinks ?? (yield* configuredSinks(config, guard))), ...(options.extraSinks ?? [])]
    const pipeline = yield* Effect.acquireRelease(
      Effect.sync(() =>
        new SpanPipeline({
          sinks,
          guard,
          limits: {
            maxQueueSize: config.tracing.queue.maxQueueSize,
            maxExportBatchSize: config.tracing.queue.maxExportBatchSize,
            scheduledDelay: Duration.toMillis(config.tracing.queue.scheduledDelay),
            exportTimeout: Duration.toMillis(config.tracing.queue.exportTimeout)
          },
          timers: options.timers ?? Timers.live,
          scrub: (span) => ScrubbedSpan.make(span, scrubber),
          run: runUntraced,
          onExport: reportChanges(log)
        })
      ),
      (pipeline) =>
        Effect.flatMap(pipeline.shutdown, (accounting) =>
          Effect.logInfo(`tracing stopped; ${Accounting.format(accounting)}`))
    )
    const provider = SpanProvider.make({
      guard,
      pipeline,
      resource: Resource.make(config.service, scrubber),
      sampler: Sampler.make(config.tracing.sampler, options.trustRemoteSampled ?? true),
      idGenerator: options.idGenerator
    })
    const installed = yield* Effect.acquireRelease(
      Effect.sync(() =>
        GlobalApi.add(provider)
      ),
      () => Effect.sync(() => GlobalApi.remove(provider))
    )
    if (!installed.tracerProvider || !installed.contextManager) {
      yield* Effect.logWarning(
        "another OpenTelemetry set-up is registered in this process: spans of third-party instrumentation stay there"
      )
    }
    if (options.sinks === undefined) {
      yield* Effect.logInfo(
        `spans go to ${describe(config.tracing.destination, scrubber)} (${config.tracing.destinationReason})`
      )
    }
    const scope = { name: "effect", version: Version.getCurrentVersion() }
    const tracer = EffectTracer.make({
      guard,
      pipeline,
      tracer: provider.tracer(scope),
      unsampled: provider.unsampled(scope),
      owner: provider
    })
    const service: Service = {
      enabled: true,
      tracer: (name, version) => GlobalApi.tracer({ name, version }, () => provider),
      accounting: () => pipeline.accounting(),
      flush: pipeline.flush
    }
    return { service, tracer }
  })

const configuredSinks = (
  config: Options["config"],
  guard: Guard
): Effect.Effect<ReadonlyArray<SpanSink>> =>
  Effect.gen(function*() {
    const { exportTimeout } = config.tracing.queue
    const sinks = [yield* destinationSink(config.tracing.destination, exportTimeout, guard)]
    if (Option.isSome(config.sentry.dsn) && config.sentry.tracesSampleRate > 0) {
      const { dsn, tracesSampleRate } = config.sentry
      const sentry = SentrySink.make({ dsn: dsn.value, sampleRate: tracesSampleRate, timeout: exportTimeout, guard })
      if (sentry === undefined) yield* Effect.logWarning("no spans go to Sentry: SENTRY_DSN names no project")
      else sinks.push(sentry)
    }
    return sinks
  })

const destinationSink = (
  destination: TraceDestination,
  timeout: Duration.Duration,
  guard: Guard
): Effect.Effect<SpanSink> => {
  switch (destination._tag) {
    case "Otlp":
      return Effect.sync(() =>
        OtlpSink.make({
          name: "otlp",
          url: destination.url,
          headers: destination.headers,
          timeout: Duration.min(destination.timeout, timeout),
          guard
        })
      )
    case "JaegerHttp":
      return Effect.map(loadJaeger, (JaegerSink) => JaegerSink.http({ url: destination.url, timeout, guard }))
    case "JaegerUdp":
      return Effect.map(loadJaeger, (JaegerSink) => JaegerSink.udp({ ...destination, guard }))
  }
}

// The Jaeger exporter brings a Thrift library and OpenTracing along: only for those who send Thrift.
const loadJaeger = Effect.promise(() => import("./JaegerSink.ts"))

/**
 * Runs `body` so that no instrumentation traces what it starts, whoever instruments it.
 *
 * Use it for requests of the layer's own, which would otherwise be traced, exported, traced again.
 */
export const untraced = <A>(body: () => A): A => Otel.context.with(suppressTracing(Otel.ROOT_CONTEXT), body)

const runUntraced = <A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> =>
  untraced(() => Effect.runFork(Effect.provideService(effect, References.TracerEnabled, false)))

type Log = (line: Effect.Effect<void>) => void

const makeLog: Effect.Effect<Log> = Effect.map(Effect.context<never>(), (context) => {
  const run = Effect.runForkWith(Context.add(context, References.TracerEnabled, false))
  return (line) => {
    run(line)
  }
})

/** A line when a sink begins to fail and one when it works again, instead of one for each export. */
const reportChanges = (log: Log): (sink: SpanSink, problem: string | undefined) => void => {
  const failing = new Set<string>()
  return (sink, problem) => {
    if (problem === undefined) {
      if (failing.delete(sink.name)) log(Effect.logInfo(`spans arrive at ${sink.name} again`))
    } else if (!failing.has(sink.name)) {
      failing.add(sink.name)
      log(Effect.logWarning(`spans are being lost on the way to ${sink.name}: ${problem}`))
    }
  }
}

const describe = (destination: TraceDestination, scrubber: SpanScrubber): string => {
  switch (destination._tag) {
    case "Otlp":
      return `${scrubber.text(destination.url)} as OTLP over HTTP`
    case "JaegerHttp":
      return `${scrubber.text(destination.url)} as Thrift over HTTP`
    case "JaegerUdp":
      return `${destination.host}:${destination.port} as Thrift over UDP (unacknowledged)`
  }
}
