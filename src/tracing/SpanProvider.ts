/**
 * OpenTelemetry's tracer providers over a pipeline, configured by what is passed and by nothing else.
 *
 * The SDK reads `OTEL_*` variables for whatever it is not told, so everything is told. It is loaded with the first span
 * that somebody starts of it.
 */
import type * as Otel from "@opentelemetry/api"
import type { Resource } from "@opentelemetry/resources"
import type { IdGenerator, Sampler } from "@opentelemetry/sdk-trace-node"
import type { Guard } from "../Guard.ts"
import type { Owner, Scope } from "./GlobalApi.ts"
import * as NoopTracer from "./NoopTracer.ts"
import * as Samplers from "./Sampler.ts"
import * as Sdk from "./Sdk.ts"
import { spanLimits } from "./SpanLimits.ts"
import type { SpanPipeline } from "./SpanPipeline.ts"

/** What a provider is made of. */
export interface Options {
  readonly guard: Guard
  readonly pipeline: SpanPipeline
  readonly resource: Resource
  readonly sampler: () => Sampler
  readonly idGenerator?: IdGenerator | undefined
}

/** The tracers of one layer. */
export interface SpanProvider extends Owner {
  /** Sampled as configured. */
  readonly tracer: (scope: Scope) => Otel.Tracer
  /** Every span left out, and counted. */
  readonly unsampled: (scope: Scope) => Otel.Tracer
}

/** Makes the providers. */
export const make = (options: Options): SpanProvider => {
  const { guard, pipeline } = options
  const providing = (sampler: () => Sampler): () => Otel.TracerProvider => {
    let made: Otel.TracerProvider | undefined
    return () =>
      made ??= new (Sdk.tracing().BasicTracerProvider)({
        resource: options.resource,
        sampler: Samplers.counting(sampler(), guard, () => pipeline.unsampled()),
        spanLimits,
        forceFlushTimeoutMillis: 5_000,
        spanProcessors: [pipeline.processor],
        ...(options.idGenerator === undefined ? {} : { idGenerator: options.idGenerator })
      })
  }
  const sampled = providing(options.sampler)
  const unsampled = providing(Samplers.never)
  return {
    guard,
    tracer: ({ name, version }) => sampled().getTracer(name, version),
    unsampled: ({ name, version }) => unsampled().getTracer(name, version),
    startSpan: ({ name, version }, spanName, spanOptions, context) =>
      pipeline.starting(
        () => sampled().getTracer(name, version).startSpan(spanName, spanOptions, context),
        () => NoopTracer.span
      )
  }
}
