import { Boundary, Catalogue, Metrics, Observation } from "@dawsos/observability"
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberEffect from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { TestClock } from "effect/testing"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import * as CollectedSpans from "./support/CollectedSpans.ts"
import * as OwnSpans from "./support/OwnSpans.ts"
import * as Recorded from "./support/Recorded.ts"

const { Label } = Catalogue
const total = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { channel: Label.bounded(), status: Label.oneOf(...Observation.statuses) }
})
const errors = Catalogue.counter({
  name: "shop_order_errors_total",
  help: "Orders that failed",
  labels: { channel: Label.bounded() }
})
const duration = Catalogue.histogram({
  name: "shop_order_duration_seconds",
  help: "Time that an order takes",
  unit: "seconds",
  labels: { channel: Label.bounded() },
  buckets: [0.1, 1, 10],
  bucketsReason: "a test"
})

interface Input {
  readonly channel: string
}
const instruments: ReadonlyArray<Observation.Instrument<Input>> = [
  Observation.count(total, ({ channel }, status) => ({ channel, status })),
  Observation.count(
    errors,
    ({ channel }, status) => status === "error" || status === "defect" ? { channel } : undefined
  ),
  Observation.time(duration, ({ channel }) => ({ channel }))
]
const description: Observation.Description<Input> = {
  prefix: "shop",
  span: ({ channel }) => ({ name: `order ${channel}`, attributes: { "shop.channel": channel } }),
  instruments
}
const withOrder = Observation.make(description)
const web = { channel: "web" }

class OutOfStock extends Data.TaggedError("OutOfStock")<{}> {}

