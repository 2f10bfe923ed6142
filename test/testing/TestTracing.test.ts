import { Accounting, Guard, Observability, Scrubber, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { containing, span, TestMetrics, TestTracing } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { failureOf, text } from "./failure.ts"

const withLayer = Effect.provide(DawsOs.layerTest)

const opened = (name: string, ...children: ReadonlyArray<Effect.Effect<unknown>>): Effect.Effect<void> =>
  Effect.withSpan(Effect.asVoid(Effect.all(children)), name)

class ProviderDown extends Data.TaggedError("ProviderDown")<{ readonly message: string }> {}

describe("TestTracing", () => {
  it.effect("numbers traces and spans in the order in which they start", () =>
    Effect.gen(function*() {
      yield* opened("a", opened("b"))
      yield* opened("c")
      const ids = (yield* TestTracing.spans).map(({ name, parentId, spanId, traceId }) => [
        name,
        traceId,
        spanId,
        parentId
      ])
      const trace = (n: number) => `${n}`.padStart(32, "0")
      const id = (n: number) => `${n}`.padStart(16, "0")
      assert.deepStrictEqual(ids, [
        ["a", trace(1), id(1), undefined],
        ["b", trace(1), id(2), id(1)],
        ["c", trace(2), id(3), undefined]
      ])
    }).pipe(withLayer))

  it.effect("times spans by the test's clock", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.withSpan(Effect.sleep("3 seconds"), "slow"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* TestTracing.spans).map(({ duration, status }) => [status, duration]), [
        ["open", undefined]
      ])
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      const [slow] = yield* TestTracing.spans
      assert.strictEqual(slow?.startTime, 0n)
      assert.strictEqual(Duration.toMillis(slow?.duration ?? Duration.zero), 3000)
    }).pipe(withLayer))

  it.effect("tells how a span ended, and leaves the failure on it", () =>
    Effect.gen(function*() {
      yield* Effect.exit(Effect.withSpan(new ProviderDown({ message: "no answer" }), "error"))
      yield* Effect.exit(Effect.withSpan(Effect.die(new TypeError("x is undefined")), "defect"))
      yield* Effect.exit(Effect.withSpan(Effect.interrupt, "interrupted"))
      yield* Effect.withSpan(Effect.void, "success")
      const spans = yield* TestTracing.spans
      assert.deepStrictEqual(spans.map(({ status }) => status), ["error", "defect", "interrupted", "success"])
      assert.deepStrictEqual(spans.map(({ attributes }) => attributes["error.type"]), [
        "ProviderDown",
        "TypeError",
        undefined,
        undefined
      ])
      assert.deepStrictEqual(
        spans.map(({ events }) => events.map(({ attributes }) => attributes["exception.message"])),
        [
          ["no answer"],
          ["x is undefined"],
          [],
          []
        ]
      )
    }).pipe(withLayer))

  it.effect("takes the status of an observed operation from the operation", () =>
    Effect.gen(function*() {
      yield* Effect.succeed({ stale: true }).pipe(
        DawsOs.withProviderMetrics({ provider: "fmp", endpoint: "/v3/quote/{symbol}" }, {
          degraded: ({ stale }) => stale
        })
      )
      yield* TestTracing.expectTrace(span("fmp /v3/quote/{symbol}", { status: "degraded", kind: "client" }))
    }).pipe(withLayer))

  it.effect("shows what would leave the process: scrubbed", () =>
    Effect.gen(function*() {
      yield* Effect.withSpan(Effect.fail("mail to jane@example.org failed"), "send to jane@example.org", {
        attributes: { authorization: "Bearer abc.def", "url.full": "https://x.test/quote?apikey=12345" }
      }).pipe(Effect.exit)
      const shown = JSON.stringify(yield* TestTracing.spans, (_, value: unknown) =>
        typeof value === "bigint" ? String(value) : value)
      assert.notInclude(shown, "jane@example.org")
      assert.notInclude(shown, "abc.def")
      assert.notInclude(shown, "12345")
      assert.include(shown, "apikey=")
    }).pipe(withLayer))

  it.effect("leaves unsampled spans out, in the books and in no other count", () =>
    Effect.gen(function*() {
      yield* opened("inner").pipe(DawsOs.withPatternMetrics({ patternId: "policy_rebalance" }))
      yield* TestTracing.expectNoSpans
      const { accounting } = yield* Tracing.Tracing
      assert.deepInclude(accounting(), { started: 2, unsampled: 2, open: 0, ended: 0 })
      assert.deepStrictEqual(Accounting.imbalances(accounting()), [])
      yield* TestMetrics.expectValue(
        DawsOs.metrics.patternExecutionsTotal,
        { pattern_id: "policy_rebalance", status: "success" },
        1
      )
    }).pipe(Effect.provide(Observability.layerTest(DawsOs.vocabulary, { sampled: false }))))

  it.effect("follows a caller's sampling, and the wish of a span not to be sampled", () =>
    Effect.gen(function*() {
      const caller = (sampled: boolean) =>
        Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16), sampled })
      yield* Effect.withSpan(Effect.void, "sampled by the caller", { parent: caller(true) })
      yield* Effect.withSpan(Effect.void, "not sampled by the caller", { parent: caller(false) })
      yield* Effect.withSpan(opened("child"), "not worth it", { sampled: false })
      yield* TestTracing.expectForest([span("sampled by the caller")])
      const [only] = yield* TestTracing.spans
      assert.strictEqual(only?.traceId, "a".repeat(32))
      assert.strictEqual(only?.parentId, "b".repeat(16))
    }).pipe(withLayer))

  it.effect("balances its books while spans are open, and forgets only spans that have ended", () =>
    Effect.gen(function*() {
      const { accounting } = yield* Tracing.Tracing
      yield* Effect.gen(function*() {
        yield* opened("done")
        assert.deepInclude(accounting(), { started: 2, open: 1, ended: 1 })
        assert.deepStrictEqual(Accounting.imbalances(accounting()), [])
        yield* TestTracing.clear
        yield* TestTracing.expectForest([span("outer", { status: "open" }, [])])
        yield* opened("after")
      }).pipe(Effect.withSpan("outer"))
      yield* TestTracing.expectForest([span("outer", { status: "success" }, [span("after")])])
      assert.deepInclude(accounting(), { started: 3, open: 0, ended: 3 })
      assert.deepStrictEqual(yield* Tracing.flush, accounting())
    }).pipe(withLayer))

  it.effect("counts a span that can't be scrubbed as lost by a fault", () =>
    Effect.gen(function*() {
      const result = yield* Effect.withSpan(Effect.succeed(1), "unreadable")
      assert.strictEqual(result, 1)
      yield* TestTracing.expectNoSpans
      const { accounting } = yield* Tracing.Tracing
      assert.strictEqual(accounting().sinks[0]?.dropped.fault, 1)
      assert.deepStrictEqual(Accounting.imbalances(accounting()), [])
    }).pipe(
      Effect.provide(TestTracing.layer({ prefix: "test" })),
      Effect.provideService(Guard.CurrentGuard, Guard.make()),
      Effect.provideService(Scrubber.CurrentScrubber, {
        ...Scrubber.make(),
        text: () => {
          throw new Error("a broken scrubber")
        }
      })
    ))

  it.effect("ignores what happens to a span after its end", () =>
    Effect.gen(function*() {
      const late = yield* Effect.useSpan("done", (span) => Effect.succeed(span))
      late.attribute("late", true)
      late.event("late", 1n)
      late.end(5n, yield* Effect.exit(Effect.fail("late")))
      const { accounting } = yield* Tracing.Tracing
      yield* TestTracing.expectForest([span("done", { status: "success", late: undefined })])
      assert.strictEqual(accounting().ended, 1)
    }).pipe(withLayer))

  it.effect("keeps links", () =>
    Effect.gen(function*() {
      const linked = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) })
      yield* Effect.withSpan(Effect.void, "with a link", { links: [{ span: linked, attributes: { why: "retry" } }] })
      const [only] = yield* TestTracing.spans
      assert.deepStrictEqual(only?.links, [{
        traceId: "a".repeat(32),
        spanId: "b".repeat(16),
        attributes: { why: "retry" }
      }])
    }).pipe(withLayer))
})

