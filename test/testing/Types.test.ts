// What the compiler must accept and refuse; `npm run check` is the test, vitest runs what is left of it.
import type { ErrorTracking, Metrics, Tracing } from "@dawsos/observability"
import { Catalogue, Observability } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import {
  span,
  type SpanExpectation,
  TestErrors,
  TestLogs,
  TestMetrics,
  TestTracing
} from "@dawsos/observability/testing"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import { describe, expectTypeOf, it } from "vitest"

interface Database {
  readonly _: unique symbol
}

const program: Effect.Effect<number, "down", Database> = Effect.never

const status = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { status: Catalogue.Label.oneOf("success", "error") }
})

describe("The types of the testing entry", () => {
  it("let a test layer fail in no way and ask for nothing", () => {
    type Provided =
      | Tracing.Tracing
      | Metrics.Metrics
      | ErrorTracking.ErrorTracking
      | TestTracing.TestTracing
      | TestErrors.TestErrors
      | TestLogs.TestLogs
    expectTypeOf(DawsOs.layerTest).toEqualTypeOf<Layer.Layer<Provided>>()
    expectTypeOf(Observability.layerTest).returns.toEqualTypeOf<Layer.Layer<Provided>>()
  })

  it("give expectations no error type", () => {
    const check = Effect.gen(function*() {
      yield* TestTracing.expectTrace(span("a"))
      yield* TestMetrics.expectValue(DawsOs.metrics.dbConnectionsActive, {}, 1)
      yield* TestErrors.expectEvent({})
      yield* TestLogs.expectLine({})
    })
    expectTypeOf(check).toEqualTypeOf<
      Effect.Effect<
        void,
        never,
        TestTracing.TestTracing | Metrics.Metrics | TestErrors.TestErrors | TestLogs.TestLogs
      >
    >()
  })

  it("keep the value, the error and the needs of an effect whose change is expected", () => {
    const labels = { status: "error" } as const
    expectTypeOf(TestMetrics.expectDelta(program, status, labels, 1)).toEqualTypeOf<
      Effect.Effect<number, "down", Database | Metrics.Metrics>
    >()
    expectTypeOf(program.pipe(TestMetrics.expectDelta(status, labels, 1))).toEqualTypeOf<
      Effect.Effect<number, "down", Database | Metrics.Metrics>
    >()
    expectTypeOf(program.pipe(TestMetrics.delta(status, labels))).toEqualTypeOf<
      Effect.Effect<number, "down", Database | Metrics.Metrics>
    >()
  })

  it("refuse a label that is wrong, missing or too many, and a metric of another kind", () => {
    expectTypeOf(TestMetrics.value(status, { status: "error" })).toEqualTypeOf<
      Effect.Effect<Option.Option<number>, never, Metrics.Metrics>
    >()
    // @ts-expect-error: no such value
    TestMetrics.expectValue(status, { status: "lost" }, 1)
    // @ts-expect-error: the label is missing
    TestMetrics.expectValue(status, {}, 1)
    // @ts-expect-error: no such label
    TestMetrics.expectValue(status, { status: "error", table: "lots" }, 1)
    // @ts-expect-error: no such value
    TestMetrics.expectDelta(program, status, { status: "lost" }, 1)
    // @ts-expect-error: a histogram has no single value
    TestMetrics.expectValue(DawsOs.metrics.patternExecutionDuration, { pattern_id: "x" }, 1)
    // @ts-expect-error: a counter has no buckets
    TestMetrics.histogram(status, { status: "error" })
  })

  it("let spans be described in all forms, and refuse a status that none can have", () => {
    expectTypeOf(span("a", [span("b")])).toEqualTypeOf<SpanExpectation>()
    expectTypeOf(span(/^a/, { status: "open", "http.route": "/a", n: (value) => value === 1 }, [])).toEqualTypeOf<
      SpanExpectation
    >()
    // @ts-expect-error: no such status
    span("a", { status: "failed" })
    // @ts-expect-error: no such kind
    span("a", { kind: "job" })
  })

  it("refuse what no event and no line has", () => {
    // @ts-expect-error: no such field
    TestErrors.expectEvent({ _tag: "ProviderDown" })
    // @ts-expect-error: no such level
    TestLogs.expectLine({ level: "Warning" })
  })

  it("know what the accessors give", () => {
    expectTypeOf<Context.Service.Shape<typeof TestTracing.TestTracing>>().toHaveProperty("trees")
    expectTypeOf<Effect.Success<typeof TestErrors.events>>().toEqualTypeOf<ReadonlyArray<TestErrors.ErrorEvent>>()
  })
})
