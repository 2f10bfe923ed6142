/**
 * Holds traces against what is expected of them, and finds the pairing with the fewest differences.
 */
import type * as Pattern from "./Pattern.ts"
import * as SpanExpectation from "./SpanExpectation.ts"
import type { TestSpan, TestTree } from "./TestSpan.ts"
import * as TestSpans from "./TestSpan.ts"

/** An expected and an actual span side by side, or one that has no counterpart. */
export type Compared =
  | {
    readonly _tag: "Pair"
    readonly span: TestSpan
    readonly differences: ReadonlyArray<Pattern.Difference>
    readonly children: ReadonlyArray<Compared>
    /** 0 when everything is as expected. */
    readonly weight: number
  }
  | { readonly _tag: "Missing"; readonly expectation: SpanExpectation.SpanExpectation; readonly weight: number }
  | { readonly _tag: "Unexpected"; readonly tree: TestTree; readonly weight: number }
  /** Not asked for, and allowed. */
  | { readonly _tag: "Extra"; readonly tree: TestTree; readonly weight: 0 }

const sum = (all: ReadonlyArray<Compared>): number => all.reduce((total, { weight }) => total + weight, 0)

const expectedSize = ({ children }: SpanExpectation.SpanExpectation): number =>
  (children?.spans ?? []).reduce((total, child) => total + expectedSize(child), 1)

/** A tree against the expectation of its root. */
export const tree = (expectation: SpanExpectation.SpanExpectation, actual: TestTree): Compared => {
  const differences = SpanExpectation.differences(expectation, actual.span)
  const children = expectation.children === undefined
    ? actual.children.map((child): Compared => ({ _tag: "Extra", tree: child, weight: 0 }))
    : forest(expectation.children, actual.children)
  return { _tag: "Pair", span: actual.span, differences, children, weight: differences.length + sum(children) }
}

/** The weight of a forest's comparison: 0 when it is as expected. */
export const weight = sum

/** Trees against a list of expectations, in the order of the trees; what is missing comes last. */
export const forest = (
  { _tag, spans }: SpanExpectation.Spans,
  actual: ReadonlyArray<TestTree>
): ReadonlyArray<Compared> => {
  const compared = spans.map((expectation) => actual.map((each) => tree(expectation, each)))
  const pairs = perfect(compared)
  nearest(spans, actual, compared, pairs)
  const expectationOf = new Map(pairs.flatMap((found, index) => found === undefined ? [] : [[found, index]]))
  const present = actual.map((each, index): Compared => {
    const expectation = expectationOf.get(index)
    if (expectation !== undefined) return compared[expectation]![index]!
    return _tag === "Containing"
      ? { _tag: "Extra", tree: each, weight: 0 }
      : { _tag: "Unexpected", tree: each, weight: TestSpans.size(each) }
  })
  const missing = spans.flatMap((expectation, index): ReadonlyArray<Compared> =>
    pairs[index] === undefined ? [{ _tag: "Missing", expectation, weight: expectedSize(expectation) }] : []
  )
  return [...present, ...missing]
}

type Pairs = Array<number | undefined>

/** The most pairs without a difference: augmenting paths, so that a wide expectation gives way to a narrow one. */
const perfect = (compared: ReadonlyArray<ReadonlyArray<Compared>>): Pairs => {
  const pairs: Pairs = compared.map(() => undefined)
  const takenBy = new Map<number, number>()
  const assign = (expectation: number, tried: Set<number>): boolean => {
    const row = compared[expectation]!
    for (let index = 0; index < row.length; index++) {
      if (row[index]!.weight > 0 || tried.has(index)) continue
      tried.add(index)
      const holder = takenBy.get(index)
      if (holder !== undefined && !assign(holder, tried)) continue
      takenBy.set(index, expectation)
      pairs[expectation] = index
      return true
    }
    return false
  }
  compared.forEach((_, expectation) => assign(expectation, new Set()))
  return pairs
}

/** Pairs what is left by name, the least different first, so that a message shows them side by side. */
const nearest = (
  spans: ReadonlyArray<SpanExpectation.SpanExpectation>,
  actual: ReadonlyArray<TestTree>,
  compared: ReadonlyArray<ReadonlyArray<Compared>>,
  pairs: Pairs
): void => {
  const taken = new Set(pairs)
  const candidates = spans.flatMap((expectation, row) =>
    pairs[row] !== undefined ?
      [] :
      actual.flatMap((each, column) =>
        !taken.has(column) && SpanExpectation.isNamed(expectation, each.span)
          ? [{ row, column, weight: compared[row]![column]!.weight }]
          : []
      )
  )
  for (const { column, row } of candidates.sort((a, b) => a.weight - b.weight)) {
    if (pairs[row] !== undefined || taken.has(column)) continue
    pairs[row] = column
    taken.add(column)
  }
}
