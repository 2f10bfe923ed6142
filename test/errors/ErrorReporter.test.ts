import { Boundary, ErrorTracking, Guard, Observation, Scrubber } from "@dawsos/observability"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as EffectErrorReporter from "effect/ErrorReporter"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpApiError from "effect/http-api/HttpApiError"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { createHash } from "node:crypto"
import * as Exceptions from "../../src/errors/Exceptions.ts"
import * as Expected from "../../src/errors/Expected.ts"
import { layer as recorded, TestErrors } from "../../src/errors/TestErrors.ts"

class Broken extends Data.TaggedError("Broken")<{ readonly message: string; readonly cause?: unknown }> {}

const hash = (id: string): string => createHash("sha256").update(id).digest("hex").slice(0, 8)

const observed = Observation.make<string>({ prefix: "test", span: (name) => ({ name }), instruments: [] })

const tracer = Layer.succeed(Tracer.Tracer, Tracer.make({ span: (options) => new Tracer.NativeSpan(options) }))

const events = Effect.flatMap(TestErrors, ({ events }) => events)

const theEvent = Effect.map(events, (all) => {
  assert.strictEqual(all.length, 1)
  return all[0]!
})

const job = ErrorTracking.withBoundary("job")

const withErrors = <A, E>(effect: Effect.Effect<A, E, ErrorTracking.ErrorTracking | TestErrors>) =>
  Effect.provide(effect, recorded().pipe(Layer.provideMerge(Layer.merge(tracer, Logger.layer([])))))

