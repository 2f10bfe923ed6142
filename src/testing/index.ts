/**
 * What a test needs: accessors and expectations for spans, metric values, captured errors and log lines.
 *
 * They read what a test layer recorded (`DawsOs.layerTest`, `Observability.layerTest(vocabulary)`), which opens no
 * port, starts no timer and loads no vendor. Any test runner does: an expectation that is not met is a defect with a
 * message for people.
 *
 * Each `Effect.provide` of a test layer builds its own, so tests may run beside one another. Inside of a suite that
 * shares one (`it.layer`), providing the same layer again gives the shared one.
 */
import type * as Patterns from "./Pattern.ts"

export { ExpectationError } from "./ExpectationError.ts"
export { containing, span, type SpanExpectation, type SpanPattern, type Spans } from "./SpanExpectation.ts"
export * as TestErrors from "./TestErrors.ts"
export * as TestLogs from "./TestLogs.ts"
export * as TestMetrics from "./TestMetrics.ts"
export type { SpanStatus, TestSpan, TestSpanEvent, TestTree } from "./TestSpan.ts"
export * as TestTracing from "./TestTracing.ts"

/** What a test says of a value of type `A`: the value or a part of it, a regular expression, a predicate. */
export type Pattern<A> = Patterns.Pattern<A>

/** What a test says of a value of which the compiler knows nothing. */
export type AnyPattern = Patterns.AnyPattern
