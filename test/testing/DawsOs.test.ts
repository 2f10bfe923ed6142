import { Catalogue, ErrorTracking, Guard, Metrics, Observability, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { span, TestErrors, TestLogs, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFile } from "node:child_process"
import * as Path from "node:path"
import { promisify } from "node:util"
import { isVendor } from "../architecture/Rules.ts"

const endpoint = "/v3/quote/{symbol}"

const harvester = {
  fetchQuote: Effect.fn(
    function*(symbol: string) {
      return yield* Effect.fail(`no quote for ${symbol}`).pipe(
        Effect.withSpan("GET", { kind: "client" }),
        DawsOs.withProviderMetrics({ provider: "fmp", endpoint })
      )
    },
    DawsOs.withCapabilityMetrics({ agent: "data_harvester", capability: "provider.fetch_quote" })
  )
}

const failed = { provider: "fmp", endpoint, status: "error" } as const

describe("DawsOs.layerTest", () => {
  it.effect("a failed provider call is counted as an error", () =>
    Effect.gen(function*() {
      yield* Effect.exit(harvester.fetchQuote("AAPL"))
      yield* TestMetrics.expectValue(DawsOs.metrics.providerRequestsTotal, failed, 1)
      yield* TestTracing.expectTrace(
        span("provider.fetch_quote", { status: "error" }, [span("fmp /v3/quote/{symbol}", [span("GET")])])
      )
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("is known as Test, too", () => Effect.sync(() => assert.strictEqual(DawsOs.Test, DawsOs.layerTest)))

  it.effect("gives each provide its own values, spans, events, lines and faults, beside one another too", () =>
    Effect.gen(function*() {
      const runs = Array.from({ length: 20 }, (_, index) =>
        Effect.gen(function*() {
          yield* Effect.exit(harvester.fetchQuote("AAPL"))
          yield* Effect.yieldNow
          yield* Effect.logInfo(`run ${index}`)
          yield* Effect.exit(Effect.die(new Error(`fault ${index}`)).pipe(ErrorTracking.withBoundary("job")))
          const guard = yield* Guard.CurrentGuard
          guard.count("sink", index)
          yield* Effect.yieldNow
          yield* TestMetrics.expectValue(DawsOs.metrics.providerRequestsTotal, failed, 1)
          yield* TestTracing.expectForest([span("provider.fetch_quote")])
          yield* TestErrors.expectEvent({ message: `fault ${index}` })
          assert.strictEqual((yield* TestErrors.events).length, 1)
          assert.deepStrictEqual((yield* TestLogs.lines).map(({ message }) => message), [`run ${index}`])
          assert.strictEqual(guard.faults().get("sink"), 1)
          return (yield* TestTracing.spans).map(({ spanId, traceId }) => `${traceId} ${spanId}`)
        }).pipe(Effect.provide(DawsOs.layerTest)))
      const ids = yield* Effect.all(runs, { concurrency: "unbounded" })
      // Nothing that runs beside a test moves its ids.
      assert.strictEqual(new Set(ids.map((each) => each.join())).size, 1)
    }))

  it.effect("shares what it records between a program that was built on it and the test", () =>
    Effect.gen(function*() {
      yield* TestTracing.expectForest([span("start of the program")])
    }).pipe(
      Effect.provide(
        Layer.effectDiscard(Effect.withSpan(Effect.void, "start of the program")).pipe(
          Layer.provide(DawsOs.layerTest),
          Layer.merge(DawsOs.layerTest)
        )
      )
    ))

  it.effect("shares nothing with the test layer of another vocabulary, the one inside the other", () =>
    Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* Effect.logInfo("inside").pipe(Effect.withSpan("inside"))
        const started = (yield* Metrics.Metrics).samples()
          .filter(({ name }) => name.endsWith("_observability_spans_started_total"))
          .map(({ name, value }) => [name, value])
        assert.deepStrictEqual(started, [["shop_observability_spans_started_total", 1]])
        yield* TestLogs.expectLine({ message: "inside" })
        yield* TestTracing.expectForest([span("inside")])
      }).pipe(
        Effect.provide(Observability.layerTest({ catalogue: Catalogue.make({ prefix: "shop", metrics: {} }) }))
      )
      yield* TestLogs.expectNoLine()
      yield* TestTracing.expectNoSpans
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("records what is known at the start", () =>
    Effect.gen(function*() {
      yield* TestMetrics.expectValue(
        DawsOs.metrics.systemInfo,
        { version: "0.0.0", environment: "test", node_version: process.versions.node },
        1
      )
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it.effect("shows the books of spans and events as the live layer does, and they balance", () =>
    Effect.gen(function*() {
      yield* Effect.exit(harvester.fetchQuote("AAPL"))
      yield* Effect.exit(Effect.die("boom").pipe(Effect.withSpan("job"), ErrorTracking.withBoundary("job")))
      yield* TestErrors.events
      const metrics = yield* Metrics.Metrics
      const own = Object.fromEntries(
        metrics.samples()
          .filter(({ name, value }) => name.startsWith("dawsos_observability_") && value !== 0)
          .map(({ labels, name, value }) => [`${name} ${Object.values(labels).join(" ")}`.trim(), value])
      )
      assert.deepStrictEqual(own, {
        "dawsos_observability_spans_started_total": 4,
        "dawsos_observability_spans_ended_total": 4,
        "dawsos_observability_spans_exported_total test": 4,
        "dawsos_observability_events_captured_total": 1,
        "dawsos_observability_events_sent_total": 1
      })
      assert.strictEqual((yield* Tracing.flush).started, 4)
    }).pipe(Effect.provide(DawsOs.layerTest)))

  it("opens no handle, adds no listener of the process and loads no vendor's SDK", async () => {
    const root = Path.resolve(import.meta.dirname, "../..")
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--conditions=source", Path.join(root, "test/testing/program.ts")],
      { cwd: root, env: { PATH: process.env["PATH"] } }
    )
    const { after, before, packages, value } = JSON.parse(stdout) as Record<
      "after" | "before" | "packages" | "value",
      ReadonlyArray<string>
    >
    assert.deepStrictEqual(value, ["provider.fetch_quote", "error"])
    assert.deepStrictEqual(after, before)
    assert.deepStrictEqual(packages.filter(isVendor), [])
    assert.include(packages, "effect")
  })
})