describe("a failure at a boundary", () => {
  it.effect("gives one event with type, message, fingerprint, release and environment", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.exit(job(Effect.fail(new Broken({ message: "it broke" }))))
      const event = yield* theEvent
      assert.match(event.id, /^[0-9a-f]{32}$/)
      assert.deepStrictEqual(
        event.exceptions.map(({ parent, source, type, value }) => ({ parent, source, type, value })),
        [{ parent: undefined, source: undefined, type: "Broken", value: "it broke" }]
      )
      assert.match(event.exceptions[0]!.stack!, /ErrorReporter\.test\.ts:\d+:\d+/)
      assert.deepStrictEqual(event.fingerprint, ["Broken", "job"])
      assert.strictEqual(event.level, "error")
      assert.isTrue(event.handled)
      assert.strictEqual(event.release, "test@0.0.0")
      assert.strictEqual(event.environment, "test")
      assert.deepStrictEqual(event.tags, { operation: "job", user: "anonymous" })
    })))

  it.effect("has no release where nobody told a version", () =>
    Effect.gen(function*() {
      yield* Effect.exit(job(Effect.fail(new Broken({ message: "it broke" }))))
      assert.isUndefined((yield* theEvent).release)
    }).pipe(Effect.provide(
      recorded({ service: { name: "test", version: undefined, environment: "test" } }).pipe(
        Layer.provideMerge(Layer.merge(tracer, Logger.layer([])))
      )
    )))

  it.effect("leaves the exit as it was, the cause included", () =>
    withErrors(Effect.gen(function*() {
      const cause = Cause.combine(Cause.fail("typed"), Cause.die("defect"))
      const exit = yield* Effect.failCause(cause).pipe(
        ErrorTracking.withUser({ id: "u" }),
        ErrorTracking.withTags({ a: "b" }),
        job,
        Effect.exit
      )
      assert.deepStrictEqual(Exit.isFailure(exit) && exit.cause.reasons.map((reason) => reason._tag), ["Fail", "Die"])
    })))

  it.effect("names the innermost operation and the span that failed, and the boundary as the transaction", () =>
    withErrors(Effect.gen(function*() {
      let failing: Tracer.Span | undefined
      yield* Effect.gen(function*() {
        failing = yield* Effect.currentSpan
        return yield* new Broken({ message: "x" })
      }).pipe(observed("inner"), observed("outer"), Effect.withSpan("root"), job, Effect.exit)
      const event = yield* theEvent
      assert.strictEqual(event.operation, "inner")
      assert.strictEqual(event.transaction, "job")
      assert.deepStrictEqual(event.trace, { traceId: failing!.traceId, spanId: failing!.spanId })
    })))

  it.effect("names the innermost span that failed where no observation is around it, and no recovered one", () =>
    withErrors(Effect.gen(function*() {
      const ids: Array<string> = []
      const remember = Effect.flatMap(Effect.currentSpan, ({ spanId }) => Effect.sync(() => ids.push(spanId)))
      yield* Effect.exit(Effect.andThen(remember, Effect.fail("recovered")).pipe(Effect.withSpan("recovered"))).pipe(
        Effect.andThen(
          Effect.andThen(remember, Effect.die(new Broken({ message: "x" }))).pipe(Effect.withSpan("innermost"))
        ),
        Effect.withSpan("outermost"),
        job,
        Effect.exit
      )
      const event = yield* theEvent
      assert.strictEqual(event.trace?.spanId, ids[1])
      assert.strictEqual(event.operation, "job")
    })))

  it.effect("has no trace where tracing is switched off", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.fail(new Broken({ message: "x" })).pipe(
        observed("inner"),
        Effect.withSpan("inside"),
        job,
        Effect.withSpan("around"),
        Effect.exit,
        Effect.withTracerEnabled(false)
      )
      assert.isUndefined((yield* theEvent).trace)
    })))

  it.effect("holds no secret in any of its texts", () =>
    withErrors(Effect.gen(function*() {
      const secret = "hunter2hunter2"
      const leak = `Bearer ${secret}`
      class Leaky extends Broken {
        override readonly name = leak
      }
      yield* Effect.gen(function*() {
        yield* ErrorTracking.addBreadcrumb({ category: leak, message: leak, data: { note: leak, password: secret } })
        return yield* new Leaky({ message: leak, cause: new Error(leak) })
      }).pipe(
        ErrorTracking.withUser({ id: secret, email: `${secret}@example.com`, role: leak }),
        ErrorTracking.withTags({ note: leak, password: secret, [leak]: "key" }),
        Effect.tapCause((cause) => ErrorTracking.captureException(cause, { operation: leak, extra: { leak, secret } })),
        ErrorTracking.withBoundary(leak),
        Effect.exit
      )
      const event = yield* theEvent
      assert.strictEqual(event.exceptions.length, 2)
      assert.strictEqual(event.breadcrumbs.length, 1)
      assert.notInclude(JSON.stringify(event), secret)
    })))

  it.effect("is reported once, although it passes two boundaries of Effect", () =>
    withErrors(Effect.gen(function*() {
      const failing = Effect.fail(new Broken({ message: "x" }))
      yield* failing.pipe(Effect.withErrorReporting, Effect.withErrorReporting, job, Effect.exit)
      assert.strictEqual((yield* events).length, 1)
    })))

  it.effect("is reported once without a boundary of ours as well", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.fail(new Broken({ message: "x" })).pipe(
        Effect.withErrorReporting,
        Effect.withErrorReporting,
        Effect.exit
      )
      assert.strictEqual((yield* events).length, 1)
    })))

  it.effect("is reported once when a boundary inside fails with a text, and when it is a defect further out", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.fail("text").pipe(Effect.withErrorReporting, job, Effect.exit)
      // As the server of `HttpApi` makes a defect of an error that it can't answer.
      yield* Effect.fail(new Broken({ message: "x" })).pipe(
        Effect.withErrorReporting,
        Effect.catch(Effect.die),
        job,
        Effect.exit
      )
      assert.strictEqual((yield* events).length, 2)
    })))

  it.effect("is reported beside another one with an equal text", () =>
    withErrors(Effect.gen(function*() {
      const step = Effect.suspend(() => Effect.fail("timeout")).pipe(Effect.withErrorReporting, Effect.exit)
      yield* job(Effect.all([step, step, step]))
      assert.strictEqual((yield* events).length, 3)
    })))

  it.effect("is reported again in another run, even when it is the same error object", () =>
    withErrors(Effect.gen(function*() {
      const shared = new Broken({ message: "shared" })
      yield* Effect.exit(job(Effect.fail(shared)))
      yield* Effect.exit(job(Effect.fail(shared)))
      assert.strictEqual((yield* events).length, 2)
    })))

  it.effect("is reported where a detached fiber runs a job", () =>
    withErrors(Effect.gen(function*() {
      const fiber = yield* Effect.forkDetach(ErrorTracking.withBoundary(Effect.die(new Error("lost")), "cleanup"))
      yield* Effect.exit(Fiber.join(fiber))
      assert.strictEqual((yield* theEvent).operation, "cleanup")
    })))

  it.effect("takes a defect before a typed failure, and links the rest", () =>
    withErrors(Effect.gen(function*() {
      const cause = Cause.fromReasons([
        Cause.makeFailReason(new Broken({ message: "typed" })),
        Cause.makeDieReason(new TypeError("defect")),
        Cause.makeInterruptReason(1)
      ])
      yield* Effect.exit(job(Effect.failCause(cause)))
      const event = yield* theEvent
      assert.isFalse(event.handled)
      assert.deepStrictEqual(
        event.exceptions.map(({ parent, source, type }) => ({ parent, source, type })),
        [
          { parent: undefined, source: undefined, type: "TypeError" },
          { parent: 0, source: "reasons[1]", type: "Broken" }
        ]
      )
    })))

  it.effect("tells what it was caused by, to the end of the chain or to the limit, whichever is first", () =>
    withErrors(Effect.gen(function*() {
      const cyclic = new Error("cyclic")
      cyclic.cause = cyclic
      const chain = new Broken({
        message: "top",
        cause: new Error("middle", { cause: Cause.fail(new AggregateError([new Error("a"), cyclic], "many")) })
      })
      yield* Effect.exit(job(Effect.fail(chain)))
      const event = yield* theEvent
      assert.deepStrictEqual(
        event.exceptions.map(({ parent, source, value }) => [value, parent, source]),
        [
          ["top", undefined, undefined],
          ["middle", 0, "cause"],
          ["many", 1, "cause.reasons[0]"],
          ["a", 2, "errors[0]"],
          ["cyclic", 2, "errors[1]"]
        ]
      )
      let endless = new Error("0")
      for (let i = 1; i < 100; i++) endless = new Error(String(i), { cause: endless })
      assert.strictEqual(Exceptions.fromFailures([Cause.makeDieReason(endless)]).length, Exceptions.maxExceptions)
    })))

  it.effect("is told of as far as it can be read when its own members throw", () =>
    withErrors(Effect.gen(function*() {
      const hostile = {
        get _tag(): string {
          throw new Error("_tag")
        },
        get message(): string {
          throw new Error("message")
        },
        get cause(): unknown {
          throw new Error("cause")
        },
        get secret(): unknown {
          throw new Error("field")
        }
      }
      const throwing = (): never => {
        throw new Error("trap")
      }
      const unreadable = new Proxy({}, { has: throwing, get: throwing, getPrototypeOf: throwing, ownKeys: throwing })
      for (const error of [hostile, unreadable]) {
        assert.isTrue(Exit.isFailure(yield* Effect.exit(job(Effect.fail(error)))))
        assert.isTrue(Exit.isFailure(yield* Effect.exit(job(Effect.die(error)))))
      }
      const all = yield* events
      assert.strictEqual(all.length, 4)
      for (const event of all) {
        assert.strictEqual(event.exceptions[0]!.type, "unreadable error")
        assert.strictEqual(event.exceptions[0]!.value, "unreadable message")
      }
    })))

  it.effect("carries the plain fields of its error and the attributes that it states", () =>
    withErrors(Effect.gen(function*() {
      class Priced extends Data.TaggedError("Priced")<{ readonly symbol: string; readonly apiKey: string }> {
        override readonly [EffectErrorReporter.attributes] = { provider: "fmp" }
      }
      yield* Effect.exit(job(Effect.fail(new Priced({ symbol: "AAPL", apiKey: "k-123456" }))))
      const event = yield* theEvent
      assert.deepStrictEqual(event.extra, { error: { symbol: "AAPL", apiKey: "[redacted]" }, provider: "fmp" })
    })))

  it.effect("has the severity that the error states, and `error` where it states none", () =>
    withErrors(Effect.gen(function*() {
      for (const severity of ["Trace", "Debug", "Info", "Warn", "Error", "Fatal", undefined] as const) {
        const error = severity === undefined
          ? new Error("none")
          : Object.assign(new Error(severity), { [EffectErrorReporter.severity]: severity })
        yield* Effect.exit(job(Effect.fail(error)))
      }
      assert.deepStrictEqual((yield* events).map(({ level }) => level), [
        "debug",
        "debug",
        "info",
        "warning",
        "error",
        "fatal",
        "error"
      ])
    })))
})

