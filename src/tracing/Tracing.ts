/**
 * The tracing service: OpenTelemetry tracers for code that is not Effect's, the books, and the flush.
 *
 * Effect code needs none of it: `Effect.withSpan` and the combinators go through Effect's own `Tracer`, which the layer
 * provides as well.
 */
import type * as Otel from "@opentelemetry/api"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Accounting from "./Accounting.ts"
import * as NoopTracer from "./NoopTracer.ts"

/** What the tracing service can do. */
export interface Service {
  /** `false` when observability or tracing is off. */
  readonly enabled: boolean
  /** An OpenTelemetry tracer whose spans go through the same sampler, pipeline and books as Effect's. */
  readonly tracer: (name: string, version?: string) => Otel.Tracer
  /** The books as they are now. */
  readonly accounting: () => Accounting.Accounting
  /** Sends everything that has ended so far and answers with the books; 5 seconds at most, whatever hangs. */
  readonly flush: Effect.Effect<Accounting.Accounting>
}

/**
 * The tracing service.
 *
 * Use it to hand a tracer to a library, to read the accounting, or to flush before a process is frozen.
 *
 * ```ts
 * import { Tracing } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracing = yield* Tracing.Tracing
 *   return tracing.accounting().open
 * })
 * ```
 */
export class Tracing extends Context.Service<Tracing, Service>()("@dawsos/observability/Tracing") {}

/**
 * An OpenTelemetry tracer, the counterpart of the base document's `get_tracer`.
 *
 * Use it for a library that wants one; its spans are children of the Effect span that they start in.
 *
 * ```ts
 * import { Tracing } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracer = yield* Tracing.tracer("pricing-feed", "1.2.0")
 *   yield* Effect.sync(() => tracer.startSpan("decode").end())
 * })
 * ```
 */
export const tracer = (name: string, version?: string): Effect.Effect<Otel.Tracer, never, Tracing> =>
  Effect.map(Tracing, (service) => service.tracer(name, version))

/**
 * Sends what has ended so far, then answers with the accounting. Takes 5 seconds at most and never fails.
 *
 * Use it where a process is about to be frozen or killed; closing the layer flushes by itself.
 *
 * ```ts
 * import { Tracing } from "@dawsos/observability"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.flatMap(Tracing.flush, (accounting) => Effect.log(`ended: ${accounting.ended}`))
 * ```
 */
export const flush: Effect.Effect<Accounting.Accounting, never, Tracing> = Effect.flatMap(
  Tracing,
  (service) => service.flush
)

/** What makes the spans of Effect code: this package's own tracer, or `@effect/opentelemetry`. */
export const TracerImplementation: Context.Reference<"own" | "opentelemetry"> = Context.Reference<
  "own" | "opentelemetry"
>("@dawsos/observability/Tracing/implementation", { defaultValue: () => "own" })

/**
 * Has the spans of Effect code made by `@effect/opentelemetry` and OpenTelemetry's SDK: the same spans, several times as
 * dear.
 *
 * Use it below the observability layer where code insists on spans of that SDK inside of Effect's.
 *
 * ```ts
 * import { Tracing } from "@dawsos/observability"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Layer from "effect/Layer"
 *
 * const live = DawsOs.layer.pipe(Layer.provide(Tracing.layerOpenTelemetry))
 * ```
 */
export const layerOpenTelemetry: Layer.Layer<never> = Layer.succeed(TracerImplementation, "opentelemetry")

/** The service of a program whose tracing is off: no-op tracers, empty books. */
export const disabled: Service = {
  enabled: false,
  tracer: () => NoopTracer.tracer,
  accounting: () => Accounting.empty,
  flush: Effect.succeed(Accounting.empty)
}

/** Provides {@link disabled}; Effect's tracer stays what it was. */
export const layerDisabled: Layer.Layer<Tracing> = Layer.succeed(Tracing, disabled)
