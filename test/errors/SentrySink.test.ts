import { ErrorTracking, Guard, Observation } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type { NodeClient } from "@sentry/node"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import * as net from "node:net"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Timers from "../../src/delivery/Timers.ts"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as EventPipeline from "../../src/errors/EventPipeline.ts"
import * as EventSink from "../../src/errors/EventSink.ts"
import * as SentrySink from "../../src/errors/SentrySink.ts"
import * as FakeSentry from "./FakeSentry.ts"

class PriceMissing extends Data.TaggedError("PriceMissing")<{
  readonly message: string
  readonly symbol: string
  readonly password: string
  readonly cause: unknown
}> {}

const service = { name: "shop", version: "1.2.3", environment: "staging" }

const configOf = (dsn: Redacted.Redacted<string> | undefined, profilesSampleRate = 0): ErrorTrackingLive.Config => ({
  service,
  sentry: { dsn: Option.fromUndefinedOr(dsn), profilesSampleRate }
})

const live = (
  sentry: FakeSentry.FakeSentry,
  options?: Omit<ErrorTrackingLive.SentryOptions, "config">
) => ErrorTrackingLive.layer({ config: configOf(sentry.dsn), ...options }).pipe(Layer.provideMerge(Logger.layer([])))

const observed = Observation.make<string>({ prefix: "test", span: (name) => ({ name }), instruments: [] })

const tracer = Layer.succeed(Tracer.Tracer, Tracer.make({ span: (options) => new Tracer.NativeSpan(options) }))

const flush = Effect.flatMap(ErrorTracking.ErrorTracking, ({ flush }) => flush)

const event = (type = "Broken") => ({
  id: crypto.randomUUID().replaceAll("-", ""),
  timestamp: 1_000,
  level: "error" as const,
  message: undefined,
  exceptions: [{ type, value: "boom", stack: undefined, parent: undefined, source: undefined }],
  handled: true,
  fingerprint: [type, "operation"] as const,
  operation: "operation",
  transaction: undefined,
  trace: undefined,
  user: undefined,
  tags: {},
  extra: {},
  breadcrumbs: [],
  release: "shop@1.2.3",
  environment: "staging"
})

const sinkOf = (dsn: Redacted.Redacted<string>, options?: Partial<SentrySink.Options>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      SentrySink.make({
        dsn,
        program: { release: "shop@1.2.3", environment: "staging" },
        guard: Guard.make(),
        scrubText: (text) => text,
        ...options
      })
    ),
    (sink) => sink.close
  )

