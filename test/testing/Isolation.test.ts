import { Observability } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { span, TestLogs, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

const metric = DawsOs.metrics.providerRequestsTotal
const labels = { provider: "fmp", endpoint: "/v3/quote/{symbol}", status: "success" } as const

/** Leaves a trace of itself in each record, then says how much there is now. */
const recorded = Effect.fnUntraced(function*(name: string) {
  yield* Effect.void.pipe(
    DawsOs.withProviderMetrics({ provider: "fmp", endpoint: "/v3/quote/{symbol}" }),
    Effect.withSpan(name)
  )
  yield* Effect.logInfo(name)
  const roots = (yield* TestTracing.trees).map(({ span }) => span.name)
  const lines = (yield* TestLogs.lines).map(({ message }) => message)
  return { roots, lines, value: yield* TestMetrics.value(metric, labels) }
})

const only = (...names: ReadonlyArray<string>) => ({ roots: names, lines: names, value: Option.some(names.length) })

describe("A test layer", () => {
  it.effect("is built anew by each provide that stands beside another", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Effect.provide(recorded("first"), DawsOs.layerTest), only("first"))
      assert.deepStrictEqual(yield* Effect.provide(recorded("second"), DawsOs.layerTest), only("second"))
    }))

  it.effect("is the outer one where the same value is provided again inside", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* recorded("outer"), only("outer"))
      assert.deepStrictEqual(yield* Effect.provide(recorded("inner"), DawsOs.layerTest), only("outer", "inner"))
      assert.deepStrictEqual(yield* recorded("outer again"), only("outer", "inner", "outer again"))
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("is one of its own inside by Layer.fresh, or as another value", () =>
    Effect.gen(function*() {
      yield* recorded("outer")
      assert.deepStrictEqual(yield* Effect.provide(recorded("inner"), Layer.fresh(DawsOs.layerTest)), only("inner"))
      const another = Observability.layerTest(DawsOs.vocabulary)
      assert.deepStrictEqual(yield* Effect.provide(recorded("another"), another), only("another"))
      assert.deepStrictEqual(yield* recorded("outer again"), only("outer", "outer again"))
    }).pipe(Effect.provide(DawsOs.layerTest)))
})

layer(DawsOs.layerTest)("A suite on one test layer", (it) => {
  it.effect("shares it with a test that provides the same value, but not with one that asks for a fresh one", () =>
    Effect.gen(function*() {
      yield* Effect.withSpan(Effect.void, "of the suite")
      yield* Effect.provide(TestTracing.expectForest([span("of the suite")]), DawsOs.layerTest)
      yield* Effect.provide(TestTracing.expectNoSpans, Layer.fresh(DawsOs.layerTest))
      yield* Effect.provide(recorded("of the test"), DawsOs.layerTest)
      yield* TestTracing.expectForest([span("of the suite"), span("of the test")])
    }))
})
