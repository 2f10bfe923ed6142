// What holds of operations under our own tracer beside what holds under any (test/Observation.test.ts).
import { Catalogue, Observation } from "@dawsos/observability"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import * as GuardedSpan from "../../src/observation/GuardedSpan.ts"
import { Span } from "../../src/tracing/Span.ts"
import * as SpanAttributes from "../../src/tracing/SpanAttributes.ts"
import * as OwnSpans from "../support/OwnSpans.ts"
import * as Recorded from "../support/Recorded.ts"

const { Label } = Catalogue
const total = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { channel: Label.bounded(), status: Label.oneOf(...Observation.statuses) }
})
const withOrder = Observation.make<string>({
  prefix: "shop",
  span: (channel) => ({ name: `order ${channel}`, attributes: { "shop.channel": channel } }),
  instruments: [Observation.count(total, (channel, status) => ({ channel, status }))]
})
const web = withOrder("web")

const under = (options: Parameters<typeof OwnSpans.make>[0] = {}) => {
  const recorded = Recorded.make()
  const collected = OwnSpans.make(options)
  const context = Context.add(recorded.context, Tracer.Tracer, collected.tracer)
  return {
    recorded,
    collected,
    run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, context) as Effect.Effect<A, E, R>
  }
}

describe("Below a span that is left out", () => {
  it.effect("an operation is counted and recorded, and no span is made of it", () =>
    Effect.gen(function*() {
      const { collected, recorded, run } = under()
      const [inner, outer] = yield* run(
        Effect.currentSpan.pipe(web, Effect.zip(Effect.currentSpan), Effect.withSpan("left out", { sampled: false }))
      )
      expect(inner).toBe(outer)
      expect(collected.names()).toEqual(["left out"])
      expect(collected.accounting()).toMatchObject({ started: 2, unsampled: 2, open: 0, ended: 0 })
      expect(recorded.value("shop_orders_total", { channel: "web", status: "success" })).toBe(1)
    }))

  it.effect("an operation inside an operation keeps the span that is there", () =>
    Effect.gen(function*() {
      const { collected, run } = under({ sampled: false })
      const span = yield* run(withOrder("outer")(withOrder("inner")(web(Effect.currentSpan))))
      expect(span).toBe(collected.one("order outer"))
      expect(collected.names()).toEqual(["order outer"])
    }))

  it.effect("an operation names itself in the stack trace of what fails inside it", () =>
    Effect.gen(function*() {
      const { run } = under()
      const exit = yield* Effect.exit(run(Effect.fail("x").pipe(web, Effect.withSpan("left out", { sampled: false }))))
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("at order web")
    }))

  it.effect("an operation has a span of its own where that is a caller's, or none at all", () =>
    Effect.gen(function*() {
      const { collected, run } = under()
      const caller = (traceId: string) => Tracer.externalSpan({ traceId, spanId: "1".repeat(16), sampled: false })
      for (const traceId of ["2".repeat(32), "3".repeat(16), "none"]) {
        const span = yield* run(Effect.withParentSpan(web(Effect.currentSpan), caller(traceId)))
        expect(span.traceId.endsWith(traceId)).toBe(traceId !== "none")
      }
      // The last is the first of another trace: the caller's ids are those of none.
      expect(collected.accounting()).toMatchObject({ started: 3, unsampled: 2, ended: 1 })
    }))

  it.effect("operations share one span where that is a caller's and they are left out with it, and each is counted", () =>
    Effect.gen(function*() {
      const { collected, recorded, run } = under()
      const caller = (sampled: boolean) =>
        Tracer.externalSpan({ traceId: "2".repeat(32), spanId: "1".repeat(16), sampled })
      const inside = (place: typeof web) => place(Effect.zip(Effect.currentSpan, web(Effect.currentSpan)))
      const operations = Effect.map(
        Effect.all([inside(web), inside(withOrder("phone"))]),
        (pairs) => pairs.flat()
      )
      const shared = yield* run(Effect.withParentSpan(operations, caller(false)))
      expect(new Set(shared).size).toBe(1)
      expect(shared[0]).toMatchObject({ name: "order web", traceId: caller(false).traceId, sampled: false })
      expect(shared[0]?.spanId).not.toBe(caller(false).spanId)
      expect(shared[0]?.status._tag).toBe("Started")
      expect(collected.accounting()).toMatchObject({ started: 4, unsampled: 4, open: 0 })
      expect(recorded.value("shop_orders_total", { channel: "web", status: "success" })).toBe(3)
      // Others are not left out with it: those below another caller, and those where no caller is trusted.
      expect(new Set(yield* run(Effect.withParentSpan(operations, caller(true)))).size).toBe(4)
      const untrusting = under({ trustsCallers: false })
      const own = yield* untrusting.run(Effect.withParentSpan(operations, caller(false)))
      expect(own.map(({ sampled, traceId }) => [sampled, traceId])).toEqual(
        own.map(() => [true, caller(false).traceId])
      )
      expect(new Set(own).size).toBe(4)
    }))

  it.effect("runs of an operation that overlap are all part of it until each has ended", () =>
    Effect.gen(function*() {
      const { run } = under({ sampled: false })
      const asked = Effect.withFiber((fiber) => Effect.succeed(Observation.isRecorded(fiber, total)))
      const place = withOrder("overlapping")
      const both = Effect.gen(function*() {
        const later = Effect.andThen(Effect.sleep("2 seconds"), asked)
        const [left] = yield* Effect.all([place(Effect.forkDetach(later)), place(Effect.sleep("1 second"))], {
          concurrency: 2
        })
        return yield* Effect.zip(Fiber.join(left), place(asked))
      })
      const fiber = yield* Effect.forkChild(run(Effect.withSpan(both, "outer")))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toEqual([false, true])
    }))

  it.effect("an operation is known to record its metrics, to automatic instrumentation inside", () =>
    Effect.gen(function*() {
      const { run } = under({ sampled: false })
      const recorded = Effect.withFiber((fiber) => Effect.succeed(Observation.isRecorded(fiber, total)))
      const around = web(Effect.withSpan(Effect.zip(recorded, web(recorded)), "inside", { root: true }))
      expect(yield* run(Effect.zip(around, recorded))).toEqual([[true, true], false])
    }))
})