describe("an event at Sentry", () => {
  it.live("is one scrubbed envelope with the trace, the span that failed, the causes and the circumstances", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      let failing: Tracer.Span | undefined
      yield* Effect.gen(function*() {
        const job = Effect.gen(function*() {
          failing = yield* Effect.currentSpan
          yield* ErrorTracking.addBreadcrumb({ category: "cache", message: "miss", data: { token: "t-secret" } })
          return yield* new PriceMissing({
            message: "no price, called with Bearer abc.def.ghi",
            symbol: "AAPL",
            password: "hunter2",
            cause: new Error("socket closed", { cause: new Error("ECONNRESET") })
          })
        }).pipe(
          observed("fetch quote"),
          ErrorTracking.withUser({ id: "u-1", email: "jane@example.org", role: "analyst" }),
          ErrorTracking.withTags({ provider: "fmp" })
        )
        yield* Effect.exit(job.pipe(Effect.withSpan("outer"), ErrorTracking.withBoundary("nightly")))
        const accounting = yield* flush
        assert.deepStrictEqual([accounting.captured, accounting.sent, accounting.queued], [1, 1, 0])
      }).pipe(Effect.provide([live(sentry), tracer]))

      assert.strictEqual(sentry.envelopes.length, 1)
      const envelope = sentry.envelopes[0]!
      assert.deepStrictEqual(envelope.items.map(({ type }) => type), ["event"])
      for (const secret of ["hunter2", "abc.def.ghi", "t-secret", "jane", "u-1"]) {
        assert.notInclude(envelope.raw, secret)
      }

      const payload = FakeSentry.eventOf(envelope)
      const { spanId, traceId } = failing!
      assert.deepStrictEqual(payload.contexts.trace, { trace_id: traceId, span_id: spanId })
      assert.strictEqual(envelope.header["event_id"], payload.event_id)
      assert.deepStrictEqual(envelope.header["trace"], {
        trace_id: traceId,
        public_key: "public",
        release: "shop@1.2.3",
        environment: "staging"
      })
      assert.strictEqual(payload.release, "shop@1.2.3")
      assert.strictEqual(payload.environment, "staging")
      assert.strictEqual(payload.level, "error")
      assert.strictEqual(payload.transaction, "nightly")
      assert.deepStrictEqual(payload.fingerprint, ["PriceMissing", "fetch quote"])
      assert.strictEqual(payload.tags["provider"], "fmp")
      assert.deepStrictEqual(payload.user, { id: payload.tags["user"]!, role: "analyst" })
      assert.deepStrictEqual(payload.sdk.integrations, [])
      assert.deepStrictEqual(payload.sdk.settings, { infer_ip: "never" })
      assert.notProperty(payload, "server_name")
      assert.notProperty(payload, "request")
      assert.deepStrictEqual(
        payload.breadcrumbs!.map(({ category }) => category),
        ["cache", "operation"]
      )

      const exceptions = payload.exception!.values
      assert.deepStrictEqual(
        exceptions.map(({ mechanism, type, value }) => [type, value, mechanism.exception_id, mechanism.parent_id]),
        [
          ["Error", "ECONNRESET", 2, 1],
          ["Error", "socket closed", 1, 0],
          ["PriceMissing", "no price, called with Bearer [redacted]", 0, undefined]
        ]
      )
      const frames = exceptions[2]!.stacktrace.frames
      assert.isTrue(frames.some(({ filename, lineno }) => filename.endsWith("SentrySink.test.ts") && lineno > 0))
      assert.isTrue(frames.every(({ lineno }) => lineno > 0))
    }))

  it.live("is a message with its level where a message was captured", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      yield* Effect.andThen(ErrorTracking.captureMessage("pack is old", "Warn"), flush).pipe(
        Effect.provide(live(sentry))
      )
      const payload = FakeSentry.eventOf(sentry.envelopes[0]!)
      assert.deepStrictEqual([payload.message, payload.level], ["pack is old", "warning"])
    }))

  it.live("leaves when the layer ends, without a flush by hand", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      yield* ErrorTracking.captureMessage("last words").pipe(Effect.provide(live(sentry)))
      assert.strictEqual(sentry.envelopes.length, 1)
    }))

  it.live("passes the scrubber a last time, with what another user of the SDK has added", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const sdk = yield* Effect.promise(() => import("@sentry/node"))
      let adding = true
      sdk.getGlobalScope().addEventProcessor((event) => {
        for (const each of adding ? event.exception?.values ?? [] : []) each.value += " added: Bearer added-by-another"
        return event
      })
      yield* ErrorTracking.captureException(new Error("x")).pipe(
        Effect.provide(live(sentry)),
        Effect.ensuring(Effect.sync(() => {
          adding = false
        }))
      )
      assert.include(sentry.envelopes[0]!.raw, "x added: ")
      assert.notInclude(sentry.envelopes[0]!.raw, "added-by-another")
    }))
})

