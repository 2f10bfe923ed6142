/**
 * Programs made by chance, of spans, fibers, promises and third-party code in one another: each third-party span is
 * below the nearest span around it.
 */
import type { Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FastCheck from "fast-check"
import type { Way } from "../../src/tracing/StrictParents.ts"
import { parentOf, traced } from "./harness.ts"
import { later, leaf, third } from "./parents/Scenario.ts"

type Step =
  | { readonly _tag: "Leaf"; readonly where: "sync" | "promise" | "after await" | "callback" | "left to later" }
  | { readonly _tag: "Pause"; readonly how: "yield" | "promise" }
  | { readonly _tag: "Inside"; readonly what: "span" | "third party" | "beside"; readonly steps: Steps }
  | { readonly _tag: "Fork"; readonly startImmediately: boolean; readonly steps: Steps }
  | { readonly _tag: "All"; readonly lists: ReadonlyArray<Steps> }
type Steps = ReadonlyArray<Step>

const steps = (way: Way): FastCheck.Arbitrary<Steps> => {
  const leaves = ["sync", "promise", "after await", "callback"] as const
  const { list } = FastCheck.letrec<{ list: Steps; step: Step }>((tie) => ({
    list: FastCheck.array(tie("step"), { minLength: 1, maxLength: 4 }),
    step: FastCheck.oneof(
      { depthSize: "small", withCrossShrink: true },
      FastCheck.record({
        _tag: FastCheck.constant("Leaf" as const),
        where: FastCheck.constantFrom(...leaves, ...(way === "strict" ? ["left to later" as const] : []))
      }),
      FastCheck.record({
        _tag: FastCheck.constant("Pause" as const),
        how: FastCheck.constantFrom("yield" as const, "promise" as const)
      }),
      FastCheck.record({
        _tag: FastCheck.constant("Inside" as const),
        what: FastCheck.constantFrom("span" as const, "third party" as const, "beside" as const),
        steps: tie("list")
      }),
      FastCheck.record({
        _tag: FastCheck.constant("Fork" as const),
        startImmediately: FastCheck.boolean(),
        steps: tie("list")
      }),
      FastCheck.record({
        _tag: FastCheck.constant("All" as const),
        lists: FastCheck.array(tie("list"), { minLength: 2, maxLength: 3 })
      })
    )
  }))
  return list
}

/** A program of such steps, and the parent that each span in it should have. */
const programOf = (list: Steps) => {
  const parents: Record<string, string> = {}
  const left: Array<Promise<void>> = []
  const named = (kind: string, parent: string): string => {
    const name = `${kind} ${Object.keys(parents).length}`
    parents[name] = parent
    return name
  }
  type Program = Effect.Effect<void, never, Tracing.Tracing>

  const leafIn = (where: (Step & { _tag: "Leaf" })["where"], parent: string): Program => {
    const name = named(where, parent)
    if (where === "sync") return Effect.sync(() => leaf(name))
    if (where === "promise") return Effect.promise(async () => leaf(name))
    if (where === "after await") return Effect.promise(() => later().then(() => leaf(name)))
    if (where === "callback") {
      return Effect.callback((resume) =>
        void setImmediate(() => {
          leaf(name)
          resume(Effect.void)
        })
      )
    }
    return Effect.sync(() => void left.push(later().then(() => leaf(name))))
  }

  const inside = (what: (Step & { _tag: "Inside" })["what"], steps: Steps, parent: string): Program => {
    if (what === "span") {
      const name = named("span", parent)
      return Effect.withSpan(all(steps, name), name)
    }
    if (what === "third party") {
      const name = named("third party", parent)
      return Effect.contextWith((context: Parameters<typeof Effect.runPromiseWith<Tracing.Tracing>>[0]) =>
        Effect.promise(() =>
          third.startActiveSpan(name, async (span) => {
            await later()
            span.end()
            // A program that is given the fiber's context has its span, too: in one of its own it is told apart.
            const own = named("run by a third party", parent)
            await Effect.runPromiseWith(context)(Effect.withSpan(all(steps, own), own))
          })
        )
      )
    }
    const name = named("beside", "-")
    return Effect.flatMap(Effect.tracer, (tracer) =>
      Effect.promise(() => {
        const program = Effect.withTracer(Effect.withSpan(all(steps, name), name), tracer)
        return Effect.runPromise(program as Effect.Effect<void>)
      }))
  }

  const one = (step: Step, parent: string, forked: Array<Fiber.Fiber<void>>): Program => {
    switch (step._tag) {
      case "Leaf":
        return leafIn(step.where, parent)
      case "Pause":
        return step.how === "yield" ? Effect.yieldNow : Effect.promise(() => later())
      case "Inside":
        return inside(step.what, step.steps, parent)
      case "Fork": {
        const { startImmediately, steps } = step
        return Effect.map(
          Effect.forkChild(all(steps, parent), { startImmediately }),
          (fiber) => void forked.push(fiber)
        )
      }
      case "All":
        return Effect.all(step.lists.map((list) => all(list, parent)), { concurrency: "unbounded", discard: true })
    }
  }

  const all = (list: Steps, parent: string): Program =>
    Effect.suspend(() => {
      const forked: Array<Fiber.Fiber<void>> = []
      return Effect.andThen(
        Effect.forEach(list, (step) => one(step, parent, forked), { discard: true }),
        Effect.suspend(() => Effect.forEach(forked, Fiber.join, { discard: true }))
      )
    })

  const program = Effect.andThen(
    Effect.withSpan(all(list, "outermost"), "outermost"),
    Effect.suspend(() => Effect.promise(() => Promise.all(left)))
  )
  return { parents, program }
}

describe("a program made by chance", () => {
  for (const way of ["strict", "public"] as const) {
    it.live(`has each third-party span below the nearest span around it, the ${way} way`, () =>
      Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(steps(way), async (list) => {
            const { parents, program } = programOf(list)
            const { exit, guard, spans } = await Effect.runPromise(traced(program, { thirdPartyParents: way }))
            if (Exit.isFailure(exit)) assert.fail(String(exit.cause))
            const found = Object.fromEntries(Object.keys(parents).map((name) => [name, parentOf(spans, name)]))
            assert.deepStrictEqual(found, parents)
            assert.strictEqual(guard.faults().get("context"), 0)
          }),
          { numRuns: 60 }
        )
      ))
  }
})