describe("Attributes that all spans of a place have", () => {
  it.effect("are those of each, whatever one of them gets beside", () =>
    Effect.gen(function*() {
      const { collected, run } = under()
      const attributes: ReadonlyArray<Record<string, unknown>> = [
        {},
        { "shop.channel": "phone" },
        { "shop.status": "mine", more: [1, 2] },
        {}
      ]
      for (const more of attributes) yield* run(web(Effect.annotateCurrentSpan(more)))
      expect(collected.spans.map((span) => Object.fromEntries(span.attributes))).toEqual([
        { "shop.channel": "web", "shop.status": "success" },
        { "shop.channel": "phone", "shop.status": "success" },
        { "shop.channel": "web", "shop.status": "success", more: [1, 2] },
        { "shop.channel": "web", "shop.status": "success" }
      ])
    }))

  it.effect("are exported alike whether spans share them or have them one by one, for want of a key or a plain value", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Record<string, unknown>, Record<string, unknown>]> = [
        [{ "shop.value": 2 }, { "shop.value": 2 }],
        [{ "shop.value": 2n }, { "shop.value": "2" }],
        [{ "": "nobody's", "shop.value": true }, { "shop.value": true }],
        [{ "shop.status": "mine" }, {}]
      ]
      for (const [attributes, exported] of cases) {
        const { collected, run } = under()
        const place = withOrder("phone", { attributes })
        for (let n = 0; n < 4; n++) yield* run(place(Effect.void))
        for (const span of collected.spans) {
          assert(span instanceof Span)
          expect(SpanAttributes.toObject(span.fixedAttributes, span.ownAttributes)).toEqual({
            "shop.channel": "phone",
            ...exported,
            "shop.status": "success"
          })
        }
      }
    }))

  it.effect("are exported alike where a place is used once", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Record<string, unknown>, Record<string, unknown>]> = [
        [{}, {}],
        [{ value: 2, more: "two" }, { value: 2, more: "two" }],
        [{ value: 2n, none: undefined }, { value: "2" }],
        [{ "": "nobody's", value: true }, { value: true }],
        [{ "test.status": "mine", value: 3 }, { value: 3 }]
      ]
      const place = Observation.make<Record<string, unknown>>({
        prefix: "test",
        span: (attributes) => ({ name: "once", attributes }),
        instruments: []
      })
      for (const [attributes, exported] of cases) {
        const { collected, run } = under()
        const read = Effect.map(Effect.currentSpan, (span) => Object.fromEntries(span.attributes))
        const inside = yield* run(place(read, attributes))
        expect(Object.keys(inside).filter((key) => key !== "")).toEqual(
          Object.keys(attributes).filter((key) => key !== "" && attributes[key] !== undefined)
        )
        const [span] = collected.spans
        assert(span instanceof Span)
        expect(SpanAttributes.toObject(span.fixedAttributes, span.ownAttributes)).toEqual({
          ...exported,
          "test.status": "success"
        })
        expect(span.ownAttributes?.filter((key) => key === "test.status")).toEqual(["test.status"])
      }
    }))

  it.effect("do not tell how an operation ended that has not", () =>
    Effect.gen(function*() {
      const { run } = under()
      const exported = Effect.map(Effect.currentSpan, (span) => {
        assert(span instanceof Span)
        return SpanAttributes.toObject(span.fixedAttributes, span.ownAttributes)
      })
      expect(Object.entries(yield* run(withOrder(exported, "phone")))).toEqual([["shop.channel", "phone"]])
    }))

  it.effect("can be read inside, and hold against annotations from outside", () =>
    Effect.gen(function*() {
      const { run } = under()
      const read = Effect.map(Effect.currentSpan, (span) => Object.fromEntries(span.attributes))
      expect(yield* run(web(read))).toEqual({ "shop.channel": "web" })
      expect(yield* run(Effect.annotateSpans(web(read), { tenant: "t1", "shop.channel": "phone" }))).toEqual({
        tenant: "t1",
        "shop.channel": "web"
      })
    }))
})