describe("the SDK", () => {
  it.live("sends no transaction, span or session, whatever the environment says", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const variables = {
        SENTRY_TRACES_SAMPLE_RATE: "1",
        SENTRY_DSN: "http://other@127.0.0.1:1/1",
        SENTRY_RELEASE: "other@0",
        SENTRY_ENVIRONMENT: "other",
        SENTRY_SPOTLIGHT: "true",
        SENTRY_NAME: "other"
      }
      Object.assign(process.env, variables)
      yield* Effect.gen(function*() {
        yield* Effect.fail(new Error("x")).pipe(Effect.withSpan("span"), ErrorTracking.withBoundary("job"), Effect.exit)
        const sdk = yield* Effect.promise(() => import("@sentry/node"))
        sdk.startSpan({ name: "someone's span" }, () => undefined)
        yield* flush
      }).pipe(
        Effect.provide([live(sentry), tracer]),
        Effect.ensuring(Effect.sync(() => {
          for (const name of Object.keys(variables)) delete process.env[name]
        }))
      )
      assert.deepStrictEqual(sentry.envelopes.flatMap(({ items }) => items.map(({ type }) => type)), ["event"])
      const payload = FakeSentry.eventOf(sentry.envelopes[0]!)
      assert.deepStrictEqual([payload.release, payload.environment], ["shop@1.2.3", "staging"])
      assert.notProperty(payload, "server_name")
    }))

  it.live("installs nothing process-wide and leaves nothing behind", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const sdk = yield* Effect.promise(() => import("@sentry/node"))
      const listeners = () =>
        Object.fromEntries(process.eventNames().map((name) => [String(name), process.listenerCount(name)]))
      const before = listeners()
      yield* Effect.gen(function*() {
        yield* ErrorTracking.captureMessage("x")
        yield* flush
        assert.strictEqual(sdk.getClient(), undefined)
        assert.strictEqual(process.listenerCount("uncaughtException"), before["uncaughtException"] ?? 0)
      }).pipe(Effect.provide(live(sentry)))
      assert.deepStrictEqual(listeners(), before)
    }))

  it.live("is one client for each layer: events of one do not reach the other", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* FakeSentry.make, yield* FakeSentry.make]
      yield* Effect.all([
        Effect.andThen(ErrorTracking.captureMessage("to a"), flush).pipe(Effect.provide(live(a))),
        Effect.andThen(ErrorTracking.captureMessage("to b"), flush).pipe(Effect.provide(live(b)))
      ], { concurrency: 2 })
      assert.deepStrictEqual(a.envelopes.map((each) => FakeSentry.eventOf(each).message), ["to a"])
      assert.deepStrictEqual(b.envelopes.map((each) => FakeSentry.eventOf(each).message), ["to b"])
    }))

  it.live("is loaded with the first event and not before, and loading error tracking opens nothing", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const program = fileURLToPath(new URL("./lazy.ts", import.meta.url))
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, ["--conditions=source", program, Redacted.value(sentry.dsn)])
      )
      assert.deepStrictEqual(JSON.parse(stdout), { before: 0, after: true, opened: [] })
      assert.strictEqual(sentry.envelopes.length, 1)
    }))

  it.live("makes its requests where nothing traces them", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      let inside = 0
      const untraced = <A>(body: () => A): A => {
        inside++
        return body()
      }
      yield* ErrorTracking.captureMessage("x").pipe(Effect.provide(live(sentry, { untraced })))
      assert.strictEqual(inside, 1)
      assert.strictEqual(sentry.envelopes.length, 1)
    }))
})

