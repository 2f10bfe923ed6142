// What holds of operations where no span is made, beside what holds under any tracer (test/Observation.test.ts).
import { Catalogue, Observation } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import * as OwnSpans from "../support/OwnSpans.ts"
import * as Recorded from "../support/Recorded.ts"

const { Label } = Catalogue
const total = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { status: Label.oneOf(...Observation.statuses) }
})
const duration = Catalogue.histogram({
  name: "shop_order_duration_seconds",
  help: "Time that an order takes",
  unit: "seconds",
  labels: {},
  buckets: [0.1, 1, 10],
  bucketsReason: "a test"
})
const withOrder = Observation.make<string>({
  prefix: "shop",
  span: (channel) => ({ name: `order ${channel}` }),
  instruments: [Observation.count(total, (_, status) => ({ status })), Observation.time(duration, () => ({}))]
})
const web = withOrder("web")

const under = <A, E, R>(effect: Effect.Effect<A, E, R>, { context }: Recorded.Recorded): Effect.Effect<A, E, R> =>
  Effect.provide(effect, context) as typeof effect

const reasons = (exit: Exit.Exit<void, Error>) =>
  Exit.isSuccess(exit) ? undefined : exit.cause.reasons.map((reason) => [
    reason._tag,
    reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
  ])

describe("Without a span", () => {
  it.effect("operations are counted where the context says, in whatever order contexts come", () => {
    const ended: Array<string> = []
    const change = FastCheck.constantFrom<ReadonlyArray<"one" | "other" | "heard" | "traced" | "inside">>(
      [],
      ["one"],
      ["other"],
      ["heard"],
      ["traced"],
      ["one", "heard"],
      ["one", "traced"],
      ["one", "inside"],
      ["one", "inside", "other"]
    )
    return Effect.promise(() =>
      FastCheck.assert(FastCheck.asyncProperty(FastCheck.array(change, { maxLength: 12 }), async (changes) => {
        ended.length = 0
        const recorded = { one: Recorded.make(), other: Recorded.make() }
        const spans = OwnSpans.make()
        const expected = { one: 0, other: 0, heard: 0, traced: 0 }
        const observed = changes.map((change) =>
          change.reduceRight<Effect.Effect<void>>((effect, one) => {
            if (one === "inside") return web(effect)
            if (one === "heard") {
              return Effect.provideService(effect, Observation.CurrentOperationListener, {
                onEnd: ({ name }) => ended.push(name)
              })
            }
            return one === "traced"
              ? Effect.provideService(effect, Tracer.Tracer, spans.tracer)
              : under(effect, recorded[one])
          }, web(Effect.void))
        )
        for (const change of changes) {
          const innermost = change.findLast((one) => one === "one" || one === "other")
          if (innermost === "one" || innermost === "other") expected[innermost]++
          if (change.includes("inside")) expected.one++
          if (change.includes("heard")) expected.heard++
          if (change.includes("traced")) expected.traced++
        }
        await Effect.runPromise(Effect.all(observed, { discard: true }))
        const count = ({ value }: Recorded.Recorded) => value("shop_orders_total", { status: "success" }) ?? 0
        expect({
          one: count(recorded.one),
          other: count(recorded.other),
          heard: ended.length,
          traced: spans.spans.length
        }).toEqual(expected)
      }))
    )
  })

  it.effect("operations of one context are each counted as what they are, in whatever order they come", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const visits = Catalogue.counter({
        name: "shop_visits_total",
        help: "Visits",
        labels: { channel: Label.bounded() }
      })
      const withVisit = Observation.make<string>({
        prefix: "shop",
        span: () => ({ name: "visit" }),
        instruments: [Observation.count(visits, (channel) => ({ channel }))]
      })
      const [web, phone] = [withVisit("web")(Effect.void), withVisit("phone")(Effect.void)]
      yield* under(Effect.all([web, phone, web, web, phone, web]), recorded)
      expect(recorded.moved()).toEqual(["shop_visits_total{channel=phone} 2", "shop_visits_total{channel=web} 4"])
    }))

  it.effect("an operation takes as long as the clock of its context says, whatever the one before had", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const seconds = () => recorded.value("shop_order_duration_seconds_sum") ?? 0
      const once = web(TestClock.adjust("2 seconds"))
      yield* under(once, recorded)
      expect(seconds()).toBe(2)
      yield* TestClock.withLive(under(web(Effect.void), recorded))
      expect(seconds()).toBeGreaterThan(2)
      expect(seconds()).toBeLessThan(3)
      const before = seconds()
      yield* under(once, recorded)
      expect(seconds()).toBeCloseTo(before + 2)
    }))

  it.effect("an operation whose description threw once has its own name from then on", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const ended: Array<string> = []
      let asked = 0
      const withDelivery = Observation.make<string>({
        prefix: "shop",
        span: (channel) => {
          if (asked++ === 0) throw new Error("not yet")
          return { name: `delivery ${channel}` }
        },
        instruments: [Observation.count(total, (_, status) => ({ status }))]
      })
      const delivery = withDelivery("web")(Effect.void)
      yield* under(Effect.all([delivery, delivery, delivery]), recorded).pipe(
        Effect.provideService(Observation.CurrentOperationListener, { onEnd: ({ name }) => ended.push(name) })
      )
      expect(ended).toEqual(["shop operation", "delivery web", "delivery web"])
      expect(recorded.faults("recorder")).toBe(1)
      expect(asked).toBe(2)
    }))

  it.effect("the context behind an operation is what it was, and so is the exit", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const failed = new Error("sold out")
      for (const effect of [Effect.void, Effect.fail(failed), Effect.die(failed)]) {
        const [before, exit, after] = yield* under(
          Effect.gen(function*() {
            const before = yield* Effect.context<never>()
            return [before, yield* Effect.exit(web(web(effect))), yield* Effect.context<never>()] as const
          }),
          recorded
        )
        expect(after).toBe(before)
        expect(reasons(exit)).toEqual(reasons(yield* Effect.exit(effect)))
      }
      expect(recorded.moved()).toEqual([
        "shop_order_duration_seconds_count{} 6",
        "shop_orders_total{status=defect} 2",
        "shop_orders_total{status=error} 2",
        "shop_orders_total{status=success} 2"
      ])
    }))

  it.effect("what outlives its run is no part of the operation, though another run goes on", () =>
    Effect.gen(function*() {
      const asked = Effect.withFiber((fiber) => Effect.succeed(Observation.isRecorded(fiber, total)))
      const both = Effect.gen(function*() {
        const before = yield* asked
        const later = Effect.andThen(Effect.sleep("1 second"), asked)
        const [left, during] = yield* Effect.all([
          web(Effect.forkDetach(later)),
          web(Effect.andThen(Effect.sleep("2 seconds"), asked))
        ], { concurrency: 2 })
        return [before, yield* Fiber.join(left), during, yield* asked]
      })
      const fiber = yield* Effect.forkChild(under(both, Recorded.make()))
      yield* TestClock.adjust("1 minute")
      expect(yield* Fiber.join(fiber)).toEqual([false, false, true, false])
    }))

  it.effect("an interruption between any two steps leaves neither a count without a duration nor a run that goes on", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const clock = yield* Clock.Clock
      let readings = 0
      const counted: Clock.Clock = Object.assign(Object.create(clock), {
        monotonicTimeNanosUnsafe: () => BigInt(readings++)
      })
      const asked: Array<boolean> = []
      const ask = Effect.withFiber((fiber) => Effect.sync(() => asked.push(Observation.isRecorded(fiber, total))))
      const work = Effect.onExit(
        Effect.forEach([1, 2, 3], () => web(web(Effect.void)), { discard: true }),
        () => ask
      )
      let interrupted = 0
      for (let steps = 0; steps < 90; steps++) {
        const fiber = yield* Effect.forkChild(
          Effect.provideService(under(work, recorded), Scheduler.MaxOpsBeforeYield, 2 + steps % 3).pipe(
            Effect.provideService(Clock.Clock, counted)
          )
        )
        for (let step = 0; step < steps / 3; step++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        if (Exit.isFailure(yield* Fiber.await(fiber))) interrupted++
      }
      expect(interrupted).toBeGreaterThan(10)
      expect(interrupted).toBeLessThan(90)
      expect(asked.length).toBeGreaterThan(10)
      expect(asked).not.toContain(true)
      const counts = Observation.statuses.map((status) => recorded.value("shop_orders_total", { status }) ?? 0)
      const observed = recorded.value("shop_order_duration_seconds_count") ?? 0
      expect(observed).toBe(counts.reduce((sum, count) => sum + count))
      // What did not begin has no end either.
      expect(readings).toBe(2 * observed)
    }))

  it.effect("automatic instrumentation inside an operation leaves the count to it, and around one it does not", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const automatic = Observation.make<void>({
        prefix: "shop",
        automatic: true,
        span: () => ({ name: "automatic" }),
        instruments: [Observation.count(total, (_, status) => ({ status }))]
      })()
      const count = () => recorded.value("shop_orders_total", { status: "success" })
      for (let n = 1; n <= 3; n++) {
        yield* under(web(automatic(Effect.void)), recorded)
        expect(count()).toBe(n)
      }
      yield* under(automatic(web(Effect.void)), recorded)
      expect(count()).toBe(5)
    }))
})

