/**
 * What a test expects of traces.
 *
 * @example
 * import { span, TestTracing } from "@dawsos/observability/testing"
 *
 * export const check = TestTracing.expectTrace(
 *   span("provider.fetch_quote", { status: "error" }, [span("fmp /v3/quote/{symbol}", [span("GET")])])
 * )
 */
import type * as Tracer from "effect/Tracer"
import * as Pattern from "./Pattern.ts"
import type { SpanStatus, TestSpan } from "./TestSpan.ts"

/** What is expected of one span, beside its name. */
export interface SpanPattern {
  /** How it ended. */
  readonly status?: SpanStatus | undefined
  readonly kind?: Tracer.SpanKind | undefined
  /**
   * Attributes by name; those that are not named may be anything, and
   * `undefined` asks that one is absent.
   */
  readonly [attribute: string]: Pattern.AnyPattern
}

/** Exactly these spans in any order, or these among others. */
export interface Spans {
  readonly _tag: "Exactly" | "Containing"
  readonly spans: ReadonlyArray<SpanExpectation>
}

/** What is expected of a span and of those below it. */
export interface SpanExpectation {
  readonly name: string | RegExp
  readonly pattern: SpanPattern
  /** `undefined` leaves open what is below. */
  readonly children: Spans | undefined
}

type Children = ReadonlyArray<SpanExpectation> | Spans

/** The spans that are asked for; a plain list asks for exactly them. */
export const toSpans = (spans: Children): Spans => "_tag" in spans ? spans : { _tag: "Exactly", spans }

/**
 * These spans in any order, and maybe others beside them. Use it in the place of a list of children or traces, which
 * allows no others.
 */
export const containing = (...spans: ReadonlyArray<SpanExpectation>): Spans => ({ _tag: "Containing", spans })

const isChildren = (value: SpanPattern | Children): value is Children =>
  Array.isArray(value) || ("_tag" in value && "spans" in value)

/**
 * Expects a span of this name.
 *
 * `pattern` is partial: `status` and `kind` are those of the span, every other key is an attribute. Children that are
 * left out may be anything; those that are listed are expected in any order and with no others beside them
 * (`containing` allows others), `[]` expects none.
 */
export const span: {
  (name: string | RegExp, pattern?: SpanPattern, children?: Children): SpanExpectation
  (name: string | RegExp, children: Children): SpanExpectation
} = (name: string | RegExp, second: SpanPattern | Children = {}, third?: Children): SpanExpectation => {
  const children = isChildren(second) ? second : third
  return {
    name,
    pattern: isChildren(second) ? {} : second,
    children: children === undefined ? undefined : toSpans(children)
  }
}

/** Whether a span has the expected name. */
export const isNamed = (expectation: SpanExpectation, actual: TestSpan): boolean =>
  Pattern.differences(expectation.name, actual.name).length === 0

/** How a span differs from what is expected of it, its children left aside. */
export const differences = (expectation: SpanExpectation, actual: TestSpan): ReadonlyArray<Pattern.Difference> => {
  const { kind, status, ...attributes } = expectation.pattern
  return [
    ...Pattern.differences(expectation.name, actual.name, "name"),
    ...(status === undefined ? [] : Pattern.differences(status, actual.status, "status")),
    ...(kind === undefined ? [] : Pattern.differences(kind, actual.kind, "kind")),
    ...Object.keys(attributes).flatMap((key) => Pattern.differences(attributes[key], actual.attributes[key], key))
  ]
}