describe("an expected failure", () => {
  class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {}, { httpApiStatus: 403 }) {}
  class Warming extends Schema.TaggedError<Warming>()("Warming", {}, { httpApiStatus: 503 }) {}
  class Gateway extends Schema.TaggedError<Gateway>()("Gateway", {}, { httpApiStatus: 502 }) {}
  class Teapot extends Data.TaggedError("Teapot") implements HttpServerRespondable.Respondable {
    [HttpServerRespondable.symbol]() {
      return Effect.succeed(HttpServerResponse.empty({ status: 418 }))
    }
  }
  class Marked extends Data.TaggedError("Marked") {
    override readonly [EffectErrorReporter.ignore] = true
  }

  it("is recognised by keys that are those of effect/http", () => {
    assert.strictEqual(Expected.respondableKey, HttpServerRespondable.symbol)
    assert.isTrue(Expected.httpServerResponseKey in HttpServerResponse.empty())
  })

  for (
    const [name, cause] of [
      ["an error with a status below 500", Cause.fail(new Forbidden())],
      ["an answer of HttpApi", Cause.fail(new HttpApiError.NotFound())],
      ["503, the answer of a program that warms up", Cause.fail(new Warming())],
      ["an error that answers below 500", Cause.fail(new Teapot())],
      ["an error that is marked", Cause.fail(new Marked())],
      ["a defect that is marked", Cause.die(new Marked())],
      ["an interruption", Cause.interrupt(1)],
      ["a response below 500 as a defect", Cause.die(HttpServerResponse.empty({ status: 404 }))],
      [
        "any error that is answered below 500",
        Cause.combine(Cause.fail("not found"), Cause.die(HttpServerResponse.empty({ status: 404 })))
      ],
      ["nothing at all", Cause.empty]
    ] as ReadonlyArray<[string, Cause.Cause<unknown>]>
  ) {
    it.effect(`is not reported: ${name}`, () =>
      withErrors(Effect.gen(function*() {
        yield* Effect.exit(job(Effect.failCause(cause)))
        assert.deepStrictEqual(yield* ErrorTracking.captureException(cause), Option.none())
        assert.deepStrictEqual(yield* events, [])
        const accounting = (yield* ErrorTracking.ErrorTracking).accounting()
        assert.strictEqual(accounting.captured, 0)
      })))
  }

  for (
    const [type, cause] of [
      ["Gateway", Cause.fail(new Gateway())],
      [
        "Broken",
        Cause.combine(
          Cause.fail(new Broken({ message: "x" })),
          Cause.die(HttpServerResponse.empty({ status: 500 }))
        )
      ],
      ["TypeError", Cause.combine(Cause.die(new TypeError("x")), Cause.die(HttpServerResponse.empty({ status: 404 })))],
      ["Broken", Cause.combine(Cause.fail(new Marked()), Cause.fail(new Broken({ message: "x" })))],
      ["HttpServerResponse", Cause.die(HttpServerResponse.empty({ status: 500 }))]
    ] as ReadonlyArray<[string, Cause.Cause<unknown>]>
  ) {
    it.effect(`is not what hides an unexpected one: ${type}`, () =>
      withErrors(Effect.gen(function*() {
        yield* Effect.exit(job(Effect.failCause(cause)))
        assert.deepStrictEqual((yield* theEvent).exceptions.map((exception) => exception.type), [type])
      })))
  }
})

