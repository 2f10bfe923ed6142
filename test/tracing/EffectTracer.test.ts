import { Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import { SpanKind, SpanStatusCode } from "@opentelemetry/api"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as FiberInternals from "../../src/tracing/FiberInternals.ts"
import { config, named, parentOf, traced } from "./harness.ts"

class NotFound extends Data.TaggedError("NotFound")<{ readonly message: string; readonly cause?: unknown }> {}

const remote = (sampled: boolean): Tracer.ExternalSpan =>
  Tracer.externalSpan({ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", sampled })

describe("Effect spans", () => {
  it.effect("carry name, kind, parent, attributes, events, links and the times of the clock", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.gen(function*() {
        const other = yield* Effect.makeSpan("other")
        yield* Effect.gen(function*() {
          yield* TestClock.adjust("2 seconds")
          yield* Effect.annotateCurrentSpan({ text: "a", number: 1.5, flag: true, list: ["a", "b"], object: { a: 1 } })
          const span = yield* Effect.currentSpan
          span.event("halfway", 1_500_000_000n, { step: 2 })
        }).pipe(
          Effect.withSpan("child", { kind: "client", links: [{ span: other, attributes: { why: "test" } }] }),
          Effect.withSpan("parent")
        )
      }))
      const child = named(spans, "child")
      assert.strictEqual(parentOf(spans, "child"), "parent")
      assert.strictEqual(parentOf(spans, "parent"), "-")
      assert.strictEqual(child.kind, SpanKind.CLIENT)
      assert.deepStrictEqual(child.startTime, [0, 0])
      assert.deepStrictEqual(child.duration, [2, 0])
      assert.deepInclude(child.attributes, {
        text: "a",
        number: 1.5,
        flag: true,
        list: ["a", "b"],
        object: `{\n  "a": 1\n}`
      })
      assert.deepStrictEqual(child.events.map(({ attributes, name, time }) => ({ name, time, attributes })), [
        { name: "halfway", time: [1, 500_000_000], attributes: { step: 2 } }
      ])
      assert.deepStrictEqual(child.links.map(({ attributes }) => attributes), [{ why: "test" }])
      assert.strictEqual(child.status.code, SpanStatusCode.OK)
    }))

  it.effect("that are said to end before they start take no time", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.gen(function*() {
        yield* TestClock.adjust("5 seconds")
        for (const end of [1_000_000_000n, 4_999_999_999n]) {
          const span = yield* Effect.makeSpan(`until ${end}`)
          span.end(end, Exit.void)
        }
      }))
      assert.deepStrictEqual(spans.map(({ duration, endTime }) => [endTime, duration]), [[[5, 0], [0, 0]], [[5, 0], [
        0,
        0
      ]]])
    }))

  it.effect("tell failures, defects and interruptions apart", () =>
    Effect.gen(function*() {
      const { exit, spans } = yield* traced(Effect.gen(function*() {
        yield* Effect.exit(
          Effect.fail(new NotFound({ message: "no AAPL", cause: new Error("socket closed") })).pipe(
            Effect.withSpan("failure")
          )
        )
        yield* Effect.exit(Effect.die(new TypeError("not a function")).pipe(Effect.withSpan("defect")))
        const fiber = yield* Effect.forkChild(Effect.never.pipe(Effect.withSpan("interrupted")), {
          startImmediately: true
        })
        yield* Fiber.interrupt(fiber)
        return "unchanged"
      }))
      assert.strictEqual(exit._tag, "Success")

      const failure = named(spans, "failure")
      assert.deepStrictEqual(failure.status, { code: SpanStatusCode.ERROR, message: "no AAPL" })
      assert.deepInclude(failure.attributes, { "effect.outcome": "error", "error.type": "NotFound" })
      assert.strictEqual(failure.events.length, 1)
      const event = failure.events[0]
      assert.strictEqual(event?.name, "exception")
      assert.deepInclude(event?.attributes, { "exception.type": "NotFound", "exception.message": "no AAPL" })
      assert.include(event?.attributes?.["exception.stacktrace"], "EffectTracer.test.ts")
      assert.include(event?.attributes?.["exception.stacktrace"], "[cause]: Error: socket closed")

      const defect = named(spans, "defect")
      assert.deepStrictEqual(defect.status, { code: SpanStatusCode.ERROR, message: "not a function" })
      assert.deepInclude(defect.attributes, { "effect.outcome": "defect", "error.type": "TypeError" })
      assert.deepInclude(defect.events[0]?.attributes, { "exception.type": "TypeError" })

      const interrupted = named(spans, "interrupted")
      assert.strictEqual(interrupted.status.code, SpanStatusCode.UNSET)
      assert.deepInclude(interrupted.attributes, { "effect.outcome": "interrupted" })
      assert.notProperty(interrupted.attributes, "error.type")
      assert.strictEqual(interrupted.events.length, 0)
    }))

  it.effect("show every reason of a cause, and count a defect before an error before an interruption", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.exit(
        Effect.failCause(Cause.fromReasons([
          ...Cause.interrupt(1).reasons,
          ...Cause.fail(new NotFound({ message: "first" })).reasons,
          ...Cause.die("a string").reasons
        ])).pipe(Effect.withSpan("mixed"))
      ))
      const mixed = named(spans, "mixed")
      assert.deepInclude(mixed.attributes, { "effect.outcome": "defect", "error.type": "string" })
      assert.deepStrictEqual(mixed.status, { code: SpanStatusCode.ERROR, message: "a string" })
      assert.deepStrictEqual(
        mixed.events.map(({ attributes }) => [attributes?.["exception.type"], attributes?.["effect.outcome"]]),
        [["NotFound", "error"], ["string", "defect"]]
      )
    }))

  it.effect("have the first of several defects for their status", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.exit(
        Effect.failCause(Cause.combine(Cause.die(new TypeError("first")), Cause.die(new RangeError("second")))).pipe(
          Effect.withSpan("twice")
        )
      ))
      const twice = named(spans, "twice")
      assert.strictEqual(twice.status.message, "first")
      assert.strictEqual(twice.attributes["error.type"], "TypeError")
      assert.strictEqual(twice.events.length, 2)
    }))

  it.effect("take links that are added while they are open", () =>
    Effect.gen(function*() {
      const { guard, spans } = yield* traced(
        Effect.currentSpan.pipe(
          Effect.flatMap((span) =>
            Effect.sync(() => span.addLinks([{ span: remote(true), attributes: { why: "later" } }]))
          ),
          Effect.withSpan("linked")
        )
      )
      const { links } = named(spans, "linked")
      assert.deepStrictEqual(links.map(({ attributes, context }) => [context.spanId, attributes]), [
        [remote(true).spanId, { why: "later" }]
      ])
      assert.strictEqual(guard.faults().get("tracer"), 0)
    }))

  it.effect("run what begins to wait once, and take what it throws for the program's own defect", () =>
    Effect.gen(function*() {
      const thrown = new Error("thrown while it begins to wait")
      let runs = 0
      const { exit, guard } = yield* traced(
        Effect.callback<never>(() => {
          runs++
          throw thrown
        }).pipe(Effect.withSpan("waits"))
      )
      assert(Exit.isFailure(exit))
      assert.deepStrictEqual(exit.cause.reasons.map((reason) => reason._tag === "Die" && reason.defect), [thrown])
      assert.strictEqual(runs, 1)
      assert.strictEqual(guard.faults().get("context"), 0)
    }))

  it.effect("call an interrupted server span an error only when it was answered with a 5xx", () =>
    Effect.gen(function*() {
      const request = Effect.fnUntraced(function*(name: string, status: number) {
        const fiber = yield* Effect.forkChild(
          Effect.andThen(Effect.annotateCurrentSpan("http.response.status_code", status), Effect.never).pipe(
            Effect.withSpan(name, { kind: "server" })
          ),
          { startImmediately: true }
        )
        yield* Fiber.interrupt(fiber)
      })
      const { spans } = yield* traced(Effect.andThen(request("aborted", 499), request("stopped", 503)))
      assert.strictEqual(named(spans, "aborted").status.code, SpanStatusCode.UNSET)
      assert.strictEqual(named(spans, "stopped").status.code, SpanStatusCode.ERROR)
      assert.deepInclude(named(spans, "stopped").attributes, { "effect.outcome": "interrupted", "error.type": "503" })
    }))

  it.effect("survive failures and values that cannot be read, and count each", () =>
    Effect.gen(function*() {
      const hostile = new Proxy({}, {
        get: () => {
          throw new Error("unreadable")
        },
        has: () => {
          throw new Error("unreadable")
        }
      })
      const { accounting, exit, guard, spans } = yield* traced(
        Effect.annotateCurrentSpan("value", hostile).pipe(
          Effect.andThen(Effect.linkSpans(Effect.void, remote(true))),
          Effect.andThen(Effect.fail(hostile)),
          Effect.withSpan("hostile"),
          Effect.flip,
          Effect.map((error) => error === hostile)
        )
      )
      assert.isTrue(exit._tag === "Success" && exit.value)
      assert.strictEqual(named(spans, "hostile").status.code, SpanStatusCode.ERROR)
      assert.isAtLeast(guard.faults().get("tracer") ?? 0, 1)
      assert.deepInclude(accounting, { started: 1, open: 0, ended: 1 })
    }))

  it.effect("are counted as lost when their parent can't be read any more at their end", () =>
    Effect.gen(function*() {
      let isReadable = true
      const parent: Tracer.ExternalSpan = {
        ...remote(true),
        get spanId(): string {
          if (!isReadable) throw new Error("unreadable")
          return remote(true).spanId
        }
      }
      const { accounting, exit, guard, spans } = yield* traced(
        Effect.sync(() => {
          isReadable = false
        }).pipe(Effect.withSpan("span", { parent }))
      )
      assert.isTrue(Exit.isSuccess(exit))
      assert.deepStrictEqual(spans, [])
      assert.deepInclude(accounting, { started: 1, open: 0, ended: 1 })
      assert.strictEqual(accounting.sinks[0]?.dropped.fault, 1)
      assert.strictEqual(guard.faults().get("tracer"), 1)
    }))

  it.effect("become native spans, counted as lost, when they cannot be started", () =>
    Effect.gen(function*() {
      const { accounting, exit, guard } = yield* traced(
        Effect.succeed("unchanged").pipe(
          Effect.withSpan("inside"),
          Effect.withSpan("lost", {
            links: [{
              span: remote(true),
              get attributes(): never {
                throw new Error("unreadable")
              }
            }]
          })
        )
      )
      assert.isTrue(exit._tag === "Success" && exit.value === "unchanged")
      assert.deepInclude(accounting, { started: 2, open: 0, ended: 2 })
      assert.deepInclude(accounting.sinks[0], { exported: 1 })
      assert.strictEqual(accounting.sinks[0]?.dropped.fault, 1)
      assert.strictEqual(guard.faults().get("tracer"), 1)
    }))
})

