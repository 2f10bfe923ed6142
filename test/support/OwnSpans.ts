// The spans of our own tracer, kept in the order in which they were started, and the books of its pipeline.
import { Guard, type Tracing } from "@dawsos/observability"
import { resourceFromAttributes } from "@opentelemetry/resources"
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import * as EffectTracer from "../../src/tracing/EffectTracer.ts"
import * as Limits from "../../src/tracing/Limits.ts"
import * as Sampler from "../../src/tracing/Sampler.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { SpanPipeline } from "../../src/tracing/SpanPipeline.ts"

/** What a test asks of the spans that were started. */
export interface StartedSpans {
  readonly tracer: Tracer.Tracer
  readonly spans: ReadonlyArray<Tracer.Span>
  readonly names: () => ReadonlyArray<string>
  readonly one: (name: string) => Tracer.Span
}

class Collecting extends EffectTracer.EffectTracer {
  readonly spans: Array<Tracer.Span> = []

  override span(options: Parameters<Tracer.Tracer["span"]>[0]): Tracer.Span {
    return this.#kept(super.span(options))
  }

  override open(...args: Parameters<EffectTracer.EffectTracer["open"]>): ReturnType<EffectTracer.EffectTracer["open"]> {
    return this.#kept(super.open(...args))
  }

  override standIn(
    ...args: Parameters<EffectTracer.EffectTracer["standIn"]>
  ): ReturnType<EffectTracer.EffectTracer["standIn"]> {
    return this.#kept(super.standIn(...args))
  }

  #kept<S extends Tracer.Span | undefined>(span: S): S {
    if (span !== undefined) this.spans.push(span)
    return span
  }
}

export const make = (
  options: { readonly sampled?: boolean; readonly trustsCallers?: boolean } = {}
): StartedSpans & { readonly accounting: Tracing.Service["accounting"]; readonly guard: Guard.Guard } => {
  const guard = Guard.make()
  const pipeline = new SpanPipeline({
    sinks: [],
    guard,
    limits: Limits.defaults,
    random: () => 0,
    timers: { now: () => 0, after: () => () => {}, soon: () => {} },
    scrub: (span) => ScrubbedSpan.make(span, ScrubbedSpan.letPass),
    run: Effect.runFork,
    onExport: () => {},
    onCircuit: () => {}
  })
  const tracer = new Collecting({
    guard,
    pipeline,
    decisions: Sampler.decisions(
      { _tag: options.sampled === false ? "AlwaysOff" : "AlwaysOn", parentBased: true },
      options.trustsCallers ?? true
    ),
    resource: resourceFromAttributes({}),
    scope: { name: "test" },
    layer: {}
  })
  const { spans } = tracer
  return {
    tracer,
    spans,
    guard,
    accounting: () => pipeline.accounting(),
    names: () => spans.map(({ name }) => name),
    one: (name) => {
      const found = spans.filter((span) => span.name === name)
      if (found.length !== 1) throw new Error(`${found.length} spans named ${name} among ${spans.map((s) => s.name)}`)
      return found[0]!
    }
  }
}