class Channel extends Context.Service<Channel, string>()("Channel") {}

describe("What is given first", () => {
  it.effect("is an effect, be it an object or the class of a service, or else the input, be it nothing", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const withNothing = Observation.make<null>({
        prefix: "shop",
        span: () => ({ name: "nothing" }),
        instruments: [Observation.count(total, (_, status) => ({ status }))]
      })
      const all = Effect.all([
        withOrder(Effect.succeed("effect"), "web"),
        Effect.provideService(withOrder(Channel, "web"), Channel, "class"),
        withNothing(null)(Effect.succeed("null"))
      ])
      expect(yield* under(all, recorded)).toEqual(["effect", "class", "null"])
      expect(recorded.value("shop_orders_total", { status: "success" })).toBe(3)
    }))
})

describe("A program that nobody observes", () => {
  it.effect("is observed from the moment on that its context says so, and not after", () =>
    Effect.gen(function*() {
      const recorded = Recorded.make()
      const context = yield* Effect.context<never>()
      const observed = Context.merge(context, recorded.context)
      const count = () => recorded.value("shop_orders_total", { status: "success" }) ?? 0
      for (let n = 1; n <= 3; n++) {
        for (const given of [context, context, observed]) yield* Effect.provideContext(web(Effect.void), given)
        expect(count()).toBe(n)
      }
    }))
})