describe("sampling of Effect spans", () => {
  const children = Effect.void.pipe(Effect.withSpan("grandchild"), Effect.withSpan("child"))

  it.effect("counts what the sampler leaves out", () =>
    Effect.gen(function*() {
      const off = config({ sampler: { _tag: "AlwaysOff", parentBased: true } })
      const { accounting, spans } = yield* traced(children, { config: off })
      assert.strictEqual(spans.length, 0)
      assert.deepInclude(accounting, { started: 2, open: 0, unsampled: 2, ended: 0 })
    }))

  it.effect("honours a program that asks not to sample", () =>
    Effect.gen(function*() {
      const { accounting, spans } = yield* traced(
        children.pipe(
          Effect.withSpan("left out", { sampled: false }),
          Effect.andThen(
            Effect.void.pipe(Effect.withSpan("debug", { level: "Debug" }), Effect.withSpan("kept")).pipe(
              Effect.provideService(Tracer.MinimumTraceLevel, "Info")
            )
          )
        )
      )
      assert.deepStrictEqual(spans.map(({ name }) => name), ["kept"])
      assert.deepInclude(accounting, { started: 5, unsampled: 4, ended: 1 })
    }))

  it.effect("follows a caller's flag, or judges for itself where callers are not trusted", () =>
    Effect.gen(function*() {
      const names = Effect.fnUntraced(function*(sampled: boolean, trustRemoteSampled: boolean, on: boolean) {
        const sampler = { _tag: on ? "AlwaysOn" : "AlwaysOff", parentBased: true } as const
        const { spans } = yield* traced(Effect.withParentSpan(children, remote(sampled)), {
          config: config({ sampler }),
          trustRemoteSampled
        })
        for (const span of spans) assert.strictEqual(span.spanContext().traceId, remote(true).traceId)
        return spans.length
      })
      assert.strictEqual(yield* names(false, true, true), 0)
      assert.strictEqual(yield* names(true, true, false), 2)
      assert.strictEqual(yield* names(false, false, true), 2)
      assert.strictEqual(yield* names(true, false, false), 0)
    }))

  it.effect("takes nothing from OpenTelemetry's variables in the process environment", () =>
    Effect.gen(function*() {
      const set = { OTEL_TRACES_SAMPLER: "always_off", OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "1" }
      Object.assign(process.env, set)
      const { spans } = yield* traced(Effect.void.pipe(
        Effect.withSpan("span", { attributes: { a: 1, b: 2, c: 3 } })
      )).pipe(Effect.ensuring(Effect.sync(() => Object.keys(set).forEach((name) => delete process.env[name]))))
      assert.deepInclude(named(spans, "span").attributes, { a: 1, b: 2, c: 3 })
    }))
})