describe("user and tags", () => {
  it.effect("travel with the failure; the innermost count, the id is hashed, the e-mail stays", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.fail(new Broken({ message: "x" })).pipe(
        ErrorTracking.withTags({ a: "inner" }),
        ErrorTracking.withUser({ id: "u-1", email: "jane@example.org", role: "analyst" }),
        ErrorTracking.withTags({ a: "outer", b: "outer" }),
        ErrorTracking.withUser({ id: "u-2" }),
        job,
        Effect.exit
      )
      const event = yield* theEvent
      assert.deepStrictEqual(event.user, { id: hash("u-1"), role: "analyst" })
      assert.deepStrictEqual(event.tags, { a: "inner", b: "outer", operation: "job", user: hash("u-1") })
      assert.notInclude(JSON.stringify(event), "jane")
      assert.notInclude(JSON.stringify(event), "u-1")
    })))

  it.effect("the e-mail address is sent when the layer was told so", () =>
    Effect.gen(function*() {
      yield* Effect.fail("x").pipe(ErrorTracking.withUser({ id: "u", email: "jane@example.org" }), job, Effect.exit)
      assert.strictEqual((yield* theEvent).user?.email, "jane@example.org")
    }).pipe(Effect.provide(recorded({ sendEmail: true }))))

  it.effect("are those around the failing code only, not those of what came before", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* Effect.void.pipe(ErrorTracking.withTags({ a: "before" }), ErrorTracking.withUser({ id: "before" }))
        return yield* new Broken({ message: "x" })
      }).pipe(job, Effect.exit)
      const event = yield* theEvent
      assert.strictEqual(event.user, undefined)
      assert.deepStrictEqual(event.tags, { operation: "job", user: "anonymous" })
    })))

  it.effect("are read where the reporting stands inside them, without a boundary", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.fail("x").pipe(
        Effect.withErrorReporting,
        ErrorTracking.withTags({ a: "b" }),
        ErrorTracking.withUser({ id: "u" }),
        Effect.exit
      )
      const event = yield* theEvent
      assert.deepStrictEqual(event.tags, { a: "b", operation: "unknown", user: hash("u") })
    })))

  it.effect("keep results, errors and requirements, and need no layer", () =>
    Effect.gen(function*() {
      class Needed extends Schema.TaggedError<Needed>()("Needed", {}) {}
      const effect: Effect.Effect<number, Needed, ErrorTracking.ErrorTracking> = Effect.gen(function*() {
        yield* ErrorTracking.ErrorTracking
        if (Date.now() < 0) return yield* new Needed()
        return 1
      })
      const last = effect.pipe(
        ErrorTracking.withUser({ id: "u" }),
        ErrorTracking.withTags({ a: "b" }),
        ErrorTracking.withBoundary("job")
      )
      const first = ErrorTracking.withBoundary(
        ErrorTracking.withTags(ErrorTracking.withUser(last, { id: "u" }), { a: "b" }),
        "job"
      )
      expectTypeOf(last).toEqualTypeOf(effect)
      expectTypeOf(first).toEqualTypeOf(effect)
      const result = yield* Effect.provideService(first, ErrorTracking.ErrorTracking, ErrorTracking.disabled)
      assert.strictEqual(result, 1)
      assert.deepStrictEqual(yield* ErrorTracking.captureException(new Error("x")), Option.none())
      assert.deepStrictEqual(yield* ErrorTracking.captureMessage("x"), Option.none())
      yield* ErrorTracking.addBreadcrumb({ message: "x" })
    }))
})