describe("what becomes of an event", () => {
  const sent = event()

  const answering = (answer: FakeSentry.Answer, options?: Partial<SentrySink.Options>) =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      sentry.answer = answer
      const sink = yield* sinkOf(sentry.dsn, options)
      return { sentry, sink, send: () => sink.send(sent) }
    })

  const status = (code: number, headers?: Record<string, string>): FakeSentry.Answer => (response) =>
    response.writeHead(code, headers).end()

  it.live("sent when the answer is 2xx", () =>
    Effect.gen(function*() {
      const { send } = yield* answering(FakeSentry.ok)
      assert.deepStrictEqual(yield* send(), EventSink.sent)
    }))

  for (const [code, reason] of [[400, "rejected"], [401, "rejected"], [500, "rejected"], [413, "too_large"]] as const) {
    it.live(`dropped as ${reason} when the answer is ${code}`, () =>
      Effect.gen(function*() {
        const { send } = yield* answering(status(code))
        assert.deepStrictEqual(yield* send(), EventSink.dropped(reason))
      }))
  }

  it.live("to be tried again at 429, once Retry-After is over; the SDK holds nothing back by itself", () =>
    Effect.gen(function*() {
      const { send, sentry } = yield* answering(status(429, { "retry-after": "60" }))
      assert.deepStrictEqual(yield* send(), EventSink.retryable("throttled", Duration.seconds(60)))
      assert.deepStrictEqual(yield* send(), EventSink.retryable("throttled", Duration.seconds(60)))
      sentry.answer = FakeSentry.ok
      assert.deepStrictEqual(yield* send(), EventSink.sent)
      assert.strictEqual(sentry.envelopes.length, 3)
    }))

  it.live("to be tried again at a time by Sentry's clock, whatever ours says", () =>
    Effect.gen(function*() {
      const { send } = yield* answering(
        status(429, { date: "Mon, 23 Nov 2020 02:00:00 GMT", "retry-after": "Mon, 23 Nov 2020 02:00:40 GMT" })
      )
      assert.deepStrictEqual(yield* send(), EventSink.retryable("throttled", Duration.seconds(40)))
    }))

  it.live("to be tried again when Sentry is away behind its proxy", () =>
    Effect.gen(function*() {
      const { send } = yield* answering(status(503))
      assert.deepStrictEqual(yield* send(), EventSink.retryable("rejected"))
    }))

  it.live("sent, with the time for which no more errors are wanted", () =>
    Effect.gen(function*() {
      const { send } = yield* answering(status(200, { "x-sentry-rate-limits": "90:error:organization:quota" }))
      assert.deepStrictEqual(yield* send(), { _tag: "Sent", pause: Duration.seconds(90) })
    }))

  it.live("to be tried again when nobody listens", () =>
    Effect.gen(function*() {
      const port = yield* Effect.scoped(Effect.map(FakeSentry.make, ({ port }) => port))
      const sink = yield* sinkOf(Redacted.make(`http://public@127.0.0.1:${port}/1`))
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.retryable("unreachable"))
    }))

  it.live("to be tried again when its host's name is nobody's", () =>
    Effect.gen(function*() {
      const sink = yield* sinkOf(Redacted.make("http://public@sentry.invalid/1"))
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.retryable("unreachable"))
    }))

  it.live("to be tried again when the connection broke before all of it had left", () =>
    Effect.gen(function*() {
      // Random, so that it is as long on the wire, and more than the system takes in before anybody reads.
      const large = { ...event(), extra: { random: randomBytes(12 * 1024 * 1024).toString("base64") } }
      const breaking = net.createServer((socket) => {
        socket.once("readable", () => socket.resetAndDestroy())
        socket.on("error", () => undefined)
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => breaking.listen(0, "127.0.0.1", resolve)))
      yield* Effect.addFinalizer(() => Effect.sync(() => breaking.close()))
      const { port } = breaking.address() as net.AddressInfo
      const sink = yield* sinkOf(Redacted.make(`http://public@127.0.0.1:${port}/1`))
      assert.deepStrictEqual(yield* sink.send(large), EventSink.retryable("unreachable"))
    }))

  it.live("known to have left once it has, and not before, so that an end can tell the two", () =>
    Effect.gen(function*() {
      const arrived = yield* Deferred.make<void>()
      const { send, sink } = yield* answering(() => Deferred.doneUnsafe(arrived, Effect.void))
      const sending = yield* Effect.forkChild(send())
      const { mayHaveLeft } = sink
      assert(mayHaveLeft !== undefined)
      assert.isFalse(mayHaveLeft(sent))
      yield* Deferred.await(arrived)
      assert.isTrue(mayHaveLeft(sent))
      yield* Fiber.interrupt(sending)
    }))

  it.live("not known to have left while its connection is being made", () =>
    Effect.gen(function*() {
      // Takes connections, and never shakes hands.
      const silent = net.createServer((socket) => void socket.on("error", () => undefined))
      yield* Effect.promise(() => new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve)))
      yield* Effect.addFinalizer(() => Effect.sync(() => silent.close()))
      const connected = new Promise<net.Socket>((resolve) => silent.once("connection", resolve))
      const { port } = silent.address() as net.AddressInfo
      const sink = yield* sinkOf(Redacted.make(`https://public@127.0.0.1:${port}/1`))
      const sending = yield* Effect.forkChild(sink.send(sent))
      const socket = yield* Effect.promise(() => connected)
      yield* Effect.promise(() => new Promise((resolve) => socket.once("readable", resolve)))
      assert.strictEqual(sink.mayHaveLeft?.(sent), false)
      yield* Fiber.interrupt(sending)
      socket.destroy()
    }))

  it.live("dropped as timeout when the connection is reset instead of an answer", () =>
    Effect.gen(function*() {
      const { send } = yield* answering((response) => response.destroy())
      assert.deepStrictEqual(yield* send(), EventSink.dropped("timeout"))
    }))

  it.live("dropped as timeout when no answer comes before the deadline", () =>
    Effect.gen(function*() {
      const { send } = yield* answering(() => undefined, { timeout: Duration.seconds(2) })
      assert.deepStrictEqual(yield* send(), EventSink.dropped("timeout"))
    }))

  it.live("dropped by a fault when the last scrubbing throws, and nothing is sent", () =>
    Effect.gen(function*() {
      const { send, sentry } = yield* answering(FakeSentry.ok, {
        scrubText: () => {
          throw new Error("scrubber")
        }
      })
      assert.deepStrictEqual(yield* send(), EventSink.dropped("fault"))
      assert.strictEqual(sentry.envelopes.length, 0)
    }))

  it.live("dropped as timeout when what comes back is no HTTP", () =>
    Effect.gen(function*() {
      const { send } = yield* answering((response) => response.socket?.end("\u0000\u0001 garbage\r\n\r\n"))
      assert.deepStrictEqual(yield* send(), EventSink.dropped("timeout"))
    }))

  it.live("sent when the answer is 200 with a body that says nothing", () =>
    Effect.gen(function*() {
      const { send } = yield* answering((response) => response.writeHead(200).end("<html>"))
      assert.deepStrictEqual(yield* send(), EventSink.sent)
    }))

  it.live("unknown when it is given up, and its connection is let go at once", () =>
    Effect.gen(function*() {
      let gone: Promise<unknown> = Promise.resolve()
      const arrived = yield* Deferred.make<void>()
      const { send } = yield* answering((response) => {
        gone = new Promise((resolve) => response.once("close", resolve))
        Deferred.doneUnsafe(arrived, Effect.void)
      }, { timeout: Duration.minutes(5) })
      const sending = yield* Effect.forkChild(send())
      yield* Deferred.await(arrived)
      yield* Fiber.interrupt(sending)
      yield* Effect.promise(() => gone)
    }))

  it.live("each of many at once has its own answer", () =>
    Effect.gen(function*() {
      const { send, sentry } = yield* answering(FakeSentry.ok)
      let n = 0
      sentry.answer = (response) => response.writeHead(n++ % 2 === 0 ? 200 : 500).end()
      const results = yield* Effect.all(Array.from({ length: 8 }, send), { concurrency: 8 })
      assert.strictEqual(results.filter(({ _tag }) => _tag === "Sent").length, 4)
    }))
})

