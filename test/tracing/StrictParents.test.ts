/**
 * Following fibers by private API: when it is on, how it is seen, and that nobody else in the process notices.
 */
import { Catalogue, Observability, Tracing } from "@dawsos/observability"
import * as EffectOtel from "@effect/opentelemetry/OtelTracer"
import { afterEach, assert, describe, it, vi } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-node"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { AsyncLocalStorage } from "node:async_hooks"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as FiberInternals from "../../src/tracing/FiberInternals.ts"
import type { Way } from "../../src/tracing/StrictParents.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import * as Harness from "../integration/Harness.ts"
import { config, memory, named, parentOf, passThrough, traced } from "./harness.ts"
import { begun, later, leaf, leafLater, third, waitFor } from "./parents/Scenario.ts"

const methods = () => {
  const { evaluate, setContext } = FiberInternals.prototype
  return { evaluate, setContext }
}
const untouched = methods()
const isWrapped = (): boolean =>
  FiberInternals.prototype.evaluate !== untouched.evaluate &&
  FiberInternals.prototype.setContext !== untouched.setContext

/** A live layer until it is closed. */
const live = Effect.fnUntraced(function*(way?: Way) {
  const scope = yield* Scope.make()
  const sink = memory()
  const context = yield* Layer.buildWithScope(
    Layer.fresh(
      TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [sink], thirdPartyParents: way })
    ),
    scope
  ).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
  return {
    run: <A, E>(effect: Effect.Effect<A, E, Tracing.Tracing>) => Effect.provide(effect, context),
    flush: Effect.provide(Tracing.flush, context),
    spans: sink.spans,
    close: Effect.provideService(Scope.close(scope, Exit.void), References.MinimumLogLevel, "None")
  }
})

describe("fibers are followed", () => {
  it.effect("as long as there is a live layer that wants it, and not a moment longer", () =>
    Effect.gen(function*() {
      assert.isFalse(isWrapped())
      const first = yield* live()
      assert.isTrue(isWrapped())
      const second = yield* live()
      const asked = yield* live("public")
      yield* first.close
      assert.isTrue(isWrapped())
      yield* second.close
      assert.deepStrictEqual(methods(), untouched, "the layer that is left does not want it")
      yield* asked.close
      const third = yield* live()
      assert.isTrue(isWrapped())
      yield* third.close
      assert.deepStrictEqual(methods(), untouched)
    }))

  it.effect("instead of a hook at each step of a program, which the public way needs", () =>
    Effect.gen(function*() {
      const hookOf = (way: Way) =>
        Effect.map(
          traced(Effect.map(Effect.tracer, ({ context }) => typeof context), { thirdPartyParents: way }),
          ({ exit }) => Exit.isSuccess(exit) ? exit.value : "failed"
        )
      assert.strictEqual(yield* hookOf("strict"), "undefined")
      assert.strictEqual(yield* hookOf("public"), "function")
    }))

  it.live("unless an option of the whole layer says otherwise", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const hookUnder = (options: Observability.Options) =>
        Effect.map(Effect.tracer, ({ context }) => [typeof context, isWrapped()]).pipe(
          Effect.provide(
            Observability.layer({ catalogue: Catalogue.make({ prefix: "shop", metrics: {} }) }, options).pipe(
              Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(Harness.environment(receiver))))
            )
          ),
          Effect.provideService(References.MinimumLogLevel, "None")
        )
      assert.deepStrictEqual(yield* hookUnder({}), ["undefined", true])
      assert.deepStrictEqual(yield* hookUnder({ thirdPartyParents: "public" }), ["function", false])
    }))

  it.effect("unless another context manager is there, which then has the parents of promises all the same", () =>
    Effect.gen(function*() {
      Otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
      const { exit, spans } = yield* traced(
        Effect.gen(function*() {
          assert.isFalse(isWrapped())
          yield* leafLater("promise")
        }).pipe(Effect.withSpan("span"))
      ).pipe(Effect.ensuring(Effect.sync(() => Otel.context.disable())))
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(parentOf(spans, "promise"), "span")
    }))

  it.effect("or not, which a line of the log says with the reason", () =>
    Effect.gen(function*() {
      const lines = Effect.fnUntraced(function*(way?: Way) {
        const lines: Array<string> = []
        const logger = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
        yield* Effect.scoped(Layer.build(
          TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [memory()], thirdPartyParents: way })
        )).pipe(
          Effect.provide(Logger.layer([logger])),
          Effect.provideService(References.MinimumLogLevel, "Debug")
        )
        return lines.filter((line) => line.includes("third-party"))
      })
      assert.deepStrictEqual(yield* lines(), [
        "Debug third-party spans find their parents the strict way: fibers were followed rightly when that was tried"
      ])
      assert.deepStrictEqual(yield* lines("public"), [
        "Debug third-party spans find their parents the public way: the layer was told so"
      ])
    }))
})