describe("captureException", () => {
  it.effect("answers with the id of the event, and of the same event when it is captured or reported again", () =>
    withErrors(Effect.gen(function*() {
      const error = new Broken({ message: "x" })
      const ids = yield* Effect.gen(function*() {
        const cause = Cause.fail(error)
        return [yield* ErrorTracking.captureException(cause), yield* ErrorTracking.captureException(cause)]
      }).pipe(Effect.tap(() => Effect.exit(Effect.withErrorReporting(Effect.fail(error)))), job)
      const event = yield* theEvent
      assert.deepStrictEqual(ids, [Option.some(event.id), Option.some(event.id)])
    })))

  it.effect("gives an event for each failure of a job, when their values are equal or one object as well", () =>
    withErrors(Effect.gen(function*() {
      const singleton = new Broken({ message: "one object" })
      const failures: ReadonlyArray<Effect.Effect<never, unknown>> = [
        Effect.suspend(() => Effect.fail("timeout")),
        Effect.suspend(() => Effect.die(42)),
        Effect.suspend(() => Effect.fail(singleton))
      ]
      for (const failure of failures) {
        const capturing = Effect.catchCause(failure, ErrorTracking.captureException)
        const ids = yield* job(Effect.all([capturing, capturing, capturing]))
        const captured = yield* events
        assert.deepStrictEqual(ids, captured.map(({ id }) => Option.some(id)))
        assert.strictEqual(new Set(captured.map(({ id }) => id)).size, 3)
        yield* Effect.flatMap(TestErrors, ({ clear }) => clear)
      }
      yield* job(Effect.all([1, 2, 3].map(() => ErrorTracking.captureException(singleton))))
      assert.strictEqual((yield* events).length, 3)
    })))

  it.effect("of a failure that goes on to end its job gives one event, be its value a text or an object", () =>
    withErrors(Effect.gen(function*() {
      for (const cause of [Cause.fail("text"), Cause.fail(new Broken({ message: "x" }))]) {
        yield* Effect.failCause<unknown>(cause).pipe(Effect.tapCause(ErrorTracking.captureException), job, Effect.exit)
        yield* theEvent
        yield* Effect.flatMap(TestErrors, ({ clear }) => clear)
      }
    })))

  it.effect("answers with no id where the event was dropped, when the failure is captured again as well", () =>
    Effect.gen(function*() {
      const capturing = Effect.suspend(() => {
        const first = Cause.fail(new Broken({ message: "first" }))
        const over = Cause.fail(new Broken({ message: "over the limit" }))
        return Effect.all([first, over, over, first].map((cause) => ErrorTracking.captureException(cause)))
      })
      for (const ids of [yield* job(capturing), yield* capturing]) {
        assert.deepStrictEqual(ids.map(Option.isSome), [true, false, false, true])
        assert.deepStrictEqual(ids[3], ids[0])
      }
      assert.strictEqual((yield* ErrorTracking.ErrorTracking).accounting().captured, 4)
    }).pipe(Effect.provide(recorded({ limits: { perFingerprint: 1 } }))))

  it.effect("takes severity, tags, further data and the operation", () =>
    withErrors(Effect.gen(function*() {
      yield* ErrorTracking.captureException(new Broken({ message: "x" }), {
        severity: "Warn",
        tags: { cache: "prices" },
        extra: { password: "hunter2", attempt: 3 },
        operation: "refresh"
      })
      const event = yield* theEvent
      assert.strictEqual(event.level, "warning")
      assert.deepStrictEqual(event.fingerprint, ["Broken", "refresh"])
      assert.deepStrictEqual(event.tags, { cache: "prices", operation: "refresh", user: "anonymous" })
      assert.deepStrictEqual(event.extra, { password: "[redacted]", attempt: 3 })
    })))

  it.effect("takes what is no error at all", () =>
    withErrors(Effect.gen(function*() {
      for (const value of ["text", 42, null, undefined, { status: 7 }, Symbol("s")]) {
        yield* ErrorTracking.captureException(value)
      }
      assert.deepStrictEqual(
        (yield* events).map(({ exceptions }) => [exceptions[0]!.type, exceptions[0]!.value]),
        [
          ["string", "text"],
          ["number", "42"],
          ["object", "null"],
          ["undefined", "undefined"],
          ["object", "status 7"],
          ["symbol", "Symbol(s)"]
        ]
      )
    })))
})