describe("The OpenTelemetry tracer of the test layer", () => {
  it.effect("puts foreign spans under the Effect span that is running, and Effect spans under foreign ones", () =>
    Effect.gen(function*() {
      const tracer = yield* Tracing.tracer("pg")
      const services = yield* Effect.context<never>()
      yield* Effect.withSpan(
        Effect.sync(() =>
          tracer.startActiveSpan("foreign", (outer) => {
            const inner = tracer.startSpan("nested", { kind: 2, attributes: { "db.rows": 3 } })
            inner.end()
            Effect.runSyncWith(services)(Effect.withSpan(Effect.void, "effect again"))
            outer.end()
          })
        ),
        "effect"
      )
      yield* TestTracing.expectForest([
        span("effect", [
          span("foreign", [span("nested", { kind: "client", "db.rows": 3 }), span("effect again")])
        ])
      ])
      const { accounting } = yield* Tracing.Tracing
      assert.deepStrictEqual(Accounting.imbalances(accounting()), [])
    }).pipe(withLayer))

  it.effect("keeps what foreign code says of a span", () =>
    Effect.gen(function*() {
      const tracer = yield* Tracing.tracer("pg", "1.0.0")
      const foreign = tracer.startSpan("query", { startTime: new Date(1000), links: [], root: true })
      foreign.setAttribute("a", 1).setAttributes({ b: "two" }).updateName("select").addEvent(
        "row",
        { n: 1 },
        new Date(1500)
      )
      foreign.recordException(new TypeError("bad row"), new Date(1600))
      foreign.setStatus({ code: 2, message: "bad row" })
      assert.isTrue(foreign.isRecording())
      foreign.end(new Date(2500))
      assert.isFalse(foreign.isRecording())
      const [only] = yield* TestTracing.spans
      assert.deepInclude(only, {
        name: "select",
        status: "error",
        attributes: { a: 1, b: "two" },
        startTime: 1_000_000_000n
      })
      assert.strictEqual(Duration.toMillis(only?.duration ?? Duration.zero), 1500)
      assert.deepStrictEqual(only?.events.map(({ name, time }) => [name, time]), [
        ["row", 1_500_000_000n],
        ["exception", 1_600_000_000n]
      ])
      assert.strictEqual(foreign.spanContext().spanId, only?.spanId)
    }).pipe(withLayer))
})