describe("fibers that can't be followed, as the trial at start finds", () => {
  const selfTest = "../../src/tracing/ParentsSelfTest.ts"
  afterEach(() => {
    vi.doUnmock(selfTest)
    vi.resetModules()
  })

  for (
    const [how, problem, reason] of [
      ["says", () => "code did not find its span", "code did not find its span"],
      ["throws", () => assert.fail("no such fibers"), "AssertionError: no such fibers"]
    ] as const
  ) {
    it.live(`are left alone, and the public way is gone, where the trial ${how} what is wrong`, () =>
      Effect.gen(function*() {
        // What is decided once per process is decided once more in modules that are new.
        vi.resetModules()
        vi.doMock(selfTest, () => ({ problem }))
        const { layer } = yield* Effect.promise(() => import("../../src/tracing/TracingLive.ts"))
        const lines: Array<string> = []
        const sink = memory()
        const seen = yield* Effect.gen(function*() {
          const { context } = yield* Effect.tracer
          // A tracer that was taken before keeps to the modules that it was taken from.
          const foreign = Otel.trace.getTracer("taken now")
          yield* Effect.withSpan(Effect.promise(() => later().then(() => foreign.startSpan("promise").end())), "span")
          yield* Tracing.flush
          return [typeof context, isWrapped()]
        }).pipe(
          Effect.provide(layer({ config: config(), scrubber: passThrough, sinks: [sink] })),
          Effect.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])),
          Effect.provideService(References.MinimumLogLevel, "Debug")
        )
        assert.deepStrictEqual(seen, ["function", false])
        assert.strictEqual(parentOf(sink.spans, "promise"), "span")
        assert.include(
          lines,
          `third-party spans find their parents the public way: this Effect can't be followed: ${reason}`
        )
      }))
  }
})