describe("an SDK that fails", () => {
  const sdk = Effect.promise(() => import("@sentry/node"))

  it.live("to load costs the events of that time, and is loaded again with the next", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const { NodeClient, Scope, defaultStackParser, getGlobalScope, makeNodeTransport } = yield* sdk
      const guard = Guard.make()
      let loads = 0
      const sink = yield* sinkOf(sentry.dsn, {
        guard,
        load: () =>
          ++loads <= 2
            ? Promise.reject(new Error("half of a deployment"))
            : Promise.resolve({ NodeClient, Scope, defaultStackParser, getGlobalScope, makeNodeTransport })
      })
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.dropped("fault"))
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.dropped("fault"))
      assert.strictEqual(guard.faults().get("sink"), 2)
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.sent)
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.sent)
      assert.strictEqual(loads, 3)
    }))

  it.live("to be loaded at all holds up no end", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const guard = Guard.make()
      const options = { program: { release: "shop@1.2.3", environment: "staging" }, guard, dsn: sentry.dsn }
      const sink = SentrySink.make({
        ...options,
        scrubText: (text) => text,
        load: () => new Promise<SentrySink.Sdk>(() => undefined)
      })
      // A hundred times as fast.
      const timers: Timers.Timers = {
        ...Timers.live,
        now: () => Timers.live.now() * 100,
        after: (millis, body, holdsProcess) => Timers.live.after(millis / 100, body, holdsProcess)
      }
      const pipeline = yield* EventPipeline.make({ sink, guard, scrub: (event) => event, delivery: { timers } })
      pipeline.offer({ fingerprint: ["Broken", "operation"], make: () => event() })
      const books = yield* pipeline.shutdown
      assert.deepStrictEqual([books.captured, books.dropped.shutdown, books.queued], [1, 1, 0])
      assert.strictEqual(sentry.envelopes.length, 0)
    }))

  it.live("to make its transport costs the events of that time, wherever it does", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const { NodeClient, Scope, defaultStackParser, getGlobalScope, makeNodeTransport } = yield* sdk
      const guard = Guard.make()
      let made = 0
      const sink = yield* sinkOf(sentry.dsn, {
        guard,
        load: () =>
          Promise.resolve({
            NodeClient,
            Scope,
            defaultStackParser,
            getGlobalScope,
            // The first is the client's own, the third that of the first event.
            makeNodeTransport: (options) => {
              made++
              if (made === 1 || made === 3) throw new Error("no transport")
              return makeNodeTransport(options)
            }
          })
      })
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.dropped("fault"))
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.dropped("fault"))
      assert.strictEqual(guard.faults().get("sink"), 2)
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.sent)
      assert.strictEqual(sentry.envelopes.length, 1)
    }))
})