describe("What the context says", () => {
  it.effect("holds for the operations in it, in whatever order they come", () =>
    Effect.gen(function*() {
      const { collected, recorded, run } = under()
      const other = Recorded.make()
      const changes: ReadonlyArray<(effect: Effect.Effect<void>) => Effect.Effect<void>> = [
        (effect) => effect,
        Effect.annotateSpans("tenant", "t1"),
        Effect.provide(other.context),
        Effect.provideService(Tracer.MinimumTraceLevel, "Error"),
        Effect.provideService(References.TracerEnabled, false),
        Effect.withTracerTiming(false)
      ]
      const named = (effect: Effect.Effect<void>) => Effect.fn(() => effect)()
      const observe = (at: ReadonlyArray<number>) =>
        Effect.forEach(at, (index) => changes[index]!(named(web(TestClock.adjust("1 second")))), { discard: true })
      const once = [0, 1, 0, 2, 3, 4, 5, 0]
      yield* run(observe(once))
      yield* run(Effect.withSpan(observe(once), "outer"))
      yield* run(withOrder("outer")(withOrder("inner")(observe(once))))
      yield* run(withOrder("outer")(named(withOrder("inner")(named(named(observe(once)))))))
      const told = collected.spans.filter(({ name }) => name === "order web").map((span) => [
        span.attributes.get("tenant"),
        span.sampled,
        span.status._tag === "Ended" && Number(span.status.endTime - span.status.startTime) / 1e9
      ])
      const plain = [undefined, true, 1]
      const all = [plain, ["t1", true, 1], plain, plain, [undefined, false, 1], [undefined, true, 0], plain]
      expect(told).toEqual([...all, ...all, ...all, ...all])
      expect(recorded.value("shop_orders_total", { channel: "web", status: "success" })).toBe(28)
      expect(other.value("shop_orders_total", { channel: "web", status: "success" })).toBe(4)
    }))

  it.effect("is known right inside an operation, and what outlives that finds its own", () =>
    Effect.gen(function*() {
      const { collected, run } = under()
      const later = Effect.andThen(Effect.sleep("1 minute"), withOrder("later")(Effect.void))
      const nested = withOrder("outer")(withOrder("inner")(Effect.forkDetach(later)))
      const fiber = yield* run(Effect.annotateSpans(nested, "tenant", "t1"))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(fiber)
      expect(collected.spans.map(({ attributes, name }) => [name, attributes.get("tenant")])).toEqual([
        ["order outer", "t1"],
        ["order inner", "t1"],
        ["order later", "t1"]
      ])
      const [, inner, last] = collected.spans
      expect(last?.parent).toEqual(Option.some(inner))
    }))
})

