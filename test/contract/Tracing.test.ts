import { Accounting, Observation, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"
import { type Subject, subjects } from "./TracingSubjects.ts"

class ProviderDown extends Data.TaggedError("ProviderDown")<{ readonly message: string }> {}

const observed = Observation.make<string>({
  prefix: "test",
  span: (name) => ({ name, kind: "client", attributes: { "test.name": name } }),
  instruments: []
})

const contract = (subject: Subject) =>
  describe(`Tracing (${subject.name})`, () => {
    const run: Subject["run"] = (program, sampled) => Effect.provide(subject.run(program, sampled), Logger.layer([]))

    it.effect("records spans with their parents, kinds, attributes, events, links and durations", () =>
      Effect.gen(function*() {
        const link = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) })
        const { exit, spans } = yield* run(Effect.gen(function*() {
          yield* Effect.currentSpan.pipe(
            Effect.tap((span) => Effect.sync(() => span.event("step", 0n, { n: 1 }))),
            Effect.andThen(TestClock.adjust("2 seconds")),
            Effect.withSpan("inner", {
              kind: "client",
              attributes: { a: "text", b: 2, c: true },
              links: [{ span: link, attributes: { why: "retry" } }]
            }),
            Effect.withSpan("outer", { kind: "server" })
          )
          yield* Effect.withSpan(Effect.void, "next", { kind: "consumer" })
          return "done"
        }))
        assert.deepStrictEqual(exit, Exit.succeed("done"))
        const none = { attributes: {}, events: [], links: [], millis: 0 }
        assert.deepStrictEqual(spans, [
          { ...none, name: "outer", kind: "server", parent: undefined, trace: 0, millis: 2000 },
          {
            name: "inner",
            kind: "client",
            parent: "outer",
            trace: 0,
            attributes: { a: "text", b: 2, c: true },
            events: [{ name: "step", attributes: { n: 1 } }],
            links: [{ why: "retry" }],
            millis: 2000
          },
          { ...none, name: "next", kind: "consumer", parent: undefined, trace: 1 }
        ])
      }))

    it.effect("tells failures, defects and interruptions apart, and passes each on", () =>
      Effect.gen(function*() {
        const causes: ReadonlyArray<Cause.Cause<unknown>> = [
          Cause.fail(new ProviderDown({ message: "no answer" })),
          Cause.die(new TypeError("x is undefined")),
          Cause.interrupt(1),
          Cause.combine(Cause.fail("text"), Cause.die("gone")),
          Cause.empty
        ]
        const told: Array<unknown> = []
        for (const cause of causes) {
          const { exit, spans } = yield* run(Effect.withSpan(Effect.failCause(cause), "failing"))
          assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons.length === cause.reasons.length)
          told.push(spans.map(({ attributes, events }) => ({
            attributes,
            events: events.map(({ attributes }) => [attributes["exception.type"], attributes["exception.message"]])
          })))
        }
        assert.deepStrictEqual(told, [
          [{
            attributes: { "effect.outcome": "error", "error.type": "ProviderDown" },
            events: [["ProviderDown", "no answer"]]
          }],
          [{
            attributes: { "effect.outcome": "defect", "error.type": "TypeError" },
            events: [["TypeError", "x is undefined"]]
          }],
          [{ attributes: { "effect.outcome": "interrupted", "effect.fiber.interrupted": true }, events: [] }],
          [{
            attributes: { "effect.outcome": "defect", "error.type": "string" },
            events: [["string", "text"], ["string", "gone"]]
          }],
          [{ attributes: {}, events: [] }]
        ])
      }))

    it.effect("takes an interruption for an error where a server answered with one", () =>
      Effect.gen(function*() {
        const answered = (status: number) =>
          Effect.exit(
            Effect.withSpan(Effect.interrupt, `${status}`, {
              kind: "server",
              attributes: { "http.response.status_code": status }
            })
          )
        const { spans } = yield* run(Effect.andThen(answered(503), answered(499)))
        assert.deepStrictEqual(spans.map(({ attributes }) => attributes["error.type"]), ["503", undefined])
      }))

    it.effect("scrubs what leaves, and leaves alone what the program sees", () =>
      Effect.gen(function*() {
        const { exit, spans } = yield* run(
          Effect.currentSpan.pipe(
            Effect.map((span) => span.attributes.get("url.full")),
            Effect.withSpan("mail ann@example.org", {
              attributes: { "url.full": "https://x.test/quote?apikey=12345", authorization: "Bearer abc.def" }
            })
          )
        )
        assert.deepStrictEqual(exit, Exit.succeed<unknown>("https://x.test/quote?apikey=12345"))
        const shown = JSON.stringify(spans)
        for (const secret of ["ann@example.org", "12345", "abc.def"]) assert.notInclude(shown, secret)
        assert.strictEqual(spans.length, 1)
      }))

    it.effect("judges the URL of a request by the names that its route gives", () =>
      Effect.gen(function*() {
        const { spans } = yield* run(
          Effect.withSpan(Effect.void, "GET", {
            attributes: { "url.full": "https://x.test/users/ann/quotes", "http.route": "/users/:userId/quotes" }
          })
        )
        assert.match(String(spans[0]?.attributes["url.full"]), /^https:\/\/x\.test\/users\/[0-9a-f]{8}\/quotes$/u)
      }))

    it.effect("keeps books that balance at any moment", () =>
      Effect.gen(function*() {
        const { accounting } = yield* run(Effect.gen(function*() {
          const tracing = yield* Tracing.Tracing
          assert.isTrue(tracing.enabled)
          const balanced = Effect.sync(() => assert.deepStrictEqual(Accounting.imbalances(tracing.accounting()), []))
          yield* Effect.withSpan(balanced, "inner").pipe(Effect.andThen(balanced), Effect.withSpan("outer"))
          yield* Effect.withSpan(Effect.withSpan(balanced, "child"), "left out", { sampled: false })
          const span = yield* Effect.makeSpan("never ended")
          assert.isTrue(span.sampled)
          yield* balanced
        }))
        const { ended, open, started, unsampled } = accounting
        assert.deepStrictEqual({ ended, open, started, unsampled }, { ended: 2, open: 1, started: 5, unsampled: 2 })
        assert.deepStrictEqual(accounting.sinks.map(({ exported, queued }) => [exported, queued]), [[2, 0]])
      }))

    it.effect("samples as it was told, and follows a caller", () =>
      Effect.gen(function*() {
        const caller = (sampled: boolean) =>
          Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16), sampled })
        const program = Effect.gen(function*() {
          yield* Effect.withSpan(Effect.withSpan(Effect.void, "child"), "root")
          yield* Effect.withSpan(Effect.void, "kept by the caller", { parent: caller(true) })
          yield* Effect.withSpan(Effect.void, "left out by the caller", { parent: caller(false) })
        })
        const on = yield* run(program)
        assert.deepStrictEqual(on.spans.map(({ name, parent }) => [name, parent]), [
          ["root", undefined],
          ["child", "root"],
          ["kept by the caller", "elsewhere"]
        ])
        const off = yield* run(program, false)
        assert.deepStrictEqual(off.spans.map(({ name }) => name), ["kept by the caller"])
        assert.strictEqual(off.accounting.unsampled, 3)
      }))

    it.effect("ignores what happens to a span after its end", () =>
      Effect.gen(function*() {
        const { accounting, spans } = yield* run(
          Effect.useSpan("done", Effect.succeed).pipe(
            Effect.tap((span) =>
              Effect.sync(() => {
                span.attribute("late", true)
                span.event("late", 1n)
                span.end(9n, Exit.fail("late"))
              })
            )
          )
        )
        assert.deepStrictEqual(spans.map(({ attributes, events }) => [attributes, events]), [[{}, []]])
        assert.strictEqual(accounting.ended, 1)
      }))

    it.effect("puts spans of foreign code between those of Effect", () =>
      Effect.gen(function*() {
        const { spans } = yield* run(Effect.gen(function*() {
          const tracer = yield* Tracing.tracer("pg", "1.0.0")
          const context = yield* Effect.context<never>()
          yield* Effect.withSpan(
            Effect.sync(() =>
              tracer.startActiveSpan("foreign", { kind: 2, attributes: { rows: 3 } }, (outer) => {
                tracer.startSpan("nested").end()
                tracer.startSpan("root", { root: true }).end()
                Effect.runSyncWith(context)(Effect.withSpan(Effect.void, "effect again"))
                outer.setStatus({ code: 2, message: "bad" }).addEvent("row", { n: 1 }).updateName("select").end()
              })
            ),
            "effect"
          )
        }))
        assert.deepStrictEqual(spans.map(({ name, parent, trace }) => [name, parent, trace]), [
          ["effect", undefined, 0],
          ["select", "effect", 0],
          ["nested", "select", 0],
          ["root", undefined, 1],
          ["effect again", "select", 0]
        ])
        assert.deepInclude(spans[1], {
          kind: "client",
          attributes: { rows: 3 },
          events: [{ name: "row", attributes: { n: 1 } }]
        })
      }))

    it.effect("is off for a part of a program that switches tracing off", () =>
      Effect.gen(function*() {
        const { accounting, spans } = yield* run(
          Effect.withSpan(Effect.void, "hidden").pipe(Effect.withTracerEnabled(false), Effect.withSpan("shown"))
        )
        assert.deepStrictEqual(spans.map(({ name }) => name), ["shown"])
        assert.strictEqual(accounting.started, 1)
      }))
  })