describe("captureMessage", () => {
  it.effect("maps every level of Effect, and takes Info where none is given", () =>
    withErrors(Effect.gen(function*() {
      yield* ErrorTracking.captureMessage("plain")
      const levels = ["All", "Trace", "Debug", "Info", "Warn", "Error", "Fatal", "None"] as const
      for (const level of levels) yield* ErrorTracking.captureMessage(level, level)
      assert.deepStrictEqual((yield* events).map(({ level, message }) => [message, level]), [
        ["plain", "info"],
        ["All", "debug"],
        ["Trace", "debug"],
        ["Debug", "debug"],
        ["Info", "info"],
        ["Warn", "warning"],
        ["Error", "error"],
        ["Fatal", "fatal"],
        ["None", "log"]
      ])
    })))

  it.effect("scrubs the message", () =>
    withErrors(Effect.gen(function*() {
      yield* ErrorTracking.captureMessage("login of jane@example.org with Bearer abcdef123456")
      const event = yield* theEvent
      assert.notInclude(event.message, "jane")
      assert.notInclude(event.message, "abcdef123456")
    })))
})

describe("breadcrumbs", () => {
  it.effect("are left by log lines from Warn upwards, by operations and by hand, and are scrubbed", () =>
    withErrors(
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* Effect.logInfo("not this")
          yield* Effect.logWarning("retrying for jane@example.org", { attempt: 2 }).pipe(
            Effect.annotateLogs("password", "hunter2")
          )
          yield* Effect.logError("gave up", Cause.fail(new Error("closed")))
          yield* Effect.void.pipe(observed("load"))
          yield* ErrorTracking.addBreadcrumb({ category: "cache", message: "miss", data: { token: "t-1" } })
          return yield* new Broken({ message: "x" })
        }).pipe(job, Effect.exit)
        const { breadcrumbs } = yield* theEvent
        assert.deepStrictEqual(breadcrumbs.map(({ category, level }) => [category, level]), [
          ["log", "warning"],
          ["log", "error"],
          ["operation", "info"],
          ["cache", "info"]
        ])
        assert.deepStrictEqual(breadcrumbs[0]!.data, { password: "[redacted]", values: [{ attempt: 2 }] })
        assert.include(String(breadcrumbs[1]!.data?.["cause"]), "closed")
        assert.strictEqual(breadcrumbs[2]!.data?.["status"], "success")
        assert.deepStrictEqual(breadcrumbs[3]!.data, { token: "[redacted]" })
        assert.notInclude(JSON.stringify(breadcrumbs), "jane")
      }).pipe(Effect.provide(Layer.empty))
    ))

  it.effect("are hints: long messages and causes are cut", () =>
    withErrors(Effect.gen(function*() {
      yield* Effect.gen(function*() {
        yield* Effect.logWarning("w ".repeat(5_000), Cause.fail(new Error("c ".repeat(5_000))))
        yield* Effect.logWarning("short")
        return yield* new Broken({ message: "x" })
      }).pipe(job, Effect.exit)
      const [long, short] = (yield* theEvent).breadcrumbs
      assert.strictEqual(long!.message, `${"w ".repeat(512)}…`)
      assert.match(String(long!.data?.["cause"]), /^Error: (c )+c?…$/)
      assert.isBelow(String(long!.data?.["cause"]).length, 1_100)
      assert.strictEqual(short!.message, "short")
      assert.isUndefined(short!.data)
    })))

  it.effect("are cut after they were scrubbed: a key that the cut would go through leaves nothing", () =>
    withErrors(Effect.gen(function*() {
      const key = Buffer.from(["np", `m_${"7JVQvqrGEP2LH5gzwqVeSMYgmhTxC65dQxl1"}`].join("")).toString("base64")
      yield* Effect.gen(function*() {
        yield* Effect.logWarning(`${"w ".repeat(500)}${key}`, Cause.fail(new Error(`${"c ".repeat(495)}${key}`)))
        return yield* new Broken({ message: "x" })
      }).pipe(job, Effect.exit)
      const { breadcrumbs } = yield* theEvent
      assert.notInclude(JSON.stringify(breadcrumbs), key.slice(0, 12))
    })))

  it.effect("are no fault where there is no boundary to keep them", () => {
    const guard = Guard.make()
    return withErrors(Effect.logWarning("nobody's")).pipe(
      Effect.andThen(Effect.sync(() => assert.strictEqual(guard.faults().get("logger"), 0))),
      Effect.provideService(Guard.CurrentGuard, guard)
    )
  })

  it.effect("belong to their own run, and are shared by its forks", () =>
    withErrors(Effect.gen(function*() {
      const run = (name: string) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(ErrorTracking.addBreadcrumb({ message: `fork of ${name}` }))
          yield* Fiber.join(fiber)
          return yield* new Broken({ message: name })
        }).pipe(ErrorTracking.withBoundary(name), Effect.exit)
      yield* Effect.all([run("a"), run("b")], { concurrency: 2 })
      for (const event of yield* events) {
        assert.deepStrictEqual(event.breadcrumbs.map(({ message }) => message), [`fork of ${event.operation}`])
      }
    })))

  it.effect("are not kept where nothing runs that could fail", () =>
    withErrors(Effect.gen(function*() {
      yield* ErrorTracking.addBreadcrumb({ message: "nowhere" })
      yield* Effect.exit(job(Effect.fail("x")))
      assert.deepStrictEqual((yield* theEvent).breadcrumbs, [])
    })))
})

