import { Catalogue, ErrorTracking, type Observability, Observation } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as FastCheck from "fast-check"
import { type Subject, subjects } from "./WholeLayer.ts"

const vocabulary: Observability.Vocabulary = { catalogue: Catalogue.make({ prefix: "shop", metrics: {} }) }

const observed = Observation.make<string>({ prefix: "shop", span: (name) => ({ name }), instruments: [] })

class ProviderDown extends Data.TaggedError("ProviderDown")<{
  readonly message: string
  readonly password?: string
  readonly cause?: unknown
}> {}

class NotFound extends Data.TaggedError("NotFound") {
  override readonly [ErrorReporter.ignore] = true
}

const contract = (subject: Subject) =>
  describe(`ErrorTracking (${subject.name})`, () => {
    const run = <A, E>(program: Effect.Effect<A, E, Observability.Services>) => subject.run(vocabulary, program)

    it.live("tells of a failure once, with the operation and span that failed, user, tags, steps and causes, scrubbed", () =>
      Effect.gen(function*() {
        const { errors, events, exit } = yield* run(
          ErrorTracking.addBreadcrumb({
            category: "cache",
            message: "miss for ann@example.org",
            data: { token: "t0k" }
          }).pipe(
            Effect.andThen(Effect.logWarning("asking the provider")),
            Effect.andThen(
              new ProviderDown({
                message: "no answer to Bearer abc.def",
                password: "hunter2",
                cause: new TypeError("socket closed")
              })
            ),
            observed("fmp /v3/quote"),
            ErrorTracking.withTags({ pack: "inner" }),
            ErrorTracking.withTags({ pack: "outer", kind: "daily" }),
            ErrorTracking.withUser({ id: "u-17", role: "analyst", email: "ann@example.org" }),
            Effect.withSpan("outer"),
            ErrorTracking.withBoundary("pack build")
          )
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.strictEqual(events.length, 1)
        const { breadcrumbs, extra, user, ...event } = events[0]!
        assert.deepStrictEqual(event, {
          exceptions: [
            { type: "ProviderDown", value: "no answer to Bearer [redacted]", handled: true },
            { type: "TypeError", value: "socket closed", handled: true }
          ],
          message: undefined,
          level: "error",
          fingerprint: ["ProviderDown", "fmp /v3/quote"],
          transaction: "pack build",
          tags: { pack: "inner", kind: "daily", operation: "fmp /v3/quote", user: user?.["id"] ?? "" },
          release: "test@0.0.0",
          environment: "test",
          span: "fmp /v3/quote"
        })
        assert.deepStrictEqual(Object.keys(user ?? {}), ["id", "role"])
        assert.match(user?.["id"] ?? "", /^[0-9a-f]{8}$/)
        assert.deepStrictEqual(breadcrumbs.map(({ category, level }) => [category, level]), [
          ["cache", "info"],
          ["log", "warning"],
          ["operation", "error"]
        ])
        const shown = JSON.stringify([breadcrumbs, extra])
        for (const secret of ["hunter2", "t0k", "ann@example.org"]) assert.notInclude(shown, secret)
        assert.deepInclude(errors, { captured: 1, sent: 1, queued: 0 })
      }))

    it.live("tells failures of several kinds as one, the defect first, and nothing of interruptions and what is expected", () =>
      Effect.gen(function*() {
        const { events } = yield* run(Effect.gen(function*() {
          const causes: ReadonlyArray<Cause.Cause<unknown>> = [
            Cause.combine(Cause.fail("text"), Cause.die(new RangeError("out"))),
            Cause.interrupt(1),
            Cause.fail(new NotFound()),
            Cause.combine(Cause.interrupt(1), Cause.fail("late"))
          ]
          for (const cause of causes) {
            yield* Effect.exit(ErrorTracking.withBoundary(Effect.failCause(cause), "job"))
          }
        }))
        assert.deepStrictEqual(events.map(({ exceptions }) => exceptions.map(({ handled, type }) => [type, handled])), [
          [["RangeError", false], ["string", false]],
          [["string", true]]
        ])
      }))

    it.live("answers a capture by hand with the event's id, and a second of the same failure with the first one's", () =>
      Effect.gen(function*() {
        const { events, exit } = yield* run(
          Effect.gen(function*() {
            const cause = Cause.fail(new ProviderDown({ message: "down" }))
            const first = yield* ErrorTracking.captureException(cause, {
              severity: "Fatal",
              tags: { by: "hand" },
              extra: { attempt: 3 },
              operation: "refresh"
            })
            const second = yield* ErrorTracking.captureException(cause)
            const message = yield* ErrorTracking.captureMessage("pack is old", "Warn")
            const expected = yield* ErrorTracking.captureException(new NotFound())
            assert.isTrue(Option.isSome(first) && Option.isSome(message))
            assert.deepStrictEqual(second, first)
            assert.isTrue(Option.isNone(expected))
          })
        )
        assert.isTrue(Exit.isSuccess(exit))
        const told = events.map(({ exceptions, extra, fingerprint, level, message, tags }) => ({
          type: exceptions[0]?.type,
          extra: (extra as { readonly attempt?: number }).attempt,
          operation: fingerprint[1],
          level,
          message,
          by: tags["by"]
        }))
        assert.deepStrictEqual(told, [
          { type: "ProviderDown", extra: 3, operation: "refresh", level: "fatal", message: undefined, by: "hand" },
          {
            type: undefined,
            extra: undefined,
            operation: told[1]?.operation,
            level: "warning",
            message: "pack is old",
            by: undefined
          }
        ])
      }))

    it.live("mixes nothing between jobs that run beside one another", () =>
      Effect.gen(function*() {
        const job = (n: number) =>
          ErrorTracking.addBreadcrumb({ message: `step of ${n}` }).pipe(
            Effect.andThen(Effect.yieldNow),
            Effect.andThen(Effect.forkChild(ErrorTracking.addBreadcrumb({ message: `fork of ${n}` }))),
            Effect.andThen(Effect.yieldNow),
            Effect.andThen(Effect.fail(`failure of ${n}`)),
            ErrorTracking.withTags({ n: `${n}` }),
            ErrorTracking.withBoundary(`job ${n}`),
            Effect.exit
          )
        const { events } = yield* run(Effect.forEach([1, 2, 3, 4, 5], job, { concurrency: "unbounded" }))
        assert.deepStrictEqual(
          events.map(({ breadcrumbs, exceptions, tags, transaction }) => [
            transaction,
            tags["n"],
            exceptions[0]?.value,
            breadcrumbs.map(({ message }) => message)
          ]).toSorted(),
          [1, 2, 3, 4, 5].map((n) => [`job ${n}`, `${n}`, `failure of ${n}`, [`step of ${n}`, `fork of ${n}`]])
        )
      }))

    it.live("limits events of one kind, and its account balances", () =>
      Effect.gen(function*() {
        const { errors, events, exit } = yield* run(Effect.gen(function*() {
          for (let n = 0; n < 13; n++) yield* ErrorTracking.captureException(new ProviderDown({ message: `${n}` }))
          const { accounting } = yield* ErrorTracking.ErrorTracking
          const { captured, dropped, queued, sent } = accounting()
          return captured - sent - queued - Object.values(dropped).reduce((sum, count) => sum + count, 0)
        }))
        assert.deepStrictEqual(exit, Exit.succeed(0))
        assert.strictEqual(events.length, 10)
        assert.deepInclude(errors, { captured: 13, sent: 10, queued: 0 })
        assert.strictEqual(errors.dropped.rate_limited, 3)
      }))
  })

for (const subject of subjects) contract(subject)

// ---------------------------------------------------------------------------------------------------------------------

interface Job {
  readonly name: string
  readonly end: "ok" | "fail" | "die" | "interrupt" | "ignored" | "message"
  readonly text: string
  readonly user: string | undefined
  readonly spanned: boolean
}

const jobs = FastCheck.array(
  FastCheck.record<Job>({
    name: FastCheck.constantFrom("build", "alerts"),
    end: FastCheck.constantFrom("ok", "fail", "die", "interrupt", "ignored", "message"),
    text: FastCheck.constantFrom("plain", "for ann@example.org", "Bearer abc.def", "/api/metrics/4711", ""),
    user: FastCheck.constantFrom(undefined, "u-1", "u-2"),
    spanned: FastCheck.boolean()
  }),
  { maxLength: 8 }
)

const toEffect = ({ end, name, spanned, text, user }: Job): Effect.Effect<unknown> => {
  const ends: Record<Job["end"], Effect.Effect<unknown, unknown>> = {
    ok: Effect.void,
    fail: Effect.fail(new ProviderDown({ message: text })),
    die: Effect.die(new RangeError(text)),
    interrupt: Effect.interrupt,
    ignored: Effect.fail(new NotFound()),
    message: ErrorTracking.captureMessage(text, "Error")
  }
  const inside = ErrorTracking.addBreadcrumb({ message: text }).pipe(Effect.andThen(ends[end]))
  const traced = spanned ? observed(inside, `operation of ${name}`) : inside
  const onBehalf = user === undefined ? traced : ErrorTracking.withUser(traced, { id: user })
  return Effect.exit(ErrorTracking.withBoundary(onBehalf, name))
}

describe("ErrorTracking", () => {
  it("tells the same of any program, live and in a test", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(jobs, async (program) => {
        const effect = Effect.forEach(program, toEffect, { discard: true })
        const [live, test] = await Promise.all(
          subjects.map((subject) => Effect.runPromise(subject.run(vocabulary, effect)))
        )
        const told = (ran: typeof live) =>
          ran?.events.map((event) => ({
            ...event,
            // How long an operation took is no two times the same.
            breadcrumbs: event.breadcrumbs.map(({ data: _, ...breadcrumb }) => breadcrumb)
          })).map((event) => JSON.stringify(event)).toSorted()
        assert.deepStrictEqual(told(test), told(live))
        assert.deepStrictEqual(test?.errors, live?.errors)
      }),
      { numRuns: 15 }
    ), 60_000)
})