describe("the layer", () => {
  const lines: Array<unknown> = []
  const remembering = Logger.layer([Logger.make(({ message }) => lines.push(...message as ReadonlyArray<unknown>))])

  it.effect("is off without a DSN, in one log line", () =>
    Effect.gen(function*() {
      const errors = yield* ErrorTracking.ErrorTracking
      assert.isFalse(errors.enabled)
      assert.deepStrictEqual(yield* ErrorTracking.captureException(new Error("x")), Option.none())
      assert.deepStrictEqual(lines.splice(0), ["error tracking is off: SENTRY_DSN is not set"])
    }).pipe(
      Effect.provide(ErrorTrackingLive.layer({ config: configOf(undefined, 1) }).pipe(Layer.provide(remembering)))
    ))

  it.live("says where events go and, in one line, that profiling needs a package that is not installed", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      yield* Layer.build(ErrorTrackingLive.layer({ config: configOf(sentry.dsn, 0.1) })).pipe(
        Effect.scoped,
        Effect.provide(remembering)
      )
      assert.deepStrictEqual(lines.splice(0), [
        `error tracking is on: events go to 127.0.0.1:${sentry.port}`,
        "profiling is off: SENTRY_PROFILES_SAMPLE_RATE is above 0, but @sentry/profiling-node is not installed"
      ])
    }))
})