describe("where fibers are followed", () => {
  it.live("those that outlive the layer go on, and those that are older than it find their spans", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const seen: Array<string> = []
      const older = yield* Effect.withSpan(
        Effect.gen(function*() {
          yield* Deferred.await(gate)
          return yield* Effect.withSpan(
            Effect.andThen(leafLater("in older"), Effect.map(Effect.currentSpan, ({ spanId }) => spanId)),
            "child of older"
          )
        }),
        "older"
      ).pipe(Effect.forkDetach({ startImmediately: true }))
      const layer = yield* live()
      const end = yield* Deferred.make<void>()
      const outliving = yield* layer.run(Effect.withSpan(
        Effect.gen(function*() {
          yield* Deferred.await(end)
          yield* Effect.withSpan(Effect.promise(() => later()), "after the layer")
          seen.push(String(Otel.trace.getActiveSpan()))
          return "outlived"
        }),
        "outlives"
      )).pipe(Effect.forkDetach({ startImmediately: true }))
      yield* Deferred.succeed(gate, undefined)
      const child = yield* Fiber.join(older)
      yield* layer.flush
      yield* layer.close
      assert.strictEqual(named(layer.spans, "in older").parentSpanContext?.spanId, child)
      yield* Deferred.succeed(end, undefined)
      assert.strictEqual(yield* Fiber.join(outliving), "outlived")
      assert.deepStrictEqual(seen, ["undefined"])
    }))

  it.live("programs with another tracer, or none, run as they do without: same results, order, defects, interruptions", () =>
    Effect.gen(function*() {
      const before = yield* observe
      const layer = yield* live()
      const during = yield* observe
      yield* layer.close
      assert.deepStrictEqual(during, before)
      assert.isAbove(before.length, 10)
    }))

  it.live("a program with the tracer of @effect/opentelemetry, which enters each step by itself, has right parents, too", () =>
    Effect.gen(function*() {
      const layer = yield* live()
      const stock = yield* Effect.provideService(
        EffectOtel.make,
        EffectOtel.OtelTracer,
        new BasicTracerProvider().getTracer("stock")
      )
      const idOf = Effect.map(Effect.currentSpan, ({ spanId }) => spanId)
      const expected = yield* Effect.gen(function*() {
        const outer = yield* idOf
        yield* Effect.sync(() => leaf("sync"))
        yield* leafLater("promise")
        const inner = yield* Effect.withSpan(
          Effect.tap(idOf, Effect.andThen(Effect.sync(() => leaf("in inner")), leafLater("promise in inner"))),
          "inner"
        )
        yield* leafLater("back")
        return { "sync": outer, "promise": outer, "in inner": inner, "promise in inner": inner, "back": outer }
      }).pipe(Effect.withSpan("outer"), Effect.withTracer(stock))
      yield* layer.flush
      yield* layer.close
      const found = Object.fromEntries(layer.spans.map((span) => [span.name, span.parentSpanContext?.spanId]))
      assert.deepStrictEqual(found, expected)
    }))

  it.live("nothing of OpenTelemetry's is made of a span that no third party asks for", () =>
    Effect.gen(function*() {
      const layer = yield* live()
      const asked: Array<string> = []
      class Counting extends Tracer.NativeSpan {
        get span(): Otel.Span {
          asked.push(this.name)
          return Otel.trace.wrapSpanContext({ traceId: this.traceId, spanId: this.spanId, traceFlags: 1 })
        }
      }
      const body = Effect.andThen(Effect.promise(() => later()), Effect.forkChild(Effect.void))
      yield* Effect.gen(function*() {
        yield* Effect.withSpan(body, "quiet")
        yield* Effect.withSpan(Effect.andThen(body, leafLater("asks")), "asked")
      }).pipe(
        Effect.withSpan("around"),
        Effect.withTracer(Tracer.make({ span: (options) => new Counting(options) }))
      )
      yield* layer.close
      assert.deepStrictEqual([...new Set(asked)], ["asked"])
    }))

  it.live("the program's own AsyncLocalStorage holds what it would hold", () =>
    Effect.gen(function*() {
      const before = yield* ownStorage
      const layer = yield* live()
      const during = yield* ownStorage
      yield* layer.close
      assert.deepStrictEqual(during, before)
      assert.include(before, "set in a fiber")
    }))

  it.live("somebody may wrap the same methods above: nothing is torn off, and the next layer follows through both", () =>
    Effect.gen(function*() {
      const first = yield* live()
      const { evaluate } = FiberInternals.prototype
      let calls = 0
      const theirs = function(this: unknown, effect: unknown): void {
        calls++
        evaluate.call(this as never, effect)
      }
      Object.assign(FiberInternals.prototype, { evaluate: theirs })
      yield* first.close
      assert.strictEqual(FiberInternals.prototype.evaluate, theirs)
      assert.strictEqual(yield* Effect.promise(() => Effect.runPromise(Effect.as(Effect.sleep(1), "runs"))), "runs")
      assert.isAbove(calls, 0)
      const second = yield* live()
      yield* second.run(Effect.withSpan(Effect.flatMap(begun("left", setImmediate), waitFor), "span"))
      yield* second.flush
      yield* second.close
      assert.strictEqual(parentOf(second.spans, "left"), "span")
      Object.assign(FiberInternals.prototype, { evaluate })
      yield* Effect.flatMap(live(), ({ close }) => close)
      assert.deepStrictEqual(methods(), untouched)
    }))

  it.effect("there is one who follows: a second is turned away and changes nothing", () =>
    Effect.gen(function*() {
      const layer = yield* live()
      const wrapped = methods()
      assert.throws(() => FiberInternals.watch({} as never), "watched already")
      assert.deepStrictEqual(methods(), wrapped)
      yield* layer.close
    }))

  it.live("a fiber of some other Effect, that has nothing of what is known of fibers, has no span", () =>
    traced(Effect.sync(() => {
      const fiber = Fiber.getCurrent()
      const key = Object.keys(globalThis).find((key) => Reflect.get(globalThis, key) === fiber)
      assert(key !== undefined, "the running fiber is kept in the global object")
      Reflect.set(globalThis, key, {})
      try {
        assert.strictEqual(Otel.trace.getActiveSpan(), undefined)
        third.startSpan("of nobody").end()
      } finally {
        Reflect.set(globalThis, key, fiber)
      }
    })).pipe(Effect.map(({ exit, spans }) => {
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(parentOf(spans, "of nobody"), "-")
    })))
})

