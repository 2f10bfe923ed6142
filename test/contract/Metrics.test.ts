import { Catalogue, Metrics, type Observability, Observation, Recorder } from "@dawsos/observability"
import { TestMetrics } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as FastCheck from "fast-check"
import * as ExpositionText from "../support/ExpositionText.ts"
import { type Ran, type Subject, subjects } from "./WholeLayer.ts"

const { Label } = Catalogue

const metrics = {
  ordersTotal: Catalogue.counter({
    name: "shop_orders_total",
    help: "Orders placed",
    labels: { channel: Label.oneOf("web", "phone"), by: Label.bounded(3) },
    known: [{ channel: "web", by: "nobody" }]
  }),
  stock: Catalogue.gauge({ name: "shop_stock", help: "Things in stock", labels: { shelf: Label.bounded(2) } }),
  wait: Catalogue.histogram({
    name: "shop_wait_seconds",
    help: "Time in the queue",
    unit: "seconds",
    labels: { channel: Label.oneOf("web", "phone") },
    buckets: [0.5, 1],
    bucketsReason: "half a second is noticed"
  }),
  restocked: Catalogue.gauge({
    name: "shop_restocked_seconds",
    help: "Time since the last delivery",
    unit: "seconds",
    exposes: "age"
  })
}

const vocabulary: Observability.Vocabulary = { catalogue: Catalogue.make({ prefix: "shop", metrics }) }

const web = (by: string) => ({ channel: "web", by }) as const

const families = (ran: Ran<unknown, unknown>, format: Metrics.Format) =>
  [...ExpositionText.parse(ran.exposition(format), format).families]
    .filter(([name]) => name.startsWith("shop_") && !name.startsWith("shop_observability_"))

