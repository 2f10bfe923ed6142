import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import { performance } from "node:perf_hooks"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import * as ExpositionText from "../support/ExpositionText.ts"
import * as Child from "./Child.ts"
import * as Harness from "./Harness.ts"

// For a process to start on a busy machine, and for what it waits for.
const timeout = 60_000

/** The program, started, with its API's and its metrics server's addresses. */
const running = Effect.fnUntraced(function*(env: Readonly<Record<string, string>>) {
  const child = yield* Child.start("server.ts", env)
  const ready = JSON.parse((yield* child.line("ready: ")).slice("ready: ".length)) as Record<"api" | "metrics", number>
  return { child, api: `http://127.0.0.1:${ready.api}`, metrics: `http://127.0.0.1:${ready.metrics}/metrics` }
})

const messages = (stdout: string): ReadonlyArray<string> =>
  stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => (JSON.parse(line) as Harness.Line).message)

// Each program is a process of its own, so they run beside one another.
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  describe.concurrent(`a program that is told to stop by ${signal}`, () => {
    it.live(
      "answers what is in flight, sends every span and event, tells the last books, and exits as runMain does",
      () =>
        Effect.gen(function*() {
          const receiver = yield* Receiver.make()
          const { api, child } = yield* running(Harness.environment(receiver))
          assert.strictEqual((yield* Child.get(`${api}/api/quotes/AAPL`)).status, 200)
          assert.strictEqual((yield* Child.get(`${api}/boom`)).status, 500)
          const slow = yield* Effect.forkChild(Child.get(`${api}/slow`))
          yield* child.line("slow: begun")
          yield* child.kill(signal)
          assert.deepStrictEqual(yield* Fiber.join(slow), { status: 200, text: "slow but sure" })
          const { code, stderr, stdout } = yield* child.exit
          assert.strictEqual(stderr, "")
          assert.strictEqual(code, 130)

          const spans = (yield* receiver.spans).filter(({ signal }) => signal === "otlp")
          assert.deepStrictEqual(spans.map(({ name }) => name).sort(), [
            "GET /api/quotes/{symbol}",
            "GET /boom",
            "GET /slow",
            "provider.fetch_quote",
            "provider.fetch_quote"
          ])
          const events = yield* receiver.events
          assert.deepStrictEqual(
            events.map(({ traceId }) => traceId),
            spans.filter(({ name }) => name === "GET /boom").map(({ traceId }) => traceId)
          )
          const last = messages(stdout).slice(-2)
          assert.include(
            last[0],
            "tracing stopped; spans: started 5, open 0, unsampled 0, ended 5; otlp: exported 5, dropped 0"
          )
          assert.strictEqual(last[1], "error tracking stopped; events: captured 1, sent 1, dropped 0, queued 0")
        }),
      timeout
    )
  })
}

describe.concurrent("a program that is told to stop", () => {
  it.live("shows its books on /metrics until the last span has left", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const latch = yield* Latch.make()
      yield* receiver.respond("otlp", Reply.gate(latch.await))
      const { api, child, metrics } = yield* running(Harness.environment(receiver))
      yield* Child.get(`${api}/api/quotes/AAPL`)
      yield* child.kill("SIGTERM")
      yield* receiver.awaitRequests(1, "otlp")
      const scrape = yield* Child.get(metrics)
      assert.strictEqual(scrape.status, 200)
      const exposition = ExpositionText.parse(scrape.text, "prometheus")
      assert.strictEqual(exposition.value("dawsos_observability_spans_ended_total"), 2)
      assert.strictEqual(exposition.value("dawsos_observability_spans_in_flight", { sink: "otlp" }), 2)
      assert.isAbove(exposition.value("dawsos_observability_spans_queued_bytes", { sink: "otlp" }) ?? 0, 100)
      for (const name of ["spans_retried_total", "spans_resent_total", "spans_circuit_state"]) {
        assert.strictEqual(exposition.value(`dawsos_observability_${name}`, { sink: "otlp" }), 0)
      }
      assert.strictEqual(exposition.value("dawsos_observability_events_captured_total"), 0)
      yield* latch.open
      const { stdout } = yield* child.exit
      assert.include(messages(stdout).join("\n"), "otlp: exported 2, dropped 0")
    }), timeout)

  it.live(
    "gives up spans and events side by side when nobody answers any more, and tells what it lost",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        for (const signal of ["otlp", "sentry", "sentryOtlp"] as const) yield* receiver.respond(signal, Reply.hang())
        const { api, child } = yield* running(Harness.environment(receiver))
        // More than are sent at a time, so that events alone would use their 5 seconds up, as spans do.
        for (let n = 0; n < 10; n++) yield* Child.get(`${api}/boom`)
        const begun = performance.now()
        yield* child.kill("SIGTERM")
        const { code, stdout } = yield* child.exit
        const took = performance.now() - begun
        assert.strictEqual(code, 130)
        // Each gives up after about 5 seconds: one after the other they take 9.5 on any machine.
        assert.isBelow(took, 8_500)
        const [spans, events] = messages(stdout).slice(-2)
        assert.include(spans, "ended 10; otlp: exported 0, dropped 10 (timeout 10)")
        assert.include(events, "events: captured 10, sent 0, dropped 10 (timeout 10), queued 0")
      }),
    timeout
  )
})
