import { Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as GuardedSpan from "../../src/observation/GuardedSpan.ts"
import * as CollectedSpans from "../support/CollectedSpans.ts"

type Options = Parameters<Tracer.Tracer["span"]>[0]

const faults = (guard: Guard.Guard) => [...guard.faults()].filter(([, count]) => count > 0)

/** Opens a span in a fiber of a program. */
const opening = (guard: Guard.Guard): Effect.Effect<Tracer.Span | undefined> =>
  Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) =>
    Effect.succeed(GuardedSpan.open(fiber, guard, "operation", "client", { a: 1, absent: undefined }))
  )

describe("A span that is opened", () => {
  it.effect("is none where there is no tracer or tracing is off, and that is no fault", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const { spans, tracer } = CollectedSpans.make()
      assert.isUndefined(yield* opening(guard))
      const traced = Effect.provideService(opening(guard), Tracer.Tracer, tracer)
      assert.isUndefined(yield* Effect.withTracerEnabled(traced, false))
      assert.strictEqual(spans.length, 0)
      assert.deepStrictEqual(faults(guard), [])
    }))

  it.effect("is asked for as a child of the span around it, never as the root of a trace of its own", () =>
    Effect.gen(function*() {
      const asked: Array<Options> = []
      const tracer = Tracer.make({
        span: (options) => {
          asked.push(options)
          return new Tracer.NativeSpan(options)
        }
      })
      const inside = Effect.withSpan(opening(Guard.make()), "outer")
      const span = yield* Effect.provideService(inside, Tracer.Tracer, tracer)
      const [outer, operation] = asked
      assert.strictEqual(outer?.name, "outer")
      assert(operation !== undefined && span !== undefined)
      const { kind, name, parent, root, sampled } = operation
      assert.deepStrictEqual({ kind, name, root, sampled }, {
        kind: "client",
        name: "operation",
        root: false,
        sampled: true
      })
      assert.strictEqual(Option.getOrThrow(parent).traceId, span.traceId)
      assert.deepStrictEqual([...span.attributes], [["a", 1]])
    }))
})

describe("The end of a span that somebody else ends", () => {
  it("is heard once, before the tracer hears of it, and its exit may be replaced once", () => {
    const told: Array<string> = []
    const span = new Tracer.NativeSpan({
      name: "any",
      parent: Option.none(),
      annotations: Context.empty(),
      links: [],
      startTime: 0n,
      kind: "internal",
      sampled: true
    })
    const end = span.end
    span.end = (time, exit) => {
      told.push(`tracer ${exit._tag} ${time}`)
      end.call(span, time, exit)
    }
    const guard = Guard.make()
    GuardedSpan.onEnd(span, guard, (exit) => {
      told.push(`listener ${exit._tag}`)
      return Exit.die("replaced")
    })
    span.end(1n, Exit.void)
    span.end(2n, Exit.void)
    assert.deepStrictEqual(told, ["listener Success", "tracer Failure 1", "tracer Success 2"])
    assert.deepStrictEqual(faults(guard), [])
  })

  it.effect("is told to the tracer as it is when the listener throws, and the fault is counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const { one, tracer } = CollectedSpans.make()
      yield* Effect.useSpan("any", (span) =>
        Effect.sync(() =>
          GuardedSpan.onEnd(span, guard, () => {
            throw new Error("boom")
          })
        )).pipe(Effect.provideService(Tracer.Tracer, tracer))
      const { status } = one("any")
      assert.deepStrictEqual(status._tag === "Ended" && status.exit, Exit.void)
      assert.deepStrictEqual(faults(guard), [["instrument", 1]])
    }))
})