const contract = (subject: Subject) =>
  describe(`Metrics (${subject.name})`, () => {
    const run = <A, E>(program: Effect.Effect<A, E, Observability.Services>) => subject.run(vocabulary, program)
    const check = (program: Effect.Effect<void, never, Observability.Services>) =>
      Effect.flatMap(run(program), ({ exit }) => exit)

    it.live("shows known label sets at 0, others from their first value on, and gauges once they are set", () =>
      check(Effect.gen(function*() {
        yield* TestMetrics.expectValue(metrics.ordersTotal, web("nobody"), 0)
        yield* TestMetrics.expectAbsent(metrics.ordersTotal, web("ann"))
        yield* TestMetrics.expectAbsent(metrics.stock, { shelf: "a" })
        yield* TestMetrics.expectAbsent(metrics.wait, { channel: "web" })
        const service = yield* Metrics.Metrics
        assert.isTrue(service.enabled)
        service.counter(metrics.ordersTotal, web("ann")).increment(2.5)
        service.gauge(metrics.stock, { shelf: "a" }).add(-2)
        service.declare(metrics.wait, [{ channel: "phone" }])
        yield* TestMetrics.expectValue(metrics.ordersTotal, web("ann"), 2.5)
        yield* TestMetrics.expectValue(metrics.stock, { shelf: "a" }, -2)
        yield* TestMetrics.expectHistogram(metrics.wait, { channel: "phone" }, { count: 0, sum: 0 })
      })))

    it.live("counts observations by bucket, a bound in the bucket that it ends", () =>
      check(Effect.gen(function*() {
        const cell = (yield* Metrics.Metrics).histogram(metrics.wait, { channel: "web" })
        for (const value of [0, 0.5, 0.75, 1, 1.5]) cell.observe(value)
        assert.deepStrictEqual(
          yield* TestMetrics.histogram(metrics.wait, { channel: "web" }),
          Option.some({
            count: 5,
            sum: 3.75,
            buckets: [{ le: 0.5, count: 2 }, { le: 1, count: 4 }, { le: Infinity, count: 5 }]
          })
        )
      })))

    it.live("refuses what would spoil a series: counted, and the program goes on", () =>
      Effect.gen(function*() {
        const { exit, faults } = yield* run(Effect.gen(function*() {
          const service = yield* Metrics.Metrics
          service.counter(metrics.ordersTotal, web("nobody")).increment(-1)
          service.counter(metrics.ordersTotal, web("nobody")).increment(Number.NaN)
          service.gauge(metrics.stock, { shelf: "a" }).set(Infinity)
          service.histogram(metrics.wait, { channel: "web" }).observe(-0.1)
          service.counter(metrics.ordersTotal, { channel: "fax" as "web", by: "x" }).increment()
          yield* TestMetrics.expectValue(metrics.ordersTotal, web("nobody"), 0)
          yield* TestMetrics.expectAbsent(metrics.stock, { shelf: "a" })
          return "went on"
        }))
        assert.deepStrictEqual(exit, Exit.succeed("went on"))
        assert.strictEqual(faults("recorder"), 5)
      }))

    it.live("folds what lies beyond a bound into one series, and scrubs label values", () =>
      check(Effect.gen(function*() {
        const service = yield* Metrics.Metrics
        for (const by of ["ann@example.org", "bob", "cy", "dee"]) {
          service.counter(metrics.ordersTotal, web(by)).increment()
        }
        yield* TestMetrics.expectValue(metrics.ordersTotal, web(Catalogue.overflowValue), 2)
        yield* TestMetrics.expectValue(metrics.ordersTotal, web("ann@example.org"), 1)
        assert.notInclude(JSON.stringify(service.samples()), "ann@example.org")
      })))

    it.live("asks collectors when it is read, as long as their scope lives, and leaves out only what one that throws tells", () =>
      Effect.gen(function*() {
        const { exit, faults } = yield* run(Effect.gen(function*() {
          const service = yield* Metrics.Metrics
          let asked = 0
          yield* Effect.scoped(Effect.gen(function*() {
            yield* service.collect({
              definition: metrics.stock,
              collect: () => [{ labels: { shelf: "a" }, value: ++asked }]
            })
            yield* service.collect({
              definition: metrics.restocked,
              collect: () => {
                throw new Error("no answer")
              }
            })
            yield* TestMetrics.expectValue(metrics.stock, { shelf: "a" }, 1)
            yield* TestMetrics.expectValue(metrics.stock, { shelf: "a" }, 2)
            yield* TestMetrics.expectAbsent(metrics.restocked, {})
          }))
          yield* TestMetrics.expectAbsent(metrics.stock, { shelf: "a" })
        }))
        assert.deepStrictEqual(exit, Exit.void)
        // Once for each of the three readings.
        assert.strictEqual(faults("collect"), 3)
      }))

    it.live("records an observed operation once, by its status", () =>
      Effect.gen(function*() {
        const observed = Observation.make<"web" | "phone">({
          prefix: "shop",
          span: (channel) => ({ name: `order ${channel}` }),
          instruments: [
            Observation.count(metrics.ordersTotal, (channel, status) => ({ channel, by: status })),
            Observation.time(metrics.wait, (channel) => ({ channel }))
          ]
        })
        const { samples, spans } = yield* run(Effect.gen(function*() {
          yield* Effect.void.pipe(observed("web"))
          yield* Effect.exit(Effect.fail("no").pipe(observed("phone")))
        }))
        assert.deepStrictEqual(samples.filter((sample) => /_(total|count)\{/.test(sample)), [
          "shop_orders_total{channel=phone,by=error} 1",
          "shop_orders_total{channel=web,by=success} 1",
          "shop_wait_seconds_count{channel=phone} 1",
          "shop_wait_seconds_count{channel=web} 1"
        ])
        assert.deepStrictEqual(spans, ["order phone 1", "order web 1"])
      }))

    it.live("tells its own books in both formats, and the same values as its samples", () =>
      Effect.gen(function*() {
        const ran = yield* run(
          Recorder.record((service) => service.counter(metrics.ordersTotal, web("ann")).increment(7))
        )
        for (const format of ["prometheus", "openmetrics"] as const) {
          const exposition = ExpositionText.parse(ran.exposition(format), format)
          assert.strictEqual(exposition.value("shop_orders_total", web("ann")), 7)
          assert.strictEqual(exposition.value("shop_observability_faults_total", { hook: "recorder" }), 0)
          assert.strictEqual(exposition.value("shop_observability_spans_started_total"), 0)
          assert.strictEqual(exposition.value("shop_observability_events_captured_total"), 0)
        }
      }))
  })

for (const subject of subjects) contract(subject)

// ---------------------------------------------------------------------------------------------------------------------

type Step = {
  readonly on: "counter" | "gauge set" | "gauge add" | "histogram"
  readonly label: string
  readonly value: number
}

const steps: FastCheck.Arbitrary<ReadonlyArray<Step>> = FastCheck.array(
  FastCheck.record({
    on: FastCheck.constantFrom("counter", "gauge set", "gauge add", "histogram"),
    label: FastCheck.constantFrom(
      "a",
      "b",
      "c",
      "d",
      "ann@example.org",
      "__overflow__",
      "line\nbreak",
      "quote\"",
      "back\\slash",
      ""
    ),
    value: FastCheck.oneof(
      FastCheck.double({ min: 0, max: 10 }),
      FastCheck.constantFrom(-1, Number.NaN, Infinity, 0.5, 1, 1e300)
    )
  }),
  { maxLength: 30 }
)

const apply = (service: Metrics.Service, { label, on, value }: Step): void => {
  switch (on) {
    case "counter":
      return service.counter(metrics.ordersTotal, web(label)).increment(value)
    case "gauge set":
      return service.gauge(metrics.stock, { shelf: label }).set(value)
    case "gauge add":
      return service.gauge(metrics.stock, { shelf: label }).add(value)
    case "histogram":
      return service.histogram(metrics.wait, { channel: label === "a" ? "web" : "phone" }).observe(value)
  }
}

describe("Metrics", () => {
  it("tell the same of any records, live and in a test, in values, faults and text", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(steps, async (all) => {
        const program = Recorder.record((service) => all.forEach((step) => apply(service, step)))
        const [live, test] = await Promise.all([
          Effect.runPromise(subjects[0].run(vocabulary, program)),
          Effect.runPromise(subjects[1].run(vocabulary, program))
        ])
        assert.deepStrictEqual(test.samples, live.samples)
        assert.strictEqual(test.faults("recorder"), live.faults("recorder"))
        for (const format of ["prometheus", "openmetrics"] as const) {
          assert.deepStrictEqual(families(test, format), families(live, format))
        }
      }),
      { numRuns: 15 }
    ), 60_000)
})