describe("Tracing.layerOpenTelemetry", () => {
  it.effect("has the spans of Effect code made by `@effect/opentelemetry`, in the same books", () =>
    Effect.gen(function*() {
      const program = Effect.map(Effect.currentSpan, (span) => "~@effect/opentelemetry/OtelTracer/OtelSpan" in span)
        .pipe(
          Effect.withSpan("span")
        )
      const own = yield* traced(program)
      const chosen = yield* Effect.provide(traced(program), Tracing.layerOpenTelemetry)
      assert.deepStrictEqual([own.exit, chosen.exit], [Exit.succeed(false), Exit.succeed(true)])
      for (const { accounting, spans } of [own, chosen]) {
        assert.deepStrictEqual(spans.map(({ name }) => name), ["span"])
        assert.deepInclude(accounting, { started: 1, open: 0, ended: 1 })
      }
    }))
})

describe("Tracing.tracer", () => {
  it.effect("feeds the same books, and its spans are children of the Effect span around them", () =>
    Effect.gen(function*() {
      const { accounting, spans } = yield* traced(Effect.gen(function*() {
        const tracer = (yield* Tracing.Tracing).tracer("library", "1.0.0")
        yield* Effect.sync(() => {
          tracer.startActiveSpan("outer", { attributes: { a: 1 } }, (outer) => {
            tracer.startSpan("inner").end()
            outer.end()
          })
        }).pipe(Effect.withSpan("effect"))
      }))
      assert.strictEqual(parentOf(spans, "outer"), "effect")
      assert.strictEqual(parentOf(spans, "inner"), "outer")
      assert.deepStrictEqual(named(spans, "outer").instrumentationScope.name, "library")
      assert.deepInclude(accounting, { started: 3, ended: 3 })
    }))
})

