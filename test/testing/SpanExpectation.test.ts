import * as DawsOs from "@dawsos/observability/dawsos"
import { containing, span, type SpanExpectation, TestTracing } from "@dawsos/observability/testing"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "fast-check"
import { failureOf } from "./failure.ts"

/** A tree of spans, as it is generated. */
interface Tree {
  readonly name: string
  readonly attempt: number
  readonly children: ReadonlyArray<Tree>
}

// Few names and numbers, so that siblings are often alike and the pairing has to be found.
const treesOf = (depth: number): FastCheck.Arbitrary<Tree> =>
  FastCheck.record({
    name: FastCheck.constantFrom("a", "b"),
    attempt: FastCheck.integer({ min: 0, max: 2 }),
    children: depth === 0 ? FastCheck.constant([]) : FastCheck.array(treesOf(depth - 1), { maxLength: 4 })
  })

const trees = treesOf(3)

const forests = FastCheck.array(trees, { maxLength: 4 })

const run = (tree: Tree): Effect.Effect<void> =>
  Effect.withSpan(Effect.forEach(tree.children, run, { discard: true }), tree.name, {
    attributes: { attempt: tree.attempt }
  })

const exactly = ({ attempt, children, name }: Tree): SpanExpectation => span(name, { attempt }, children.map(exactly))

/** The same in another order, and without some of what may be left out. */
const loosely = (tree: Tree, coin: () => boolean): SpanExpectation => {
  const children = tree.children.map((child) => loosely(child, coin))
  if (coin()) children.reverse()
  const pattern = coin() ? {} : { attempt: tree.attempt }
  if (coin()) return span(tree.name, pattern)
  return span(tree.name, pattern, coin() ? children : containing(...children.slice(1)))
}

/** A tree with one span changed: another number, one span fewer, one more. */
const changed = (tree: Tree, where: number, how: 0 | 1 | 2): Tree => {
  if (where <= 0 || tree.children.length === 0) {
    if (how === 0 || (how === 1 && tree.children.length === 0)) return { ...tree, attempt: tree.attempt + 10 }
    if (how === 1) return { ...tree, children: tree.children.slice(1) }
    return { ...tree, children: [...tree.children, { name: "new", attempt: 0, children: [] }] }
  }
  const index = where % tree.children.length
  return {
    ...tree,
    children: tree.children.map((child, at) => at === index ? changed(child, where - 1, how) : child)
  }
}

const check = (test: Effect.Effect<unknown, never, TestTracing.TestTracing>): Promise<unknown> =>
  Effect.runPromise(Effect.provide(test, TestTracing.layer({ prefix: DawsOs.catalogue.prefix })))

describe("What is expected of traces", () => {
  it("is met by any forest that it describes, however it is ordered and whatever it leaves out", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(forests, FastCheck.infiniteStream(FastCheck.boolean()), async (forest, coins) => {
        const coin = () => coins.next().value
        await check(Effect.gen(function*() {
          yield* Effect.forEach(forest, run)
          yield* TestTracing.expectForest(forest.map(exactly).toReversed())
          yield* TestTracing.expectForest(forest.map((tree) => loosely(tree, coin)))
          yield* TestTracing.expectForest(containing(...forest.slice(1).map(exactly)))
          for (const tree of forest) yield* TestTracing.expectTrace(loosely(tree, coin))
        }))
      }),
      { numRuns: 100 }
    ))

  it("is not met by a forest of which one span is another, missing or too many, and the message says where", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(
        trees,
        FastCheck.nat({ max: 3 }),
        FastCheck.constantFrom(0 as const, 1 as const, 2 as const),
        async (tree, where, how) => {
          await check(Effect.gen(function*() {
            yield* run(changed(tree, where, how))
            const message = yield* failureOf(TestTracing.expectForest([exactly(tree)]))
            const marks = message.split("\n").filter((line) => /^ {2}[✗+-] /.test(line))
            if (marks.length === 0) throw new Error(`nothing is marked in\n${message}`)
            if (message.split("← first difference").length !== 2) throw new Error(`no first difference in\n${message}`)
          }))
        }
      ),
      { numRuns: 100 }
    ))
})