for (const subject of subjects) contract(subject)

// ---------------------------------------------------------------------------------------------------------------------

/** An operation of a random program. */
interface Step {
  readonly name: string
  readonly how: "span" | "observed" | "sampled out" | "root"
  readonly end: "ok" | "fail" | "die" | "interrupt" | "both"
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly children: ReadonlyArray<Step>
}

const text = FastCheck.oneof(
  FastCheck.string({ maxLength: 20 }),
  FastCheck.constantFrom("ann@example.org", "Bearer abc.def", "https://u:p@x.test/a?token=1", "/api/metrics/4711")
)

const steps = (depth: number): FastCheck.Arbitrary<Step> =>
  FastCheck.record({
    name: FastCheck.constantFrom("a", "b", "GET /api/metrics/4711"),
    how: FastCheck.constantFrom(
      "span" as const,
      "span" as const,
      "observed" as const,
      "sampled out" as const,
      "root" as const
    ),
    end: FastCheck.constantFrom(
      "ok" as const,
      "ok" as const,
      "fail" as const,
      "die" as const,
      "interrupt" as const,
      "both" as const
    ),
    attributes: FastCheck.dictionary(
      FastCheck.constantFrom("x", "password", "url.full", "http.route"),
      FastCheck.oneof(text, FastCheck.integer(), FastCheck.boolean()),
      { maxKeys: 3 }
    ),
    children: depth === 0 ? FastCheck.constant([]) : FastCheck.array(steps(depth - 1), { maxLength: 3 })
  })