describe("An operation under our tracer", () => {
  const value = FastCheck.constantFrom<unknown>(1, undefined, { a: 1 })
  const cause = FastCheck.array(FastCheck.oneof(
    FastCheck.record({ _tag: FastCheck.constant("Fail"), value }),
    FastCheck.record({ _tag: FastCheck.constant("Die"), value }),
    FastCheck.record({ _tag: FastCheck.constant("Interrupt"), value: FastCheck.constant(7) })
  )).map((reasons) =>
    reasons.reduce<Cause.Cause<unknown>>(
      (whole, { _tag, value }) =>
        Cause.combine(
          whole,
          _tag === "Fail" ? Cause.fail(value) : _tag === "Die" ? Cause.die(value) : Cause.interrupt(7)
        ),
      Cause.empty
    )
  )
  const result: FastCheck.Arbitrary<Effect.Effect<unknown, unknown>> = FastCheck.oneof(
    value.map(Effect.succeed),
    cause.map(Effect.failCause)
  )
  const reasons = (exit: Exit.Exit<unknown, unknown>) =>
    Exit.isSuccess(exit)
      ? exit.value
      : exit.cause.reasons.map((reason) =>
        reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : reason.fiberId
      )

  it("ends as the effect does, leaves its context alone, and its span is in the books", () =>
    FastCheck.assert(FastCheck.asyncProperty(
      result,
      FastCheck.array(FastCheck.boolean(), { minLength: 1, maxLength: 12 }),
      async (effect, sampled) => {
        const { collected, run } = under()
        const nested = sampled.reduce<Effect.Effect<unknown, unknown>>(
          (inside, wish) => wish ? web(inside) : Effect.withSpan(inside, "left out", { sampled: false }),
          effect
        )
        const [before, exit, after] = await Effect.runPromise(run(Effect.gen(function*() {
          const before = yield* Effect.context<never>()
          return [before, yield* Effect.exit(nested), yield* Effect.context<never>()] as const
        })))
        expect(reasons(exit)).toEqual(reasons(await Effect.runPromiseExit(effect)))
        expect(after).toBe(before)
        const { ended, open, started, unsampled } = collected.accounting()
        expect([started, open]).toEqual([sampled.length, 0])
        // From the outside: all before the first that is left out.
        const outermost = sampled.toReversed().indexOf(false)
        expect([ended, unsampled]).toEqual(
          outermost === -1 ? [sampled.length, 0] : [outermost, sampled.length - outermost]
        )
        expect([...collected.guard.faults().values()].every((count) => count === 0)).toBe(true)
      }
    )))

  it.effect("has its fiber know of its context what Effect itself would read there", () =>
    Effect.gen(function*() {
      const { run } = under()
      const known = Effect.withFiber((fiber) => {
        const { cache, context } = fiber
        fiber.setContext(Context.makeUnsafe(new Map(context.mapUnsafe)))
        const read = fiber.cache
        fiber.setContext(context)
        return Effect.succeed([cache, read] as const)
      })
      const changes: ReadonlyArray<(effect: typeof known) => typeof known> = [
        (effect) => effect,
        Effect.provideService(References.MinimumLogLevel, "Fatal"),
        Effect.provideService(Scheduler.MaxOpsBeforeYield, 7),
        Effect.withSpan("between")
      ]
      for (const outer of changes) {
        for (const inner of changes) {
          const [cache, read] = yield* run(web(outer(web(inner(known)))))
          expect(cache).not.toBe(read)
          expect(Object.keys(cache)).toEqual(Object.keys(read))
          for (const key in read) expect(Reflect.get(cache, key), key).toBe(Reflect.get(read, key))
        }
      }
    }))

  it.effect("calls the `end` of its span where somebody has wrapped it, as Effect does", () =>
    Effect.gen(function*() {
      const { collected, run } = under()
      const told: Array<string> = []
      const wrapping = Effect.map(Effect.currentSpan, (span) =>
        GuardedSpan.onEnd(span, collected.guard, (exit) => {
          told.push(exit._tag)
          return Exit.fail("replaced")
        }))
      yield* run(web(wrapping)).pipe(TestClock.withLive)
      yield* run(web(wrapping))
      expect(told).toEqual(["Success", "Success"])
      const exits = collected.spans.map(({ status }) => status._tag === "Ended" && status.exit)
      expect(exits).toEqual([Exit.fail("replaced"), Exit.fail("replaced")])
      expect(collected.accounting()).toMatchObject({ open: 0, ended: 2 })
    }))

  it.effect("has a span from when it begins to when it ends", () =>
    Effect.gen(function*() {
      const { collected, run } = under()
      for (let n = 0; n < 3; n++) yield* TestClock.withLive(run(web(Effect.void)))
      const moments = collected.spans.flatMap(({ status }) =>
        status._tag === "Ended" ? [status.startTime, status.endTime] : []
      )
      // One that was not told anew would be the moment of the one before.
      expect(moments).toHaveLength(6)
      expect(new Set(moments).size).toBe(6)
    }))

  it.effect("ends as the effect does where annotations can't be read, which is counted", () =>
    Effect.gen(function*() {
      const { collected, recorded, run } = under()
      const unreadable = new Proxy({}, {
        ownKeys: () => {
          throw new Error("unreadable")
        }
      })
      for (let n = 0; n < 2; n++) {
        const exit = yield* Effect.exit(
          run(Effect.provideService(web(Effect.succeed(n)), References.TracerSpanAnnotations, unreadable))
        )
        expect(exit).toEqual(Exit.succeed(n))
      }
      expect(recorded.faults("tracer")).toBe(2)
      expect(collected.accounting()).toMatchObject({ started: 2, open: 0, ended: 2 })
      expect(recorded.value("shop_orders_total", { channel: "web", status: "success" })).toBe(2)
    }))

  it.effect("is interrupted between any two steps without a span that stays open", () =>
    Effect.gen(function*() {
      const { collected, recorded, run } = under()
      const work = run(Effect.forEach([1, 2, 3], () => web(web(Effect.void)), { discard: true }))
      for (let steps = 0; steps < 90; steps++) {
        const fiber = yield* Effect.forkChild(Effect.provideService(work, Scheduler.MaxOpsBeforeYield, 2 + steps % 3))
        for (let step = 0; step < steps / 3; step++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      }
      const { ended, open, started } = collected.accounting()
      expect(open).toBe(0)
      expect(ended).toBe(started)
      expect(started).toBeGreaterThan(10)
      const counted = Observation.statuses.map((status) => recorded.value("shop_orders_total", { status }) ?? 0)
      expect(counted.reduce((sum, count) => sum + count, 0)).toBe(started)
    }))
})
