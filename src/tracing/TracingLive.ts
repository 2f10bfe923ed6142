/**
 * Tracing that is on: everything that loads OpenTelemetry. `Observability` imports it only when it is needed.
 */
import * as Otel from "@opentelemetry/api"
import { suppressTracing } from "@opentelemetry/core/build/src/trace/suppress-tracing.js"
import type { IdGenerator } from "@opentelemetry/sdk-trace-node"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as EffectTracerKey from "effect/Tracer"
import * as Version from "effect/Version"
import type * as Circuit from "../delivery/Circuit.ts"
import * as Timers from "../delivery/Timers.ts"
import type { Guard } from "../Guard.ts"
import { CurrentGuard } from "../Guard.ts"
import type { ObservabilityConfig } from "../ObservabilityConfig.ts"
import * as Cut from "../scrubber/Cut.ts"
import * as Accounting from "./Accounting.ts"
import * as AsyncPrimitives from "./AsyncPrimitives.ts"
import * as Destination from "./Destination.ts"
import * as EffectTracer from "./EffectTracer.ts"
import * as GlobalApi from "./GlobalApi.ts"
import * as Limits from "./Limits.ts"
import * as OpenTelemetryTracer from "./OpenTelemetryTracer.ts"
import * as Rehearsal from "./Rehearsal.ts"
import * as Resource from "./Resource.ts"
import * as Sampler from "./Sampler.ts"
import type { SpanScrubber } from "./ScrubbedSpan.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import { SpanPipeline } from "./SpanPipeline.ts"
import * as SpanProvider from "./SpanProvider.ts"
import type { SpanSink } from "./SpanSink.ts"
import type * as StrictParents from "./StrictParents.ts"
import type { Service } from "./Tracing.ts"
import { disabled, TracerImplementation, Tracing } from "./Tracing.ts"

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
  /** How third-party spans find their parents: `strict` where that works, unless `public` is asked for. */
  readonly thirdPartyParents?: StrictParents.Way | undefined
  /** How the pipeline waits; Node's timers unless given. */
  readonly timers?: Timers.Timers | undefined
  /** What the configuration says nothing of; see {@link Limits.defaults}. */
  readonly limits?: Partial<Limits.Limits> | undefined
  /** Chance, from 0 to 1, for the jitter of pauses; `Math.random` unless given. */
  readonly random?: (() => number) | undefined
}

/**
 * Provides {@link Tracing} and installs Effect's `Tracer`.
 *
 * Closing it ends the pipeline within 5 seconds: what has ended is flushed, what hangs is given up, both are in the
 * accounting that is logged last. It never fails.
 */
export const layer = (options: Options): Layer.Layer<Tracing> =>
  options.config.tracing.disabled
    ? Layer.effect(Tracing, Effect.as(Effect.logInfo("tracing is off (OTEL_SDK_DISABLED)"), disabled))
    : Layer.effectContext(Effect.map(make(options), ({ service, tracer }) =>
      Context.make(Tracing, service).pipe(Context.add(EffectTracerKey.Tracer, tracer))))

/** What the layer consists of. */
export interface Parts {
  readonly service: Service
  readonly tracer: EffectTracerKey.Tracer
}