describe("what the SDK may do by itself", () => {
  // An integration is the one to whom the sink shows its client.
  const clientOf = (sink: SentrySink.SentrySink, shown: () => NodeClient | undefined) =>
    Effect.map(sink.startProfiling, (result) => {
      assert.strictEqual(result, "started")
      return shown()!
    })

  const showing = Effect.fnUntraced(function*(dsn: Redacted.Redacted<string>, guard = Guard.make()) {
    let client: NodeClient | undefined
    const integration = {
      name: "Shows",
      setup: (given: NodeClient) => void (client = given),
      _profiler: { start: () => undefined, stop: () => undefined }
    }
    const sink = yield* sinkOf(dsn, {
      guard,
      loadProfiling: () => Promise.resolve({ nodeProfilingIntegration: () => integration } as never)
    })
    return { client: yield* clientOf(sink, () => client), guard, sink }
  })

  it.live("is to collect nothing: no user, header, cookie, body, query, variable or line of source", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const { client } = yield* showing(sentry.dsn)
      assert.deepStrictEqual(client.getDataCollectionOptions(), {
        userInfo: false,
        cookies: false,
        httpHeaders: { request: false, response: false },
        httpBodies: [],
        urlQueryParams: false,
        graphQL: { document: false, variables: false },
        genAI: { inputs: false, outputs: false },
        mcp: { inputs: false, outputs: false },
        databaseQueryData: false,
        queues: false,
        stackFrameVariables: false,
        frameContextLines: 0
      })
    }))

  it.live("is to send events: a transaction, a session, or one beside an event stays here and is counted", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const { client, guard, sink } = yield* showing(sentry.dsn)
      const transport = client.getTransport()!
      const envelopes = [["transaction"], ["session"], ["event", "transaction"]]
      for (const types of envelopes) {
        const envelope = [{ event_id: "0".repeat(32) }, types.map((type) => [{ type }, {}])]
        assert.deepStrictEqual(yield* Effect.promise(async () => transport.send(envelope as never)), {})
      }
      assert.strictEqual(guard.faults().get("sink"), envelopes.length)
      assert.match(String(guard.last("sink")), /event, transaction/)
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.sent)
      assert.deepStrictEqual(sentry.envelopes.map(({ items }) => items.map(({ type }) => type)), [["event"]])
      assert.strictEqual(guard.faults().get("sink"), envelopes.length)
    }))
})

describe("profiling", () => {
  it.live("runs from the start to the end of the sink where the package is installed, and sends its chunks scrubbed", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const calls: Array<string> = []
      let rate: number | undefined
      let transport: ReturnType<NodeClient["getTransport"]>
      const profiling = () => ({
        nodeProfilingIntegration: () => ({
          name: "ProfilingIntegration",
          setup: (client: NodeClient) => {
            rate = client.getOptions().profileSessionSampleRate
            transport = client.getTransport()
          },
          _profiler: {
            start: () => calls.push("start"),
            stop: () => {
              calls.push("stop")
              const chunk = { frames: [{ function: "main", filename: "Bearer secret-in-a-name" }] }
              transport?.send([{}, [[{ type: "profile_chunk" }, chunk]]] as never)
            }
          }
        })
      })
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* sinkOf(sentry.dsn, {
          profilesSampleRate: 0.25,
          loadProfiling: () => Promise.resolve(profiling() as never),
          scrubText: (text) => text.replace("secret-in-a-name", "[redacted]")
        })
        assert.strictEqual(yield* sink.startProfiling, "started")
        assert.deepStrictEqual(calls, ["start"])
        assert.strictEqual(rate, 0.25)
      }))
      assert.deepStrictEqual(calls, ["start", "stop"])
      assert.deepStrictEqual(sentry.envelopes.map(({ items }) => items[0]?.type), ["profile_chunk"])
      assert.notInclude(sentry.envelopes[0]!.raw, "secret-in-a-name")
    }))

  it.live("that cannot be started is counted and harms nobody", () =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const guard = Guard.make()
      const sink = yield* sinkOf(sentry.dsn, {
        guard,
        loadProfiling: () => Promise.reject(new Error("native code of another platform"))
      })
      assert.strictEqual(yield* sink.startProfiling, "failed")
      assert.strictEqual(guard.faults().get("sink"), 1)
      assert.deepStrictEqual(yield* sink.send(event()), EventSink.sent)
    }))
})
