/**
 * Tracing for tests: the service and Effect's tracer with deterministic ids, and expectations on what they recorded.
 *
 * Every span is seen as it would leave the process: sampled spans only, scrubbed. Times are those of the test's clock.
 *
 * @example
 * import { span, TestTracing } from "@dawsos/observability/testing"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const test = Effect.gen(function*() {
 *   yield* Effect.void.pipe(Effect.withSpan("inner"), Effect.withSpan("outer"))
 *   yield* TestTracing.expectTrace(span("outer", { status: "success" }, [span("inner")]))
 * }).pipe(Effect.provide(DawsOs.layerTest))
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import * as Guard from "../Guard.ts"
import * as Scrubber from "../Scrubber.ts"
import * as Tracing from "../tracing/Tracing.ts"
import { expect, met } from "./ExpectationError.ts"
import * as ForeignTracer from "./ForeignTracer.ts"
import * as SpanComparison from "./SpanComparison.ts"
import type { SpanExpectation, Spans } from "./SpanExpectation.ts"
import { toSpans } from "./SpanExpectation.ts"
import * as SpanReport from "./SpanReport.ts"
import type { TestSpan, TestTree } from "./TestSpan.ts"
import * as TestSpans from "./TestSpan.ts"
import { TestTracer } from "./TestTracer.ts"

/** The spans that a program under test has opened. */
export class TestTracing extends Context.Service<TestTracing, {
  /** Every sampled span in the order of starting, open ones included. */
  readonly spans: Effect.Effect<ReadonlyArray<TestSpan>>
  /** The same as trees; a span whose parent is not among them is a root. */
  readonly trees: Effect.Effect<ReadonlyArray<TestTree>>
  /** Forgets the spans that have ended. Ids go on counting and the accounting stays. */
  readonly clear: Effect.Effect<void>
}>()("@dawsos/observability/TestTracing") {}

/** What may be chosen of the tracing of a test. */
export interface Options {
  /** The vocabulary's prefix: `{prefix}.status` says how an observed operation ended. */
  readonly prefix: string
  /** Whether traces that begin in the test are sampled; yes unless set. Children follow their parents. */
  readonly sampled?: boolean | undefined
}

/**
 * Provides {@link TestTracing}, the tracing service and Effect's tracer. It takes the guard, the scrubber and the clock
 * that are current where it is built.
 */
export const layer = (options: Options): Layer.Layer<Tracing.Tracing | TestTracing> =>
  Layer.effectContext(Effect.gen(function*() {
    const guard = yield* Guard.CurrentGuard
    const scrubber = yield* Scrubber.CurrentScrubber
    const clock = yield* Clock.Clock
    const foreign = ForeignTracer.make({ guard, now: () => clock.currentTimeNanosUnsafe(), record: () => recorder })
    const recorder: TestTracer = new TestTracer({
      guard,
      scrubber,
      prefix: options.prefix,
      sampled: options.sampled ?? true,
      foreign: foreign.active
    })
    const accounting = () => recorder.accounting()
    const spans = Effect.sync(() => recorder.spans())
    return Context.make(Tracing.Tracing, {
      enabled: true,
      tracer: () => foreign.tracer,
      accounting,
      flush: Effect.sync(accounting)
    }).pipe(
      Context.add(TestTracing, {
        spans,
        trees: Effect.map(spans, TestSpans.trees),
        clear: Effect.sync(() => recorder.clear())
      }),
      Context.add(Tracer.Tracer, recorder)
    )
  }))

/** Every sampled span so far, in the order of starting. */
export const spans: Effect.Effect<ReadonlyArray<TestSpan>, never, TestTracing> = Effect.flatMap(
  TestTracing,
  (service) => service.spans
)

/** The traces so far. */
export const trees: Effect.Effect<ReadonlyArray<TestTree>, never, TestTracing> = Effect.flatMap(
  TestTracing,
  (service) => service.trees
)

/** Forgets the spans that have ended, so that a second part of a test begins anew. */
export const clear: Effect.Effect<void, never, TestTracing> = Effect.flatMap(TestTracing, (service) => service.clear)

const count = (all: ReadonlyArray<unknown>, word: string): string =>
  `${all.length} ${word}${all.length === 1 ? "" : "s"}`

const lines = (...parts: ReadonlyArray<string | ReadonlyArray<string>>): string => parts.flat().join("\n")

const report = (
  expectation: SpanExpectation,
  roots: ReadonlyArray<TestTree>,
  candidates: ReadonlyArray<TestTree>
): string | undefined => {
  const compared = candidates.map((tree) => SpanComparison.tree(expectation, tree))
  if (compared.some(({ weight }) => weight === 0)) return undefined
  const named = compared.filter((each) => each._tag === "Pair" && !each.differences.some(({ path }) => path === "name"))
  const closest = named.sort((a, b) => a.weight - b.weight)[0]
  const wanted = SpanReport.expected(toSpans([expectation]))
  return closest === undefined
    ? lines(
      "no span has the expected name",
      "expected",
      wanted,
      `there ${roots.length === 1 ? "is" : "are"} ${count(roots, "trace")}`,
      SpanReport.forest(roots)
    )
    : lines(
      `the traces are not as expected (✗ differs, - is missing, + is not expected)`,
      "expected",
      wanted,
      named.length === 1 ? "but was" : `but the closest of ${named.length} was`,
      SpanReport.compared([closest])
    )
}

/**
 * Expects a trace whose root is like `expectation`, among others maybe. Dies with an `ExpectationError` that shows the
 * closest trace and marks what differs.
 *
 * @example
 * import { span, TestTracing } from "@dawsos/observability/testing"
 *
 * export const check = TestTracing.expectTrace(span("pattern overview", { "dawsos.pattern_id": "overview" }))
 */
export const expectTrace = (expectation: SpanExpectation): Effect.Effect<void, never, TestTracing> =>
  expect(
    expectTrace,
    Effect.map(trees, (roots) => {
      const problem = report(expectation, roots, roots)
      return problem === undefined ? met : { problem }
    })
  )

const everywhere = (roots: ReadonlyArray<TestTree>): ReadonlyArray<TestTree> =>
  roots.flatMap((tree) => [tree, ...everywhere(tree.children)])

/** Expects a span like `expectation` anywhere in any trace, with what is expected below it. */
export const expectSpan = (expectation: SpanExpectation): Effect.Effect<void, never, TestTracing> =>
  expect(
    expectSpan,
    Effect.map(trees, (roots) => {
      const problem = report(expectation, roots, everywhere(roots))
      return problem === undefined ? met : { problem }
    })
  )

/** Expects exactly these traces, in any order; with `containing(...)` others may be beside them. */
export const expectForest = (
  expectations: ReadonlyArray<SpanExpectation> | Spans
): Effect.Effect<void, never, TestTracing> =>
  expect(
    expectForest,
    Effect.map(trees, (roots) => {
      const wanted = toSpans(expectations)
      const compared = SpanComparison.forest(wanted, roots)
      if (SpanComparison.weight(compared) === 0) return met
      return {
        problem: lines(
          "the traces are not as expected (✗ differs, - is missing, + is not expected)",
          "expected",
          SpanReport.expected(wanted),
          "but there is",
          SpanReport.compared(compared)
        )
      }
    })
  )

/** Expects that no span was recorded. */
export const expectNoSpans: Effect.Effect<void, never, TestTracing> = expect(
  undefined,
  Effect.map(
    trees,
    (roots) =>
      roots.length === 0 ? met : { problem: lines("expected no spans, but there is", SpanReport.forest(roots)) }
  )
)