/** What a program without our tracer sees of itself. */
const observe = Effect.gen(function*() {
  const seen: Array<unknown> = []
  const named = (name: string) => Effect.map(Effect.currentSpan, (span) => void seen.push([name, span.name]))
  yield* Effect.gen(function*() {
    yield* named("sync")
    const fibers = [
      yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, Effect.withSpan(named("forked"), "child"))),
      yield* Effect.forkChild(Effect.withSpan(named("immediate"), "child"), { startImmediately: true })
    ]
    for (const fiber of fibers) yield* Fiber.join(fiber)
    seen.push(yield* Effect.exit(Effect.die("defect")))
    const interrupted = yield* Effect.forkChild(
      Effect.onInterrupt(Effect.withSpan(Effect.never, "hangs"), () => named("interrupted")),
      { startImmediately: true }
    )
    yield* Fiber.interrupt(interrupted)
    seen.push((yield* Fiber.await(interrupted))._tag)
    yield* named("after")
    seen.push(yield* Effect.promise(() => later().then(() => Fiber.getCurrent() === undefined)))
    seen.push(Effect.runSync(Effect.withSpan(Effect.map(Effect.currentSpan, ({ name }) => name), "nested")))
    yield* named("at the end")
  }).pipe(Effect.withSpan("native"), Effect.withTracer(nativeTracer))
  seen.push(yield* Effect.exit(Effect.currentSpan))
  return seen.map((value) => JSON.stringify(value))
})

const nativeTracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })

/** What the starter of programs finds in a storage of its own, which it and they set. */
const ownStorage = Effect.promise(async () => {
  const storage = new AsyncLocalStorage<string>()
  const found: Array<string | undefined> = []
  const look = () => void found.push(storage.getStore())
  const inSpan = <A>(effect: Effect.Effect<A>) => Effect.withTracer(Effect.withSpan(effect, "span"), nativeTracer)
  await storage.run("outside", async () => {
    await Effect.runPromise(
      inSpan(Effect.andThen(Effect.sync(look), Effect.andThen(Effect.sleep(1), Effect.sync(look))))
    )
    look()
    Effect.runSync(inSpan(Effect.sync(() => storage.enterWith("set in a fiber"))))
    look()
    await later()
    look()
    const running = Effect.runPromise(inSpan(Effect.promise(() => storage.run("inside", () => later().then(look)))))
    look()
    await running
    look()
  })
  look()
  return found
})

describe("a second copy of Effect in the process", () => {
  it.live(
    "is left as it is: its programs run, and third-party code in them finds their spans",
    () =>
      Effect.gen(function*() {
        const program = fileURLToPath(new URL("fixtures/copies.ts", import.meta.url))
        const output = yield* Effect.callback<string>((resume) => {
          const child = execFile(process.execPath, ["--conditions=source", program], (error, stdout, stderr) => {
            resume(Effect.succeed(error === null ? stdout : stderr))
          })
          return Effect.sync(() => child.kill("SIGKILL"))
        })
        assert.deepStrictEqual(JSON.parse(output), {
          isAnother: true,
          wrapped: { first: true, second: false },
          result: ["started", "after a promise", "forked", "of the copy"],
          parents: { "in a span of the copy": "of the copy", "in a span of ours": "ours" }
        })
      }),
    120_000
  )
})
