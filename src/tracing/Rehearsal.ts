/**
 * An operation that nobody sees, all objects of which are kept: those from its begin to its place in a queue (see
 * `Shapes`).
 *
 * The code that makes all others makes them, so that their shapes are the same. Of the program's own none can stay, since
 * these hold what is the program's.
 */
import * as Effect from "effect/Effect"
import * as Timers from "../delivery/Timers.ts"
import * as Guard from "../Guard.ts"
import * as DirectOperation from "../observation/DirectOperation.ts"
import * as GuardedSpan from "../observation/GuardedSpan.ts"
import { kindOf, Place } from "../observation/Place.ts"
import * as Shapes from "../Shapes.ts"
import { EffectTracer } from "./EffectTracer.ts"
import { FinishedSpan } from "./FinishedSpan.ts"
import * as Limits from "./Limits.ts"
import * as Resource from "./Resource.ts"
import * as Sampler from "./Sampler.ts"
import * as ScrubbedSpan from "./ScrubbedSpan.ts"
import { Span } from "./Span.ts"
import { SpanPipeline } from "./SpanPipeline.ts"
import type { SpanRecord } from "./SpanRecord.ts"
import type { SpanSink } from "./SpanSink.ts"
import * as SpanStore from "./SpanStore.ts"

// Nothing is sent.
const sent = () => Effect.succeed({ accepted: 0, rejected: 0 })
const sink: SpanSink = { name: "rehearsal", acknowledged: false, export: sent, shutdown: Effect.void }
const encodingSink: SpanSink = { ...sink, encoder: { encode: () => {}, export: sent } }

let isDone = false

/** Keeps one of each, once in a process. */
export const once = (): void => {
  if (isDone) return
  isDone = true
  const guard = Guard.make()
  const pipeline = new SpanPipeline({
    sinks: [],
    guard,
    limits: Limits.defaults,
    random: Math.random,
    timers: Timers.live,
    scrub: (span) => span,
    run: Effect.runFork,
    onExport: () => {},
    onCircuit: () => {}
  })
  const service = { name: "rehearsal", version: "0", environment: "none", instanceId: "0", resourceAttributes: {} }
  const resource = Resource.make(service, ScrubbedSpan.letPass)
  const scope = { name: "rehearsal" }
  const decisions = Sampler.decisions({ _tag: "AlwaysOn", parentBased: true }, true)
  const tracer = new EffectTracer({ guard, pipeline, decisions, resource, scope, layer: pipeline })
  const kind = kindOf<void>({ prefix: "rehearsal", span: () => ({ name: "rehearsal" }), instruments: [] })
  const place = new Place(kind, undefined, undefined)
  const read = Effect.withFiber((fiber) => Effect.succeed(fiber.cache.span))
  const span = Effect.runSync(Effect.withFiber((fiber) => {
    // It holds its run.
    const operation = DirectOperation.observe(read, place, fiber, tracer)
    Shapes.keep(operation)
    return operation
  }))
  if (!(span instanceof Span)) return
  const finished = new FinishedSpan(span, resource, scope)
  const entries = entriesOf(ScrubbedSpan.make(finished, ScrubbedSpan.letPass))
  for (const one of [finished, ...entries]) Shapes.keep(one)
  const heard = tracer.open("rehearsal", "server", undefined, true, 0, 0, undefined)
  if (heard === undefined) return
  // Instrumentation gives its spans an `end` of their own.
  GuardedSpan.onEnd(heard, guard, () => {})
  Shapes.keep(heard)
}

/** Both ways in which a span waits. */
const entriesOf = (record: SpanRecord): ReadonlyArray<SpanStore.Entry> =>
  [sink, encodingSink].map((sink) => SpanStore.make(sink, Limits.defaults.maxQueueBytes).entryOf(record))