interface Under {
  readonly recorded: Recorded.Recorded
  readonly collected: OwnSpans.StartedSpans
  readonly run: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

type Collect = (options: { readonly sampled?: boolean }) => OwnSpans.StartedSpans

const underTracer = (collect: Collect) => (options: { readonly sampled?: boolean } = {}): Under => {
  const recorded = Recorded.make()
  const collected = collect(options)
  return {
    recorded,
    collected,
    run: (effect) =>
      effect.pipe(
        Effect.provideService(Tracer.Tracer, collected.tracer),
        Effect.provide(recorded.context)
      ) as typeof effect
  }
}

const defect = new Error("boom")
const both = (one: Cause.Cause<OutOfStock>, other: Cause.Cause<OutOfStock>) =>
  Effect.failCause(Cause.combine(one, other))

/** Whatever tracer a program has: ours, which has a way of its own, or another. */
const contract = (under: ReturnType<typeof underTracer>): void => {
  describe("The status of an observed operation", () => {
    const cases: ReadonlyArray<{
      readonly when: string
      readonly effect: Effect.Effect<number, unknown>
      readonly status: Observation.Status
      readonly type?: string
    }> = [
      { when: "it succeeds", effect: Effect.succeed(1), status: "success" },
      { when: "it fails", effect: Effect.fail(new OutOfStock()), status: "error", type: "OutOfStock" },
      { when: "it fails with what is no object", effect: Effect.fail("sold out"), status: "error", type: "string" },
      { when: "it dies", effect: Effect.die(new TypeError("x")), status: "defect", type: "TypeError" },
      { when: "it throws", effect: Effect.sync(() => JSON.parse("{")), status: "defect", type: "SyntaxError" },
      { when: "it is interrupted", effect: Effect.interrupt, status: "interrupted" },
      {
        when: "it fails and dies",
        effect: both(Cause.fail(new OutOfStock()), Cause.die(defect)),
        status: "defect",
        type: "Error"
      },
      {
        when: "it is interrupted and fails",
        effect: both(Cause.interrupt(1), Cause.fail(new OutOfStock())),
        status: "error",
        type: "OutOfStock"
      },
      { when: "its cause is empty", effect: Effect.failCause(Cause.empty), status: "interrupted" },
      {
        when: "a finalizer dies after a failure",
        effect: Effect.fail(new OutOfStock()).pipe(Effect.ensuring(Effect.die(defect))),
        status: "defect",
        // Effect turns the failure that a finalizer died after into a defect, before the finalizer's own.
        type: "OutOfStock"
      },
      { when: "its value is a stand-in", effect: Effect.succeed(-1), status: "degraded" }
    ]
    for (const { effect, status, type, when } of cases) {
      it.effect(`is ${status} when ${when}`, () =>
        Effect.gen(function*() {
          const { collected, recorded, run } = under()
          const plain = yield* Effect.exit(effect)
          const exit = yield* Effect.exit(
            run(withOrder(effect, web, { degraded: (value) => value < 0 }))
          )
          expect(exit._tag).toBe(plain._tag)
          expect(recorded.moved()).toEqual([
            "shop_order_duration_seconds_count{channel=web} 1",
            ...(status === "error" || status === "defect" ? ["shop_order_errors_total{channel=web} 1"] : []),
            `shop_orders_total{channel=web,status=${status}} 1`
          ])
          const { attributes } = collected.one("order web")
          expect(attributes.get("shop.status")).toBe(status)
          expect(attributes.get("error.type")).toBe(type)
        }))
    }

    it.effect("a timeout inside is an error, a timeout outside interrupts", () =>
      Effect.gen(function*() {
        const { recorded, run } = under()
        const inside = Effect.never.pipe(Effect.timeout("1 second"), withOrder({ channel: "inside" }))
        const outside = Effect.never.pipe(withOrder({ channel: "outside" }), Effect.timeout("1 second"))
        const fiber = yield* Effect.forkChild(run(Effect.all([Effect.exit(inside), Effect.exit(outside)], {
          concurrency: 2
        })))
        yield* TestClock.adjust("1 second")
        yield* FiberEffect.join(fiber)
        expect(recorded.value("shop_orders_total", { channel: "inside", status: "error" })).toBe(1)
        expect(recorded.value("shop_orders_total", { channel: "outside", status: "interrupted" })).toBe(1)
      }))

    it("of a cause, a defect comes before an error and an error before an interruption", () => {
      const reason = FastCheck.constantFrom("Fail" as const, "Die" as const, "Interrupt" as const)
      FastCheck.assert(FastCheck.property(FastCheck.array(reason), (kinds) => {
        const cause = kinds.reduce(
          (whole, kind) =>
            Cause.combine(
              whole,
              kind === "Fail" ? Cause.fail("e") : kind === "Die" ? Cause.die(new RangeError()) : Cause.interrupt(1)
            ),
          Cause.empty as Cause.Cause<string>
        )
        const expected = kinds.includes("Die") ? "defect" : kinds.includes("Fail") ? "error" : "interrupted"
        expect(Observation.statusOfCause(cause)).toBe(expected)
        expect(Observation.errorTypeOfCause(cause)).toBe(
          { defect: "RangeError", error: "string", interrupted: undefined }[expected]
        )
      }))
    })
  })

  describe("The error type", () => {
    it("is the tag, else the name of an Error, else the type of the value", () => {
      class Named extends Error {
        override readonly name = "Named"
      }
      const cases: ReadonlyArray<readonly [unknown, string]> = [
        [{ _tag: "NotFound", name: "x" }, "NotFound"],
        [Object.assign(new RangeError("x"), { _tag: "" }), "RangeError"],
        [Object.assign(new Error("x"), { _tag: 7 }), "Error"],
        [new Named("x"), "Named"],
        [Object.assign(new Error("x"), { name: "" }), "Error"],
        [Object.assign(new Error("x"), { name: { first: "Ann" } }), "Error"],
        [{ name: "Ann Lee" }, "object"],
        [{ _tag: "" }, "object"],
        [null, "object"],
        ["text", "string"],
        [undefined, "undefined"],
        [() => {}, "function"]
      ]
      for (const [error, type] of cases) {
        expect(Observation.errorType(error)).toBe(type)
        expect(Observation.errorTypeOfCause(Cause.fail(error))).toBe(type)
      }
    })
  })

  describe("An observed operation", () => {
    it.effect("has one span with its attributes, parented both ways", () =>
      Effect.gen(function*() {
        const { collected, run } = under()
        yield* run(
          Effect.withSpan(Effect.void, "inner").pipe(
            withOrder(web, { attributes: { "shop.basket": 3 } }),
            Effect.withSpan("outer")
          )
        )
        expect(collected.names()).toEqual(["outer", "order web", "inner"])
        const span = collected.one("order web")
        expect(CollectedSpans.parentName(span)).toBe("outer")
        expect(CollectedSpans.parentName(collected.one("inner"))).toBe("order web")
        expect(span.kind).toBe("internal")
        expect(Object.fromEntries(span.attributes)).toEqual({
          "shop.channel": "web",
          "shop.basket": 3,
          "shop.status": "success"
        })
        expect(span.status._tag).toBe("Ended")
      }))

    it.effect("gives exactly one span as an argument of Effect.fn", () =>
      Effect.gen(function*() {
        const { collected, run } = under()
        const order = Effect.fn(function*(n: number) {
          return yield* Effect.succeed(n + 1)
        }, withOrder(web))
        expect(yield* run(order(1))).toBe(2)
        expect(yield* run(order(2))).toBe(3)
        expect(collected.names()).toEqual(["order web", "order web"])
      }))

    it.effect("takes as long as the clock says, in seconds", () =>
      Effect.gen(function*() {
        const { collected, recorded, run } = under()
        const fiber = yield* Effect.forkChild(run(Effect.sleep("1500 millis").pipe(withOrder(web))))
        yield* TestClock.adjust("2 seconds")
        yield* FiberEffect.join(fiber)
        expect(recorded.value("shop_order_duration_seconds_sum")).toBe(1.5)
        const { status } = collected.one("order web")
        expect(status._tag === "Ended" && status.endTime - status.startTime).toBe(1_500_000_000n)
      }))

    it.effect("is observed at each run, so each attempt of a retry counts", () =>
      Effect.gen(function*() {
        const { collected, recorded, run } = under()
        let attempts = 0
        const flaky = Effect.suspend(() => ++attempts < 3 ? Effect.fail(new OutOfStock()) : Effect.void)
        yield* run(Effect.retry(flaky.pipe(withOrder(web)), { times: 5 }))
        expect(recorded.value("shop_orders_total", { status: "error" })).toBe(2)
        expect(recorded.value("shop_orders_total", { status: "success" })).toBe(1)
        expect(collected.spans.length).toBe(3)
      }))

    it.effect("carries its exemplar only when it is sampled", () =>
      Effect.gen(function*() {
        const sampled = under()
        yield* sampled.run(withOrder(Effect.void, web))
        const { spanId, traceId } = sampled.collected.one("order web")
        expect(sampled.recorded.exemplars(duration)).toEqual([{ traceId, spanId }])

        const unsampled = under({ sampled: false })
        yield* unsampled.run(withOrder(Effect.void, web))
        expect(unsampled.recorded.exemplars(duration)).toEqual([])
        expect(unsampled.recorded.value("shop_orders_total", { status: "success" })).toBe(1)
      }))

    it.effect("names itself in the stack trace of what fails inside it", () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(under().run(withOrder(Effect.fail(new OutOfStock()), web)))
        expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("at order web")
      }))

    it.effect("leaves the context behind it as it was", () =>
      Effect.gen(function*() {
        const { run } = under()
        const [before, after] = yield* run(Effect.gen(function*() {
          const before = yield* Effect.context<never>()
          yield* Effect.exit(withOrder(Effect.fail("x"), web))
          return [before, yield* Effect.context<never>()]
        }))
        expect(after).toBe(before)
      }))

    it.effect("an interruption at any step leaves no span open, and the exit is the interruption", () =>
      Effect.gen(function*() {
        const { collected, recorded, run } = under()
        const work = run(Effect.forEach([1, 2, 3], () => Effect.void.pipe(withOrder(web)), { discard: true }))
        let interrupted = 0
        for (let steps = 0; steps < 100; steps++) {
          // Yields after few primitives each, so that interruptions come in between any two of them.
          const fiber = yield* Effect.forkChild(
            Effect.provideService(work, Scheduler.MaxOpsBeforeYield, 2 + steps % 3)
          )
          for (let step = 0; step < steps / 3; step++) yield* Effect.yieldNow
          yield* FiberEffect.interrupt(fiber)
          const exit = yield* FiberEffect.await(fiber)
          if (Exit.isFailure(exit)) {
            interrupted++
            expect(Cause.hasInterruptsOnly(exit.cause)).toBe(true)
          }
        }
        expect(interrupted).toBeGreaterThan(10)
        expect(interrupted).toBeLessThan(100)
        expect(collected.spans.filter(({ status }) => status._tag !== "Ended")).toEqual([])
        expect(recorded.value("shop_order_duration_seconds_count")).toBe(collected.spans.length)
        expect(recorded.faults("recorder")).toBe(0)
      }))
  })

  describe("Without a layer", () => {
    it.effect("an operation only runs: nothing is described, no span is opened", () =>
      Effect.gen(function*() {
        let described = 0
        const withCounted = Observation.make<Input>({
          ...description,
          span: () => {
            described++
            return { name: "order" }
          }
        })
        const span = yield* Effect.option(Effect.currentSpan).pipe(withCounted(web))
        expect(span._tag).toBe("None")
        yield* Effect.provideService(withCounted(Effect.void, web), Metrics.Metrics, Metrics.disabled)
        expect(described).toBe(0)
      }))

    it.effect("with a tracer only, there is a span", () =>
      Effect.gen(function*() {
        const collected = CollectedSpans.make()
        yield* withOrder(Effect.void, web).pipe(Effect.provideService(Tracer.Tracer, collected.tracer))
        expect(collected.names()).toEqual(["order web"])
      }))

    it.effect("with metrics only, or with tracing disabled, there are counts and no span", () =>
      Effect.gen(function*() {
        const recorded = Recorded.make()
        yield* Effect.provide(withOrder(Effect.void, web), recorded.context)
        expect(recorded.value("shop_orders_total", { status: "success" })).toBe(1)

        const disabled = under()
        yield* Effect.withTracerEnabled(disabled.run(withOrder(Effect.void, web)), false)
        expect(disabled.recorded.value("shop_orders_total", { status: "success" })).toBe(1)
        expect(disabled.collected.spans).toEqual([])
      }))

    it.effect("with a listener only, the operation is announced", () =>
      Effect.gen(function*() {
        const ended: Array<Observation.EndedOperation> = []
        const fiber = yield* Effect.forkChild(
          Effect.sleep("20 millis").pipe(
            Effect.andThen(Effect.fail("x")),
            withOrder(web),
            Effect.provideService(Observation.CurrentOperationListener, {
              onEnd: (operation) => ended.push(operation)
            }),
            Effect.exit
          )
        )
        yield* TestClock.adjust("20 millis")
        yield* FiberEffect.join(fiber)
        expect(ended).toEqual([{ category: "operation", name: "order web", status: "error", durationMillis: 20 }])
      }))
  })

  describe("One recorder for each metric and operation", () => {
    const withAutomatic = Observation.make<Input>({
      ...description,
      automatic: true,
      span: () => ({ name: "automatic" })
    })
    const recordedBy = (metric: Catalogue.Definition) =>
      Effect.withFiber((fiber) => Effect.succeed(Observation.isRecorded(fiber, metric)))

    it.effect("what runs inside an observation knows which metrics are recorded there", () =>
      Effect.gen(function*() {
        const { run } = under()
        const withErrors = Observation.make<Input>({
          prefix: "shop",
          span: () => ({ name: "errors" }),
          instruments: [instruments[1]!]
        })
        const asked = Effect.all([recordedBy(total), recordedBy(errors)])
        expect(yield* run(asked)).toEqual([false, false])
        expect(yield* run(withErrors(asked, web))).toEqual([false, true])
        expect(yield* run(withOrder(withErrors(asked, web), web))).toEqual([true, true])
      }))

    it.effect("automatic instrumentation adds its span and counts nothing inside an observation of its metrics", () =>
      Effect.gen(function*() {
        const { collected, recorded, run } = under()
        yield* run(withOrder(withAutomatic(Effect.void, { channel: "inner" }), web))
        expect(collected.names()).toEqual(["order web", "automatic"])
        expect(recorded.value("shop_orders_total", { channel: "inner" })).toBeUndefined()
        expect(recorded.value("shop_orders_total", { channel: "web", status: "success" })).toBe(1)
        yield* run(withAutomatic(Effect.void, { channel: "alone" }))
        expect(recorded.value("shop_orders_total", { channel: "alone", status: "success" })).toBe(1)
      }))

    it.effect("automatic instrumentation still records the metrics that nothing around it does", () =>
      Effect.gen(function*() {
        const { recorded, run } = under()
        const withTotal = Observation.make<Input>({
          prefix: "shop",
          span: () => ({ name: "x" }),
          instruments: [instruments[0]!]
        })
        yield* run(withTotal(withAutomatic(Effect.void, { channel: "inner" }), web))
        expect(recorded.value("shop_orders_total", { channel: "inner" })).toBeUndefined()
        expect(recorded.value("shop_order_duration_seconds_count", { channel: "inner" })).toBe(1)
      }))

    it.effect("two described operations inside one another are two", () =>
      Effect.gen(function*() {
        const { recorded, run } = under()
        yield* run(withOrder(withOrder(Effect.void, { channel: "phone" }), web))
        expect(recorded.value("shop_orders_total", { channel: "web", status: "success" })).toBe(1)
        expect(recorded.value("shop_orders_total", { channel: "phone", status: "success" })).toBe(1)
      }))

    it.effect("a fiber that outlives the operation that forked it is no part of it any more", () =>
      Effect.gen(function*() {
        const { run } = under()
        const later = Effect.sleep("1 minute").pipe(Effect.andThen(recordedBy(total)))
        const fiber = yield* run(withOrder(Effect.forkDetach(later), web))
        yield* TestClock.adjust("1 minute")
        expect(yield* FiberEffect.join(fiber)).toBe(false)
      }))
  })

  describe("Where a failure began", () => {
    it.effect("the innermost operation is noted in the boundary, with its span", () =>
      Effect.gen(function*() {
        const { collected, run } = under()
        const boundary = new Boundary.Boundary("job", "nightly")
        const error = new OutOfStock()
        yield* Effect.exit(
          run(withOrder(withOrder(Effect.fail(error), { channel: "inner" }), web)).pipe(
            Effect.provideService(Boundary.CurrentBoundary, boundary)
          )
        )
        const { spanId, traceId } = collected.one("order inner")
        expect(boundary.failure(error)).toEqual({ operation: "order inner", spanId, traceId })
      }))

    it.effect("a defect is noted without a tracer too", () =>
      Effect.gen(function*() {
        const boundary = new Boundary.Boundary("job", "nightly")
        yield* Effect.exit(
          Effect.provide(withOrder(Effect.die(defect), web), Recorded.make().context).pipe(
            Effect.provideService(Boundary.CurrentBoundary, boundary)
          )
        )
        expect(boundary.failure(defect)).toEqual({ operation: "order web" })
      }))
  })

  describe("What is bound is bound once", () => {
    it.effect("for each place of use and service, however often the operation runs", () =>
      Effect.gen(function*() {
        let described = 0
        const bound: Array<string> = []
        const withCounted = Observation.make<Input>({
          ...description,
          span: (input) => {
            described++
            return description.span(input)
          }
        })
        const watched = (name: string): Metrics.Service => {
          const { service } = Recorded.make()
          return {
            ...service,
            counter: (definition, labels) => {
              bound.push(`${name} ${definition.name} ${JSON.stringify(labels)}`)
              return service.counter(definition, labels)
            }
          }
        }
        const [one, other] = [watched("one"), watched("other")]
        const place = withCounted(web)
        for (let n = 0; n < 10; n++) {
          yield* Effect.provideService(place(Effect.void), Metrics.Metrics, one)
          yield* Effect.provideService(place(Effect.void), Metrics.Metrics, other)
        }
        expect(described).toBe(1)
        expect(bound).toEqual([
          `one shop_orders_total {"channel":"web","status":"success"}`,
          `other shop_orders_total {"channel":"web","status":"success"}`
        ])
      }))
  })

  describe("A fault of the layer never changes the host's exit", () => {
    const boom = (): never => {
      throw new Error("boom")
    }
    const exits: ReadonlyArray<Effect.Effect<number, OutOfStock>> = [
      Effect.succeed(1),
      Effect.fail(new OutOfStock()),
      Effect.die(defect)
    ]

    const survives = (
      combinator: Observation.Combinator<Input>,
      change: Partial<Under> & { readonly provide?: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E> },
      check: (under: Under) => void,
      options?: Observation.Options<number>
    ) =>
      Effect.gen(function*() {
        for (const effect of exits) {
          const host = { ...under(), ...change }
          const plain = yield* Effect.exit(effect)
          const observed = host.run(combinator(effect, web, options))
          const exit = yield* Effect.exit(change.provide === undefined ? observed : change.provide(observed))
          const reasons = (one: Exit.Exit<number, OutOfStock>) =>
            Exit.isFailure(one)
              ? one.cause.reasons.map((reason) =>
                reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : reason._tag
              )
              : one.value
          expect(reasons(exit)).toEqual(reasons(plain))
          check(host)
        }
      })

    it.effect("not a description that throws; metrics are recorded all the same", () =>
      survives(Observation.make<Input>({ ...description, span: boom }), {}, ({ collected, recorded }) => {
        expect(recorded.faults("recorder")).toBe(1)
        expect(collected.names()).toEqual(["shop operation"])
        expect(recorded.value("shop_order_duration_seconds_count")).toBe(1)
      }))

    it.effect("not labels that throw; the other instruments go on", () =>
      survives(
        Observation.make<Input>({
          ...description,
          instruments: [Observation.count(total, boom), Observation.time(duration, boom), ...instruments.slice(2)]
        }),
        {},
        ({ collected, recorded }) => {
          expect(recorded.faults("recorder")).toBe(2)
          expect(recorded.value("shop_order_duration_seconds_count")).toBe(1)
          expect(collected.one("order web").status._tag).toBe("Ended")
        }
      ))

    it.effect("not a `degraded` that throws", () =>
      survives(
        withOrder,
        {},
        ({ recorded }) => {
          expect(recorded.value("shop_order_duration_seconds_count")).toBe(1)
          expect(recorded.value("shop_orders_total", { status: "success" })).toBe(
            recorded.faults("recorder") || undefined
          )
        },
        { degraded: boom }
      ))

    it.effect("not a metrics service that throws, and each lost record is counted", () => {
      const faulty: Metrics.Service = { ...Metrics.disabled, enabled: true, counter: boom, histogram: boom }
      return Effect.gen(function*() {
        for (const [effect, lost] of [[exits[0]!, 2], [exits[1]!, 3]] as const) {
          const { collected, recorded, run } = under()
          const place = withOrder(web)
          for (let n = 1; n <= 2; n++) {
            const exit = yield* Effect.exit(
              run(Effect.provideService(place(effect), Metrics.Metrics, faulty))
            )
            expect(exit._tag).toBe((yield* Effect.exit(effect))._tag)
            expect(recorded.faults("recorder")).toBe(n * lost)
          }
          expect(collected.spans.every(({ status }) => status._tag === "Ended")).toBe(true)
        }
      })
    })

    it.effect("not a listener that throws", () =>
      survives(
        withOrder,
        { provide: (effect) => Effect.provideService(effect, Observation.CurrentOperationListener, { onEnd: boom }) },
        ({ recorded }) => {
          expect(recorded.faults("listener")).toBe(1)
        }
      ))

    it.effect("not a tracer that can't start a span: the metrics are recorded without one", () => {
      const host = under()
      const tracer = Tracer.make({ span: boom })
      return Effect.gen(function*() {
        const run = host.run(Effect.provideService(withOrder(Effect.succeed(1), web), Tracer.Tracer, tracer))
        expect(yield* run).toBe(1)
        expect(host.recorded.faults("tracer")).toBe(1)
        expect(host.recorded.value("shop_orders_total", { status: "success" })).toBe(1)
      })
    })

    for (const method of ["attribute", "end", "sampled", "traceId", "status"] as const) {
      it.effect(`not a span whose ${method} throws`, () =>
        Effect.gen(function*() {
          for (const effect of exits) {
            const host = under()
            const tracer = Tracer.make({
              span: (options) => {
                const span = new Tracer.NativeSpan(options)
                Object.defineProperty(
                  span,
                  method,
                  method === "attribute" || method === "end" ? { value: boom } : {
                    get: boom
                  }
                )
                return span
              }
            })
            const plain = yield* Effect.exit(effect)
            const exit = yield* Effect.exit(
              host.run(Effect.provideService(withOrder(effect, web), Tracer.Tracer, tracer))
            )
            expect(exit._tag).toBe(plain._tag)
            expect(host.recorded.faults("tracer") + host.recorded.faults("recorder")).toBeGreaterThan(0)
            expect(host.recorded.value("shop_order_duration_seconds_count")).toBe(1)
          }
        }))
    }

    it.effect("not an error whose own properties throw", () =>
      Effect.gen(function*() {
        const hostile = Object.defineProperty({}, "_tag", { get: boom })
        const { collected, recorded, run } = under()
        const exit = yield* Effect.exit(run(withOrder(Effect.fail(hostile), web)))
        expect(Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail" && exit.cause.reasons[0].error)
          .toBe(hostile)
        expect(recorded.faults("recorder")).toBe(1)
        expect(collected.one("order web").attributes.get("shop.status")).toBe("error")
      }))
  })

  describe("Spans follow Effect's own rules", () => {
    it.effect("annotations and links of the fiber are on the span", () =>
      Effect.gen(function*() {
        const { collected, run } = under()
        const other = Tracer.externalSpan({ spanId: "1".repeat(16), traceId: "2".repeat(32) })
        yield* run(
          withOrder(Effect.void, web).pipe(Effect.annotateSpans("tenant", "t1"), Effect.linkSpans(other))
        )
        const span = collected.one("order web")
        expect(span.attributes.get("tenant")).toBe("t1")
        expect(span.links.map((link) => link.span.spanId)).toEqual([other.spanId])
      }))

    it.effect("an unsampled parent makes an unsampled child, so does a trace level below the minimum", () =>
      Effect.gen(function*() {
        const { collected, run } = under()
        const parent = Tracer.externalSpan({ spanId: "1".repeat(16), traceId: "2".repeat(32), sampled: false })
        yield* run(Effect.withParentSpan(withOrder(Effect.void, { channel: "child" }), parent))
        const quiet = withOrder(Effect.void, { channel: "quiet" }).pipe(
          Effect.provideService(Tracer.CurrentTraceLevel, "Debug"),
          Effect.provideService(Tracer.MinimumTraceLevel, "Info")
        )
        yield* run(quiet)
        expect(collected.one("order child").sampled).toBe(false)
        expect(collected.one("order child").traceId).toBe(parent.traceId)
        expect(collected.one("order quiet").sampled).toBe(false)
      }))

    it.effect("a span that disables propagation is no parent, its own parent is", () =>
      Effect.gen(function*() {
        const { collected, run } = under()
        yield* run(
          withOrder(Effect.void, web).pipe(
            Effect.withSpan("hidden", { annotations: Context.make(Tracer.DisablePropagation, true) }),
            Effect.withSpan("outer")
          )
        )
        expect(CollectedSpans.parentName(collected.one("order web"))).toBe("outer")
      }))
  })
}

describe("Under another tracer:", () => {
  contract(underTracer(CollectedSpans.make))
})

describe("Under our own tracer:", () => {
  contract(underTracer(OwnSpans.make))
})