/** The service and Effect's tracer, for the life of a scope. */
export const make: (options: Options) => Effect.Effect<Parts, never, Scope.Scope> = Effect.fnUntraced(
  function*(options: Options) {
    const { config, scrubber } = options
    const guard = yield* CurrentGuard
    const quietly = countFaults(guard)
    const log = yield* makeLog(quietly)
    guard.run("tracer", Rehearsal.once, () => {})
    const sinks = [
      ...(options.sinks ?? (yield* Destination.sinks(config, guard, options.trustRemoteSampled ?? true))),
      ...(options.extraSinks ?? [])
    ]
    const pipeline = yield* Effect.acquireRelease(
      Effect.sync(() =>
        new SpanPipeline({
          sinks,
          guard,
          limits: { ...Limits.defaults, ...limitsOf(config.tracing.queue), ...options.limits },
          random: options.random ?? Math.random,
          timers: options.timers ?? Timers.live,
          scrub: (span) => ScrubbedSpan.make(span, scrubber),
          run: runUntraced,
          onExport: reportChanges(log, scrubber),
          onCircuit: reportCircuit(log)
        })
      ),
      (pipeline) =>
        Effect.flatMap(
          pipeline.shutdown,
          (accounting) => quietly(Effect.logInfo(`tracing stopped; ${Accounting.format(accounting)}`))
        )
    )
    const resource = Resource.make(config.service, scrubber)
    const provider = SpanProvider.make({
      guard,
      pipeline,
      resource,
      sampler: () => Sampler.make(config.tracing.sampler, options.trustRemoteSampled ?? true),
      idGenerator: options.idGenerator
    })
    const installed = yield* Effect.acquireRelease(
      Effect.sync(() => GlobalApi.add(provider, options.thirdPartyParents)),
      () => Effect.sync(() => GlobalApi.remove(provider))
    )
    if (!installed.tracerProvider || !installed.contextManager) {
      yield* quietly(Effect.logWarning(
        "another OpenTelemetry set-up is registered in this process: spans of third-party instrumentation stay there"
      ))
    }
    const { parents } = installed
    yield* quietly(
      Effect.logDebug(`third-party spans find their parents the ${parents.way} way: ${parents.reason}`)
    )
    if (options.sinks === undefined) {
      const { destination, destinationReason } = config.tracing
      yield* quietly(
        Effect.logInfo(`spans go to ${Destination.describe(destination, scrubber)} (${destinationReason})`)
      )
    }
    const scope = { name: "effect", version: Version.getCurrentVersion() }
    const context = parents.way === "strict" ? undefined : AsyncPrimitives.hook(guard)
    const tracer = (yield* TracerImplementation) === "opentelemetry"
      ? OpenTelemetryTracer.make({
        guard,
        pipeline,
        tracer: provider.tracer(scope),
        unsampled: provider.unsampled(scope),
        owner: provider,
        context
      })
      : new EffectTracer.EffectTracer({
        guard,
        pipeline,
        decisions: Sampler.decisions(config.tracing.sampler, options.trustRemoteSampled ?? true),
        resource,
        scope,
        layer: provider,
        idGenerator: options.idGenerator,
        context
      })
    const service: Service = {
      enabled: true,
      tracer: (name, version) => GlobalApi.tracer({ name, version }, () => provider),
      accounting: () => pipeline.accounting(),
      flush: pipeline.flush
    }
    return { service, tracer }
  }
)

const limitsOf = (queue: ObservabilityConfig["tracing"]["queue"]): Partial<Limits.Limits> => ({
  maxQueueSize: queue.maxQueueSize,
  maxExportBatchSize: queue.maxExportBatchSize,
  scheduledDelay: Duration.toMillis(queue.scheduledDelay),
  exportTimeout: Duration.toMillis(queue.exportTimeout)
})

/**
 * Runs `body` so that no instrumentation traces what it starts, whoever instruments it.
 *
 * Use it for requests of the layer's own, which would otherwise be traced, exported, traced again.
 */
export const untraced = <A>(body: () => A): A => Otel.context.with(suppressTracing(Otel.ROOT_CONTEXT), body)

const runUntraced = <A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> =>
  untraced(() => Effect.runFork(Effect.provideService(effect, References.TracerEnabled, false)))

type Quietly = (line: Effect.Effect<void>) => Effect.Effect<void>

/** A logger that throws must not keep the layer from starting or ending. */
const countFaults = (guard: Guard): Quietly => (line) =>
  Effect.catchCause(line, (cause) => Effect.sync(() => guard.count("logger", cause)))

type Log = (line: Effect.Effect<void>) => void

const makeLog = (quietly: Quietly): Effect.Effect<Log> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runForkWith(Context.add(context, References.TracerEnabled, false))
    return (line) => {
      run(quietly(line))
    }
  })

// A receiver's words may be a page of HTML.
const longestProblem = 300

/** A line when a sink begins to fail and one when it works again, instead of one for each export. */
const reportChanges = (
  log: Log,
  scrubber: SpanScrubber
): (sink: SpanSink, problem: string | undefined) => void => {
  const failing = new Set<string>()
  return (sink, problem) => {
    if (problem === undefined) {
      if (failing.delete(sink.name)) log(Effect.logInfo(`spans arrive at ${sink.name} again`))
    } else if (!failing.has(sink.name)) {
      failing.add(sink.name)
      const words = scrubber.text(Cut.before(problem, longestProblem)).slice(0, longestProblem)
      log(Effect.logWarning(`spans don't arrive at ${sink.name}: ${words}`))
    }
  }
}

/** A line when nothing more is sent to a sink, and one when it is again; trials are for those who look closely. */
const reportCircuit = (log: Log): (sink: SpanSink, circuit: Circuit.Circuit) => void => ({ name }, circuit) => {
  const { failures, state, trials } = circuit
  if (state === "closed") return log(Effect.logInfo(`spans are sent to ${name} again`))
  if (state === "half_open") return log(Effect.logDebug(`a few spans are sent to ${name}, to see whether they arrive`))
  const line = `nothing is sent to ${name} for a while, after ${failures} failures in a row`
  log(trials === 0 ? Effect.logWarning(line) : Effect.logDebug(line))
}