describe("the contract with Effect's internals", () => {
  const primitives: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]> = [
    ["callback", Effect.callback<void>(() => {})],
    ["promise", Effect.promise(() => Promise.resolve())],
    ["promise with signal", Effect.promise((_signal) => Promise.resolve())],
    ["tryPromise", Effect.tryPromise(() => Promise.resolve())],
    ["never", Effect.never],
    ["sleep", Effect.sleep(Duration.seconds(1))]
  ]

  const evaluateOf = (effect: Effect.Effect<unknown, unknown>): unknown =>
    (effect as unknown as Tracer.EffectPrimitive<unknown>)["~effect/Effect/evaluate"]

  it("is that what leaves the fiber is an `Async` primitive with one shared `evaluate`", () => {
    assert.isFunction(FiberInternals.asyncEvaluate)
    for (const [name, effect] of primitives.filter(([name]) => name !== "sleep" && name !== "tryPromise")) {
      assert.strictEqual(evaluateOf(effect), FiberInternals.asyncEvaluate, name)
      assert.propertyVal(effect, "~effect/Effect/identifier", "Async", name)
    }
  })

  it("is that nothing else has that `evaluate`", () => {
    const others = [
      Effect.void,
      Effect.sync(() => 1),
      Effect.suspend(() => Effect.void),
      Effect.flatMap(Effect.void, () => Effect.void),
      Effect.gen(function*() {}),
      Effect.withFiber(() => Effect.void),
      Effect.fail("no")
    ]
    for (const effect of others) assert.notStrictEqual(evaluateOf(effect), FiberInternals.asyncEvaluate)
  })
})
