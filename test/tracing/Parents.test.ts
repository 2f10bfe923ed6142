import { type SpanSink, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import { isTracingSuppressed, suppressTracing } from "@opentelemetry/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { config, memory, named, parentOf, passThrough, traced } from "./harness.ts"

// What a third-party instrumentation holds: a tracer from the global API, taken before there was any layer.
const third = Otel.trace.getTracer("third-party")
const leaf = (name: string): void => third.startSpan(name).end()
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** So many turns of the event loop later. */
const later = async (turns = 1): Promise<void> => {
  for (let n = 0; n < turns; n++) await turn()
}

describe("third-party spans inside Effect spans", () => {
  it.live("are children of the span whose code starts them, synchronous or not", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.gen(function*() {
          yield* Effect.sync(() => leaf("sync"))
          yield* Effect.promise(async () => {
            leaf("promise")
            await later()
            leaf("after await")
          })
          yield* Effect.tryPromise(() => later().then(() => leaf("after then")))
          yield* Effect.callback<void>((resume) => {
            setImmediate(() => {
              leaf("callback")
              resume(Effect.void)
            })
          })
          // Resumed by a timer.
          yield* Effect.sleep(1)
          yield* Effect.sync(() => leaf("after sleep"))
          yield* Effect.sync(() => leaf("inner")).pipe(Effect.withSpan("child"))
          yield* Effect.sync(() => leaf("back"))
        }).pipe(Effect.withSpan("effect"))
      )
      for (const name of ["sync", "promise", "after await", "after then", "callback", "after sleep", "back"]) {
        assert.strictEqual(parentOf(spans, name), "effect", name)
      }
      assert.strictEqual(parentOf(spans, "inner"), "child")
    }))

  it.live("are orphans where a synchronous effect leaves them to later, and children where a promise or callback does", () =>
    Effect.gen(function*() {
      const ways: Record<string, (body: () => void) => void> = {
        "setTimeout": (body) => void setTimeout(body, 1),
        "setImmediate": (body) => void setImmediate(body),
        "queueMicrotask": (body) => queueMicrotask(body),
        "process.nextTick": (body) => process.nextTick(body),
        "Promise.then": (body) => void Promise.resolve().then(body)
      }
      const { spans } = yield* traced(Effect.forEach(Object.entries(ways), ([name, defer]) =>
        Effect.gen(function*() {
          const left = yield* Effect.sync(() =>
            new Promise<void>((resolve) =>
              defer(() => {
                leaf(`sync, ${name}`)
                resolve()
              })
            )
          ).pipe(Effect.withSpan("span of sync"))
          yield* Effect.promise(() => left)
          yield* Effect.promise(() =>
            new Promise<void>((resolve) =>
              defer(() => {
                leaf(`promise, ${name}`)
                resolve()
              })
            )
          ).pipe(Effect.withSpan("span of promise"))
          yield* Effect.callback<void>((resume) =>
            defer(() => {
              leaf(`callback, ${name}`)
              resume(Effect.void)
            })
          ).pipe(Effect.withSpan("span of callback"))
        })))
      for (const name of Object.keys(ways)) {
        assert.strictEqual(parentOf(spans, `sync, ${name}`), "-", name)
        assert.strictEqual(parentOf(spans, `promise, ${name}`), "span of promise", name)
        assert.strictEqual(parentOf(spans, `callback, ${name}`), "span of callback", name)
      }
    }))

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

  it.live("follow streams, retries, races and finalizers", () =>
    Effect.gen(function*() {
      let attempts = 0
      const { spans } = yield* traced(
        Effect.gen(function*() {
          yield* Stream.range(1, 3).pipe(
            Stream.mapEffect((item) => Effect.promise(async () => leaf(`item ${item}`)), { concurrency: 2 }),
            Stream.runDrain
          )
          yield* Effect.retry(
            Effect.suspend(() => {
              leaf(`attempt ${++attempts}`)
              return attempts < 3 ? Effect.fail("again") : Effect.void
            }),
            Schedule.recurs(3)
          )
          yield* Effect.race(Effect.promise(() => later().then(() => leaf("racer"))), Effect.never)
          yield* Effect.addFinalizer(() => Effect.sync(() => leaf("finalizer")))
        }).pipe(Effect.scoped, Effect.withSpan("effect"))
      )
      for (
        const name of ["item 1", "item 2", "item 3", "attempt 1", "attempt 2", "attempt 3", "racer", "finalizer"]
      ) assert.strictEqual(parentOf(spans, name), "effect", name)
    }))

  it.live("nest by themselves, and are parents of Effect spans that start under them", () =>
    Effect.gen(function*() {
      const services = yield* Effect.context<never>()
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const tracer = yield* Effect.tracer
          const run = Effect.runPromiseWith(services)
          yield* Effect.promise(() =>
            third.startActiveSpan("foreign", async (foreign) => {
              await run(
                Effect.gen(function*() {
                  yield* Effect.sync(() => leaf("before"))
                  yield* Effect.sync(() => leaf("in child")).pipe(Effect.withSpan("child"))
                  yield* Effect.sync(() =>
                    third.startActiveSpan("nested", (span) => {
                      leaf("in nested")
                      span.end()
                    })
                  ).pipe(Effect.withSpan("second child"))
                  yield* Effect.andThen(Effect.sleep(1), Effect.sync(() => leaf("after sleep"))).pipe(
                    Effect.withSpan("sleeper")
                  )
                  yield* Effect.sync(() => leaf("after"))
                }).pipe(Effect.withTracer(tracer))
              )
              await later()
              leaf("tail")
              foreign.end()
            })
          )
          yield* Effect.sync(() => leaf("back"))
        }).pipe(Effect.withSpan("effect"))
      )
      const expected = {
        "foreign": "effect",
        "before": "foreign",
        "child": "foreign",
        "in child": "child",
        "second child": "foreign",
        "nested": "second child",
        "in nested": "nested",
        "sleeper": "foreign",
        "after sleep": "sleeper",
        "after": "foreign",
        "tail": "foreign",
        "back": "effect"
      }
      for (const [name, parent] of Object.entries(expected)) assert.strictEqual(parentOf(spans, name), parent, name)
      assert.strictEqual(new Set(spans.map((span) => span.spanContext().traceId)).size, 1)
    }))

  it.live("do not become parents of a program that is started beside them", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.gen(function*() {
        const tracer = yield* Effect.tracer
        yield* Effect.promise(() =>
          Effect.runPromise(Effect.void.pipe(Effect.withSpan("of its own"), Effect.withTracer(tracer)))
        ).pipe(Effect.withSpan("effect"))
      }))
      assert.strictEqual(parentOf(spans, "of its own"), "-")
    }))

  it.live("keep baggage and suppression while the span changes", () =>
    Effect.gen(function*() {
      const baggage = Otel.propagation.createBaggage({ tenant: { value: "a" } })
      const seen: Array<string | undefined> = []
      const look = (): void => {
        seen.push(Otel.propagation.getBaggage(Otel.context.active())?.getEntry("tenant")?.value)
      }
      const { spans } = yield* traced(Effect.gen(function*() {
        const tracer = yield* Effect.tracer
        yield* Effect.promise(() =>
          Otel.context.with(Otel.propagation.setBaggage(Otel.context.active(), baggage), () =>
            Effect.runPromise(
              Effect.andThen(Effect.sync(look), Effect.promise(async () => look())).pipe(
                Effect.withSpan("with baggage"),
                Effect.withTracer(tracer)
              )
            ))
        )
        yield* Effect.sync(() =>
          Otel.context.with(suppressTracing(Otel.context.active()), () => {
            assert.isTrue(isTracingSuppressed(Otel.context.active()))
            leaf("suppressed")
          })
        ).pipe(Effect.withSpan("effect"))
      }))
      assert.deepStrictEqual(seen, ["a", "a"])
      assert.sameMembers(spans.map(({ name }) => name), ["with baggage", "effect"])
    }))

  it.live("pass over spans that are not to be propagated, and spans of a disabled tracer", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.sync(() => leaf("leaf")).pipe(
          Effect.withSpan("hidden", { annotations: Tracer.DisablePropagation.context(true) }),
          Effect.andThen(
            Effect.sync(() => leaf("under disabled")).pipe(
              Effect.withSpan("disabled"),
              Effect.withTracerEnabled(false)
            )
          ),
          Effect.withSpan("effect")
        )
      )
      assert.strictEqual(parentOf(spans, "leaf"), "effect")
      assert.strictEqual(parentOf(spans, "under disabled"), "effect")
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

  it.live("bind their context to functions and event emitters", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.gen(function*() {
        const bound = yield* Effect.sync(() => Otel.context.bind(Otel.context.active(), () => leaf("bound"))).pipe(
          Effect.withSpan("first")
        )
        yield* Effect.sync(bound).pipe(Effect.withSpan("second"))
      }))
      assert.strictEqual(parentOf(spans, "bound"), "first")
    }))
})

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
      const { spans } = yield* traced(Effect.sync(() => leaf("somebody is there")))
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