describe("a fault of error tracking", () => {
  const failing = (): never => {
    throw new Error("fault")
  }

  it.effect("in the reporter leaves the exit as it was, and is counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      yield* Effect.gen(function*() {
        const boundary = Object.assign(new Boundary.Boundary("job", "job"), { failure: failing })
        const exit = yield* Effect.fail("x").pipe(
          Effect.withErrorReporting,
          Effect.provideService(Boundary.CurrentBoundary, boundary),
          Effect.exit
        )
        assert.isTrue(Exit.isFailure(exit) && exit.cause.reasons[0]?._tag === "Fail")
        const accounting = yield* Effect.flatMap(ErrorTracking.ErrorTracking, ({ flush }) => flush)
        assert.strictEqual(accounting.captured, 1)
        assert.strictEqual(accounting.dropped.fault, 1)
        assert.strictEqual(guard.faults().get("reporter"), 1)
      }).pipe(Effect.provide(recorded()), Effect.provideService(Guard.CurrentGuard, guard))
    }))

  it.effect("in tags or a breadcrumb that throw when they are read is counted, and the host's effect runs", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      yield* Effect.gen(function*() {
        const tags = Object.defineProperty({ part: "one" }, "bad", { enumerable: true, get: failing })
        const breadcrumb = Object.defineProperty({ message: "step" }, "category", { get: failing })
        const tagged = ErrorTracking.addBreadcrumb(breadcrumb).pipe(
          Effect.andThen(Effect.fail("x")),
          ErrorTracking.withTags(tags),
          ErrorTracking.withTags({ outer: "yes" })
        )
        assert.deepStrictEqual(yield* Effect.exit(job(tagged)), Exit.fail("x"))
        assert.strictEqual(yield* Effect.succeed(1).pipe(ErrorTracking.withTags(tags)), 1)
        assert.deepInclude((yield* theEvent).tags, { outer: "yes", operation: "job" })
        assert.strictEqual(guard.faults().get("recorder"), 3)
      }).pipe(Effect.provide(recorded()), Effect.provideService(Guard.CurrentGuard, guard))
    }))

  it.effect("in the scrubber loses the event, never the secret, and is counted", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const broken: Scrubber.Scrubber = { ...Scrubber.make(), text: failing }
      yield* Effect.gen(function*() {
        yield* Effect.exit(job(Effect.fail(new Broken({ message: "x" }))))
        assert.deepStrictEqual(yield* events, [])
        assert.strictEqual((yield* ErrorTracking.ErrorTracking).accounting().dropped.fault, 1)
        assert.strictEqual(guard.faults().get("scrubber"), 1)
      }).pipe(
        Effect.provide(recorded()),
        Effect.provideService(Scrubber.CurrentScrubber, broken),
        Effect.provideService(Guard.CurrentGuard, guard)
      )
    }))
})

