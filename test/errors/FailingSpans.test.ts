import { ErrorTracking, Guard, Observation } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import * as FailingSpans from "../../src/errors/FailingSpans.ts"
import { layer as recorded, TestErrors } from "../../src/errors/TestErrors.ts"
import { DirectTracer } from "../../src/observation/DirectTracer.ts"
import * as OwnSpans from "../support/OwnSpans.ts"

const observed = Observation.make<string>({ prefix: "test", span: (name) => ({ name }), instruments: [] })
const job = ErrorTracking.withBoundary("job")

/** The trace of the event, with the spans that there were. */
const traceOf = (program: Effect.Effect<unknown, unknown>, options?: { readonly sampled: boolean }) => {
  const own = OwnSpans.make(options)
  const tracer = Layer.succeed(Tracer.Tracer, own.tracer)
  return Effect.gen(function*() {
    yield* Effect.exit(job(program))
    const { events } = yield* TestErrors
    return { trace: (yield* events)[0]?.trace, own }
  }).pipe(Effect.provide(recorded().pipe(Layer.provideMerge(Layer.merge(tracer, Logger.layer([]))))))
}

const fails = Effect.fail(new Error("it broke"))

describe("under our own tracer, what reports failures", () => {
  it.effect("names the observation in which one began, whose spans are opened by the tracer's own way", () =>
    Effect.gen(function*() {
      const { own, trace } = yield* traceOf(fails.pipe(observed("inner"), observed("outer")))
      assert.deepStrictEqual(own.names(), ["outer", "inner"])
      const { spanId, traceId } = own.one("inner")
      assert.deepStrictEqual(trace, { traceId, spanId })
    }))

  it.effect("names the innermost span that failed, of whatever kind", () =>
    Effect.gen(function*() {
      const { own, trace } = yield* traceOf(fails.pipe(Effect.withSpan("statement"), observed("outer")))
      assert.strictEqual(trace?.spanId, own.one("statement").spanId)
    }))

  it.effect("leaves out what is below a span that is left out, without making spans of it", () =>
    Effect.gen(function*() {
      const { own } = yield* traceOf(Effect.void.pipe(observed("inner"), observed("outer")), { sampled: false })
      assert.deepStrictEqual(own.names(), ["outer"])
      assert.strictEqual(own.accounting().unsampled, 2)
    }))

  it("keeps the tracer's hook, and stays one that observations open their spans with", () => {
    const { guard, tracer } = OwnSpans.make()
    const context: Tracer.Tracer["context"] = (primitive, fiber) => primitive["~effect/Effect/evaluate"](fiber)
    const hooked = Object.assign(tracer, { context })
    const noting = FailingSpans.observe(hooked, guard)
    assert.isTrue(noting instanceof DirectTracer)
    assert.strictEqual(noting.context, context)
  })

  it("takes tracers that are not ours as they are", () => {
    const foreign = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
    assert.isFalse(FailingSpans.observe(foreign, Guard.make()) instanceof DirectTracer)
  })
})