describe("Expectations on traces", () => {
  const program = Effect.gen(function*() {
    yield* opened(
      "provider.fetch_quote",
      Effect.ignore(Effect.withSpan(Effect.fail("x"), "fmp /v3/quote", { attributes: { attempt: 1 } })),
      Effect.withSpan(Effect.void, "fmp /v3/quote", { attributes: { attempt: 2 } })
    )
    yield* opened("GET /health")
  })

  it.effect("are partial in attributes, in children that are left out, and in the order of those that are listed", () =>
    Effect.gen(function*() {
      yield* program
      yield* TestTracing.expectTrace(span("provider.fetch_quote"))
      yield* TestTracing.expectTrace(span(/^provider\./, { status: "success" }, [
        span("fmp /v3/quote", { attempt: 2 }),
        span("fmp /v3/quote", { status: "error" })
      ]))
      // The wide expectation comes first and has to leave the narrow one its span.
      yield* TestTracing.expectTrace(
        span("provider.fetch_quote", [span("fmp /v3/quote"), span("fmp /v3/quote", { attempt: 1 })])
      )
      yield* TestTracing.expectTrace(span("provider.fetch_quote", containing(span("fmp /v3/quote"))))
      yield* TestTracing.expectTrace(span("GET /health", []))
      yield* TestTracing.expectSpan(
        span("fmp /v3/quote", { attempt: (n) => Number(n) > 1, other: undefined }, [])
      )
      yield* TestTracing.expectForest([span("GET /health"), span("provider.fetch_quote")])
      yield* TestTracing.expectForest(containing(span("GET /health")))
    }).pipe(withLayer))

  it.effect("show the expected tree, the closest one, and every place where they differ", () =>
    Effect.gen(function*() {
      yield* opened("noise")
      yield* opened(
        "provider.fetch_quote",
        Effect.ignore(Effect.withSpan(opened("GET"), "fmp /v3/quote", { attributes: { attempt: 1 } })),
        opened("other", opened("below"))
      )
      const message = yield* failureOf(TestTracing.expectTrace(
        span("provider.fetch_quote", { status: "error" }, [
          span("fmp /v3/quote", { attempt: 2, "url.path": /^\/v3/ }, containing(span("GET"), span("POST", [])))
        ])
      ))
      assert.strictEqual(
        message,
        text(
          "the traces are not as expected (✗ differs, - is missing, + is not expected)",
          "expected",
          "    provider.fetch_quote { status: \"error\" }",
          "    └─ fmp /v3/quote { attempt: 2, url.path: /^\\/v3/ }",
          "       │   (others may be beside these)",
          "       ├─ GET",
          "       └─ POST (no children)",
          "but was",
          "  ✗ provider.fetch_quote [success]   ← first difference",
          "  ✗ │   status: expected \"error\", was \"success\"",
          "  ✗ ├─ fmp /v3/quote [success]",
          "  ✗ │  │   attempt: expected 2, was 1",
          "  ✗ │  │   url.path: expected /^\\/v3/, was absent",
          "    │  ├─ GET [success]",
          "  - │  └─ POST (no children)   missing",
          "  + └─ other [success]   not expected",
          "  +    └─ below [success]"
        )
      )
    }).pipe(withLayer))

  it.effect("choose the trace with the fewest differences among those of the name", () =>
    Effect.gen(function*() {
      yield* Effect.withSpan(Effect.void, "job", { attributes: { a: 1, b: 1 } })
      yield* Effect.withSpan(Effect.void, "job", { attributes: { a: 1, b: 2 } })
      const message = yield* failureOf(TestTracing.expectTrace(span("job", { a: 1, b: 2, c: 3 })))
      assert.include(message, "but the closest of 2 was")
      assert.include(message, "c: expected 3, was absent")
      assert.notInclude(message, "b: expected")
    }).pipe(withLayer))

  it.effect("list the traces there are when none has the name", () =>
    Effect.gen(function*() {
      yield* opened("one", opened("two"))
      const message = yield* failureOf(TestTracing.expectTrace(span("two")))
      assert.strictEqual(
        message,
        text(
          "no span has the expected name",
          "expected",
          "    two",
          "there is 1 trace",
          "    one [success]",
          "    └─ two [success]"
        )
      )
      yield* TestTracing.expectSpan(span("two"))
    }).pipe(withLayer))

  it.effect("ask for a whole forest, or for none", () =>
    Effect.gen(function*() {
      yield* TestTracing.expectNoSpans
      yield* TestTracing.expectForest([])
      assert.include(yield* failureOf(TestTracing.expectTrace(span("a"))), "(no spans)")
      yield* opened("a")
      yield* opened("b", opened("c"))
      assert.strictEqual(
        yield* failureOf(TestTracing.expectForest([span("a"), span("d")])),
        text(
          "the traces are not as expected (✗ differs, - is missing, + is not expected)",
          "expected",
          "    a",
          "    d",
          "but there is",
          "    a [success]",
          "  + b [success]   not expected   ← first difference",
          "  + └─ c [success]",
          "  - d   missing"
        )
      )
      assert.strictEqual(
        yield* failureOf(TestTracing.expectNoSpans),
        text("expected no spans, but there is", "    a [success]", "    b [success]", "    └─ c [success]")
      )
      yield* failureOf(TestTracing.expectForest(containing(span("d"))))
      yield* failureOf(TestTracing.expectForest([span("a"), span("a")]))
      yield* failureOf(TestTracing.expectSpan(span("b", [])))
    }).pipe(withLayer))

  it.effect("die where the test called them, so that a program can't catch them by mistake", () =>
    Effect.gen(function*() {
      const exit = yield* TestTracing.expectTrace(span("a")).pipe(
        Effect.catch(() => Effect.void),
        Effect.exit
      )
      const reason = exit._tag === "Failure" ? exit.cause.reasons[0] : undefined
      const stack = reason?._tag === "Die" && reason.defect instanceof Error ? reason.defect.stack ?? "" : ""
      const frame = stack.split("\n").find((line) => line.startsWith("    at "))
      assert.include(frame, "TestTracing.test.ts")
    }).pipe(withLayer))
})