describe("fifty jobs at once", () => {
  it.effect("do not mix users, tags, breadcrumbs or traces, through forks", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const run = (n: number) =>
        Effect.gen(function*() {
          yield* ErrorTracking.addBreadcrumb({ message: `start ${n}` })
          if (n === 49) yield* Deferred.succeed(gate, undefined)
          yield* Effect.when(Deferred.await(gate), Effect.succeed(n < 25))
          yield* Effect.yieldNow
          const fiber = yield* Effect.forkChild(
            Effect.andThen(
              ErrorTracking.addBreadcrumb({ message: `fork ${n}` }),
              Effect.fail(new Broken({ message: String(n) }))
            ).pipe(ErrorTracking.withTags({ n: String(n) }), observed(`step ${n}`))
          )
          return yield* Fiber.join(fiber)
        }).pipe(
          ErrorTracking.withUser({ id: `user ${n}` }),
          Effect.withSpan(`root ${n}`),
          ErrorTracking.withBoundary(`job ${n}`),
          Effect.exit
        )
      yield* Effect.all(Array.from({ length: 50 }, (_, n) => run(n)), { concurrency: 50 })
      const all = yield* events
      assert.strictEqual(all.length, 50)
      const traces = new Set<string>()
      for (const event of all) {
        const n = event.exceptions[0]!.value
        assert.strictEqual(event.user?.id, hash(`user ${n}`))
        assert.strictEqual(event.tags["n"], n)
        assert.strictEqual(event.operation, `step ${n}`)
        assert.strictEqual(event.transaction, `job ${n}`)
        assert.deepStrictEqual(
          event.breadcrumbs.filter(({ category }) => category === "default").map(({ message }) => message),
          [`start ${n}`, `fork ${n}`]
        )
        traces.add(event.trace!.traceId)
      }
      assert.strictEqual(traces.size, 50)
    }).pipe(Effect.provide(recorded().pipe(Layer.provideMerge(tracer)))))
})

describe("Boundary", () => {
  it.effect("gives events the request's method, route, id and user", () =>
    withErrors(Effect.gen(function*() {
      const boundary = new Boundary.Boundary("http", "GET /api/metrics/{portfolio_id}")
      boundary.method = "GET"
      boundary.route = "/api/metrics/{portfolio_id}"
      boundary.requestId = "r-1"
      boundary.user = { id: "u-1" }
      yield* Effect.fail("x").pipe(
        Effect.withErrorReporting,
        Effect.provideService(Boundary.CurrentBoundary, boundary),
        Effect.exit
      )
      assert.deepStrictEqual((yield* theEvent).tags, {
        method: "GET",
        route: "/api/metrics/{portfolio_id}",
        request_id: "r-1",
        operation: "GET /api/metrics/{portfolio_id}",
        user: hash("u-1")
      })
    })))
})