const ends: Record<Step["end"], Effect.Effect<void, unknown>> = {
  ok: Effect.void,
  fail: Effect.fail(new ProviderDown({ message: "down for ann@example.org" })),
  die: Effect.die(new RangeError("out of range")),
  interrupt: Effect.interrupt,
  both: Effect.failCause(Cause.combine(Cause.interrupt(1), Cause.fail("plain text")))
}

const toEffect = (step: Step): Effect.Effect<void> => {
  const inside = Effect.andThen(Effect.forEach(step.children, toEffect, { discard: true }), ends[step.end])
  const options = { attributes: { ...step.attributes } }
  const spanned = step.how === "observed"
    ? observed(inside, step.name, options)
    : Effect.withSpan(inside, step.name, {
      ...options,
      ...(step.how === "sampled out" ? { sampled: false } : step.how === "root" ? { root: true } : {})
    })
  return Effect.asVoid(Effect.exit(spanned))
}

describe("Tracing", () => {
  it("tells the same of any program, live and in a test", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(FastCheck.array(steps(2), { maxLength: 3 }), async (program) => {
        const effect = Effect.forEach(program, toEffect, { discard: true })
        const [live, ...others] = await Promise.all(subjects.map(({ run }) =>
          Effect.runPromise(run(effect).pipe(Effect.provide([Logger.layer([]), TestClock.layer()])))
        ))
        const books = ({ sinks: _, ...all }: Accounting.Accounting = Accounting.empty) =>
          all
        for (const other of others) {
          assert.deepStrictEqual(other.spans, live?.spans)
          assert.deepStrictEqual(books(other.accounting), books(live?.accounting))
          assert.isTrue([...other.faults.values()].every((count) => count === 0))
        }
      }),
      { numRuns: 60 }
    ))
})
