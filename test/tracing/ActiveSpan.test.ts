import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { named, traced } from "./harness.ts"

const link = {
  context: { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 },
  attributes: { why: "retry" }
}

/** Runs a program that third-party code has a hand in, inside a span. */
const inside = (body: (span: Otel.Span) => void) =>
  traced(Effect.withSpan(
    Effect.sync(() => {
      const active = Otel.trace.getActiveSpan()
      assert(active !== undefined, "a span is active")
      body(active)
    }),
    "effect"
  ))

describe("The span that third-party code finds active inside one of Effect's", () => {
  it.effect("takes attributes, events, links, a status and another name, as OpenTelemetry's does", () =>
    Effect.gen(function*() {
      const { spans } = yield* inside((span) => {
        span.setAttribute("a", 1).setAttributes({ b: [1, 2], c: "text" })
        span.addEvent("one", { n: 1 }, [7, 8]).addEvent("two", [9, 10]).addEvent("three", new Date(1_500))
        span.addLink(link).addLinks([link])
        span.setStatus({ code: Otel.SpanStatusCode.ERROR, message: "no" })
        span.updateName("another")
      })
      const span = named(spans, "another")
      assert.deepStrictEqual(span.attributes, { a: 1, b: [1, 2], c: "text" })
      assert.deepStrictEqual(span.events.map(({ attributes, name, time }) => [name, time, attributes]), [
        ["one", [7, 8], { n: 1 }],
        ["two", [9, 10], {}],
        ["three", [1, 500_000_000], {}]
      ])
      assert.deepStrictEqual(span.links.map(({ attributes, context }) => [context.spanId, attributes]), [
        [link.context.spanId, link.attributes],
        [link.context.spanId, link.attributes]
      ])
      // Effect's end has the last word: it succeeded.
      assert.strictEqual(span.status.code, Otel.SpanStatusCode.OK)
    }))

  it.effect("keeps a status that is OK, whatever is said later, and its exceptions", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(Effect.exit(Effect.withSpan(
        Effect.andThen(
          Effect.sync(() => {
            const span = Otel.trace.getActiveSpan()
            span?.recordException(Object.assign(new TypeError("first"), { stack: "at x" }), [1, 2])
            span?.recordException("second", [3, 4])
            span?.setStatus({ code: Otel.SpanStatusCode.OK })
          }),
          Effect.fail("third")
        ),
        "effect"
      )))
      const { events, status } = named(spans, "effect")
      assert.strictEqual(status.code, Otel.SpanStatusCode.OK)
      assert.deepStrictEqual(events.slice(0, 2).map(({ attributes, time }) => [time, attributes]), [
        [[1, 2], { "exception.type": "TypeError", "exception.message": "first", "exception.stacktrace": "at x" }],
        [[3, 4], { "exception.message": "second" }]
      ])
      assert.strictEqual(events[2]?.attributes?.["exception.message"], "third")
    }))

  it.effect("has the ids of Effect's span, and records until that has ended", () =>
    Effect.gen(function*() {
      let active: Otel.Span | undefined
      const { exit, spans } = yield* traced(
        Effect.gen(function*() {
          const span = yield* Effect.currentSpan
          active = Otel.trace.getActiveSpan()
          assert.isTrue(active?.isRecording())
          assert.deepInclude(active?.spanContext(), { traceId: span.traceId, spanId: span.spanId, traceFlags: 1 })
        }).pipe(Effect.withSpan("effect"))
      )
      assert.isTrue(Exit.isSuccess(exit))
      assert.isFalse(active?.isRecording())
      active?.setAttribute("late", true).addEvent("late").addLink(link).updateName("late")
      active?.end()
      assert.deepInclude(named(spans, "effect"), { attributes: {}, events: [], links: [] })
    }))

  it.effect("is not recorded when the span is left out", () =>
    Effect.gen(function*() {
      let recording: boolean | undefined
      const { accounting, spans } = yield* traced(Effect.withSpan(
        Effect.sync(() => {
          const span = Otel.trace.getActiveSpan()
          recording = span?.isRecording()
          assert.strictEqual(span?.spanContext().traceFlags, 0)
          span?.addEvent("nothing").end()
        }),
        "left out",
        { sampled: false }
      ))
      assert.isFalse(recording)
      assert.deepStrictEqual(spans, [])
      assert.deepInclude(accounting, { started: 1, unsampled: 1, open: 0, ended: 0 })
    }))

  it.effect("can be ended there, once: the books count it once", () =>
    Effect.gen(function*() {
      const { accounting, spans } = yield* inside((span) => {
        span.end([3, 4])
        span.end([5, 6])
      })
      assert.deepStrictEqual(spans.map(({ endTime, status }) => [endTime, status.code]), [[[3, 4], 0]])
      assert.deepInclude(accounting, { started: 1, open: 0, ended: 1 })
    }))

  it.effect("harms nobody with what can't be read", () =>
    Effect.gen(function*() {
      const hostile = new Proxy({}, {
        get: () => {
          throw new Error("unreadable")
        },
        ownKeys: () => {
          throw new Error("unreadable")
        }
      })
      const { accounting, exit, guard } = yield* inside((span) => {
        span.setAttributes(hostile)
        span.addEvent("one", hostile)
        span.addLink({ context: link.context, attributes: hostile })
        span.recordException(hostile as never)
      })
      assert.isTrue(Exit.isSuccess(exit))
      assert.strictEqual(guard.faults().get("tracer"), 4)
      assert.deepInclude(accounting, { started: 1, open: 0, ended: 1 })
    }))
})
