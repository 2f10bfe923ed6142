import { Observation, type SpanSink, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import { isTracingSuppressed, suppressTracing } from "@opentelemetry/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { Way } from "../../src/tracing/StrictParents.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { config, memory, named, parentOf, passThrough, traced as tracedWith } from "./harness.ts"
import { scenarios } from "./parents/All.ts"
import { later, leaf, third } from "./parents/Scenario.ts"

const ways: ReadonlyArray<Way> = ["strict", "public"]

for (const way of ways) {
  const traced = <A, E>(effect: Effect.Effect<A, E, Tracing.Tracing>) => tracedWith(effect, { thirdPartyParents: way })

  for (const [about, list] of Object.entries(scenarios)) {
    describe(`parents of third-party spans ${about}, the ${way} way: they are right for`, () => {
      for (const { name, orphansInPublic = [], parents, program } of list) {
        it.live(name, () =>
          Effect.gen(function*() {
            const { exit, guard, spans } = yield* traced(Effect.withSpan(program, "span"))
            if (Exit.isFailure(exit)) assert.fail(String(exit.cause))
            const expected = way === "strict"
              ? parents
              : { ...parents, ...Object.fromEntries(orphansInPublic.map((orphan) => [orphan, "-"])) }
            const found = Object.fromEntries(Object.keys(parents).map((leaf) => [leaf, parentOf(spans, leaf)]))
            assert.deepStrictEqual(found, expected)
            for (const hook of ["context", "tracer"] as const) assert.strictEqual(guard.faults().get(hook), 0, hook)
          }))
      }
    })
  }

  describe(`third-party spans inside Effect spans, the ${way} way`, () => {
    it.live("never mix between fibers that interleave", () =>
      Effect.gen(function*() {
        const { spans } = yield* traced(
          Effect.forEach(
            Array.from({ length: 50 }, (_, index) => index),
            (index) =>
              Effect.gen(function*() {
                yield* Effect.promise(() => later(index % 3))
                yield* Effect.yieldNow
                yield* Effect.sync(() => leaf(`sync ${index}`))
                yield* Effect.promise(async () => {
                  await later(index % 2)
                  leaf(`promise ${index}`)
                })
                const fiber = yield* Effect.forkChild(Effect.sync(() => leaf(`forked ${index}`)))
                yield* Fiber.join(fiber)
              }).pipe(Effect.withSpan(`effect ${index}`)),
            { concurrency: 25 }
          )
        )
        for (let index = 0; index < 50; index++) {
          for (const name of ["sync", "promise", "forked"]) {
            assert.strictEqual(parentOf(spans, `${name} ${index}`), `effect ${index}`)
          }
        }
      }))

    it.live("keep baggage and suppression while the span changes, across awaits and in what is left to later", () =>
      Effect.gen(function*() {
        const baggage = Otel.propagation.createBaggage({ tenant: { value: "a" } })
        const seen: Array<unknown> = []
        const look = (): void => {
          const active = Otel.context.active()
          seen.push([Otel.propagation.getBaggage(active)?.getEntry("tenant")?.value, isTracingSuppressed(active)])
        }
        const program = Effect.gen(function*() {
          yield* Effect.sync(look)
          yield* Effect.promise(async () => {
            look()
            await later()
            look()
          })
          yield* Effect.withSpan(Effect.promise(() => later().then(look)), "child")
        }).pipe(Effect.withSpan("with baggage"))
        const runs = (context: (active: Otel.Context) => Otel.Context) =>
          Effect.flatMap(Effect.tracer, (tracer) =>
            Effect.promise(() =>
              Otel.context.with(
                context(Otel.context.active()),
                () => Effect.runPromise(Effect.withTracer(program, tracer))
              )
            ))
        const { spans } = yield* traced(Effect.gen(function*() {
          yield* runs((active) => Otel.propagation.setBaggage(active, baggage))
          yield* runs((active) => suppressTracing(Otel.propagation.setBaggage(active, baggage)))
          yield* Effect.withSpan(
            Effect.promise(() =>
              Otel.context.with(suppressTracing(Otel.context.active()), async () => {
                leaf("suppressed")
                await later()
                leaf("suppressed, too")
              })
            ),
            "effect"
          )
        }))
        assert.deepStrictEqual(seen, Array.from({ length: 8 }, (_, look) => ["a", look >= 4]))
        assert.sameMembers(spans.map(({ name }) => name), ["child", "with baggage", "effect"])
      }))

    it.live("are children of a caller's span, which is remote to them", () =>
      Effect.gen(function*() {
        const caller = Tracer.externalSpan({
          traceId: "0af7651916cd43dd8448eb211c80319c",
          spanId: "b7ad6b7169203331",
          sampled: true
        })
        const { spans } = yield* traced(Effect.sync(() => leaf("leaf")).pipe(Effect.withParentSpan(caller)))
        assert.deepInclude(named(spans, "leaf").parentSpanContext, {
          traceId: caller.traceId,
          spanId: caller.spanId,
          isRemote: true
        })
      }))

    it.live("are right below a caller that is not sampled, whatever is left out with it and goes on later", () =>
      Effect.gen(function*() {
        const caller = Tracer.externalSpan({
          traceId: "0af7651916cd43dd8448eb211c80319c",
          spanId: "b7ad6b7169203331",
          sampled: false
        })
        const seen: Array<Otel.SpanContext | undefined> = []
        const look = (): void => {
          seen.push(Otel.trace.getActiveSpan()?.spanContext())
          leaf("leaf")
        }
        const operation = Observation.make<string>({ prefix: "shop", span: (name) => ({ name }), instruments: [] })
        const program = Effect.gen(function*() {
          yield* Effect.sync(look)
          yield* Effect.promise(async () => {
            look()
            await later()
            look()
          })
          yield* operation("inner")(Effect.sync(look))
          yield* Fiber.join(yield* Effect.forkChild(Effect.promise(() => later().then(look))))
        })
        const { accounting, spans } = yield* traced(
          Effect.withParentSpan(operation("outer")(Effect.andThen(program, Effect.currentSpan)), caller)
        )
        const context = { traceId: caller.traceId, spanId: caller.spanId, traceFlags: 0, isRemote: true }
        assert.deepStrictEqual(seen, Array.from({ length: 5 }, () => context))
        assert.isEmpty(spans)
        assert.deepInclude(accounting, { started: 7, unsampled: 7 })
      }))
  })
}

describe("two live layers in a process", () => {
  const build = (sink: SpanSink.SpanSink, scope: Scope.Scope) =>
    Layer.buildWithScope(
      Layer.fresh(TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [sink] })),
      scope
    )

  const program = (name: string) =>
    Effect.gen(function*() {
      yield* Effect.promise(async () => {
        await later()
        third.startActiveSpan(`foreign ${name}`, (span) => {
          leaf(`leaf ${name}`)
          span.end()
        })
      }).pipe(Effect.withSpan(name))
      yield* Tracing.flush
    })

  it.live("keep foreign spans in the pipeline of the span above them, whoever came first or is still there", () =>
    Effect.gen(function*() {
      const [first, second] = [memory("first"), memory("second")]
      const [firstScope, secondScope] = [yield* Scope.make(), yield* Scope.make()]
      const a = yield* build(first, firstScope)
      const b = yield* build(second, secondScope)
      yield* Effect.all([Effect.provide(program("a"), a), Effect.provide(program("b"), b)], { concurrency: 2 })
      assert.sameMembers(first.spans.map(({ name }) => name), ["a", "foreign a", "leaf a"])
      assert.sameMembers(second.spans.map(({ name }) => name), ["b", "foreign b", "leaf b"])
      yield* Scope.close(firstScope, Exit.void)
      yield* Effect.provide(Effect.andThen(Effect.sync(() => leaf("of nobody")), program("c")), b)
      assert.sameMembers(second.spans.slice(3).map(({ name }) => name), ["of nobody", "c", "foreign c", "leaf c"])
      assert.strictEqual(parentOf(second.spans, "foreign c"), "c")
      yield* Scope.close(secondScope, Exit.void)
      assert.strictEqual(first.spans.length, 3)
    }))

  it.live("leave the global API as they found it, and serve instrumentation that is older than they are", () =>
    Effect.gen(function*() {
      assert.isFalse(third.startSpan("nobody is there").isRecording())
      const { spans } = yield* tracedWith(Effect.sync(() => leaf("somebody is there")))
      named(spans, "somebody is there")
      assert.isFalse(third.startSpan("nobody again").isRecording())
      assert.isFalse(Otel.trace.getTracer("anything").startSpan("nobody").isRecording())
      assert.strictEqual(
        Otel.context.with(Otel.ROOT_CONTEXT.setValue(Symbol(), 1), () => Otel.context.active()),
        Otel.ROOT_CONTEXT
      )
      assert.deepStrictEqual(Otel.propagation.fields(), [])
    }))
})
