import { Accounting, Guard, type ObservabilityConfig, Scrubber, SpanSink, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { config, manualTimers, memory, named, passThrough, traced } from "./harness.ts"

/** A logger that keeps its lines. */
const keeping = () => {
  const lines: Array<string> = []
  const layer = Logger.layer([
    Logger.make(({ message }) => {
      lines.push(String(message))
    })
  ])
  return { lines, layer }
}

const program = Effect.gen(function*() {
  yield* Effect.void.pipe(Effect.withSpan("child"), Effect.withSpan("parent"))
  return yield* Tracing.flush
})

describe("a live tracing layer", () => {
  it.live("sends the spans of a program wherever it is configured to, and says where and why", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { host, port } = receiver.jaegerUdp
      const timeout = Duration.seconds(5)
      const headers = { "x-key": Redacted.make("a secret") }
      const destinations: ReadonlyArray<readonly [ObservabilityConfig.TraceDestination, string, string]> = [
        [{ _tag: "Otlp", url: receiver.otlpTracesUrl, headers, timeout }, "otlp", `${receiver.otlpTracesUrl} as OTLP`],
        [{ _tag: "JaegerHttp", url: receiver.jaegerHttpUrl, headers }, "jaegerHttp", "as Thrift over HTTP"],
        [{ _tag: "JaegerUdp", host, port }, "jaegerUdp", `${host}:${port} as Thrift over UDP (unacknowledged)`]
      ]
      for (const [destination, signal, said] of destinations) {
        const { layer, lines } = keeping()
        yield* receiver.clear
        const accounting = yield* program.pipe(
          Effect.provide(TracingLive.layer({
            config: config({ destination, destinationReason: "JAEGER_ENDPOINT is set" }),
            scrubber: passThrough
          })),
          Effect.provide(layer)
        )
        const spans = yield* receiver.awaitSpans(2)
        assert.deepStrictEqual(spans.map((span) => [span.signal, span.name]), [[signal, "child"], [signal, "parent"]])
        assert.strictEqual(spans[0]?.parentSpanId, spans[1]?.spanId)
        assert.deepInclude(spans[0]?.resource, {
          "service.name": "svc",
          "service.version": "1.2.3",
          "deployment.environment.name": "test"
        })
        assert.isString(spans[0]?.resource["service.instance.id"])
        assert.deepInclude(accounting.sinks[0], { exported: 2, acknowledged: destination._tag !== "JaegerUdp" })
        assert.include(lines[0], said)
        assert.include(lines[0], "(JAEGER_ENDPOINT is set)")
        assert.include(lines.at(-1), "started 2, open 0, unsampled 0, ended 2")
        assert.notInclude(lines.join(), "a secret")
        const requests = yield* receiver.requestsContaining("a secret")
        assert.strictEqual(requests.length, destination._tag === "JaegerUdp" ? 0 : 1)
      }
    }))

  it.effect("scrubs everything of a span that is free text, once", () =>
    Effect.gen(function*() {
      const star = (text: string) => text.replaceAll("secret", "*")
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const span = yield* Effect.currentSpan
          span.event("secret event", 0n, { "secret": "a secret" })
          return yield* Effect.fail(new Error("the secret is out"))
        }).pipe(
          Effect.withSpan("GET /secret", {
            attributes: { "url.path": "/secret", "list": ["secret"], "n": 1 },
            links: [{ span: { ...parent }, attributes: { why: "secret" } }]
          }),
          Effect.exit
        ),
        {
          config: { ...config(), service: { ...config().service, resourceAttributes: { team: "secret" } } },
          scrubber: {
            text: star,
            url: star,
            attributes: (attributes) =>
              Object.fromEntries(
                Object.entries(attributes).map(([key, value]) => [
                  star(key),
                  typeof value === "string"
                    ? star(value)
                    : Array.isArray(value)
                    ? value.map((item) => star(item))
                    : value
                ])
              )
          }
        }
      )
      const span = named(spans, "GET /*")
      const { resource, spanContext: _, ...told } = span
      assert.notInclude(JSON.stringify(told), "secret")
      assert.deepInclude(span.attributes, { "url.path": "/*", "list": ["*"], "n": 1 })
      assert.strictEqual(span.status.message, "the * is out")
      assert.strictEqual(resource.attributes["team"], "*")
    }))

  it.live("lets no secret of a span out of the process, whatever carries it, in any protocol", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const id = "3f2b8c1e-9d4a-4f6b-8e21-7c5d9a0b1e2f"
      const secrets = [id, "ada@example.com", "hunter2hunter2"]
      const leaky = Effect.gen(function*() {
        const span = yield* Effect.currentSpan
        span.event("user ada@example.com signed in", 0n, { password: "hunter2hunter2" })
        return yield* Effect.fail(
          new Error(`GET /api/metrics/${id} failed`, { cause: new Error("postgres://ada:hunter2hunter2@db/main") })
        )
      }).pipe(
        Effect.withSpan("GET /api/metrics/{portfolio_id}", {
          attributes: {
            "url.path": `/api/metrics/${id}`,
            "url.full": `https://ada:hunter2hunter2@host/api/metrics/${id}?api_key=hunter2hunter2`,
            "enduser.email": "ada@example.com",
            "harmless": "marker"
          }
        }),
        Effect.exit
      )
      const destinations: ReadonlyArray<ObservabilityConfig.TraceDestination> = [
        { _tag: "Otlp", url: receiver.otlpTracesUrl, headers: {}, timeout: Duration.seconds(5) },
        { _tag: "JaegerHttp", url: receiver.jaegerHttpUrl, headers: {} },
        { _tag: "JaegerUdp", ...receiver.jaegerUdp }
      ]
      for (const destination of destinations) {
        yield* receiver.clear
        yield* leaky.pipe(
          Effect.provide(TracingLive.layer({ config: config({ destination }), scrubber: Scrubber.make() })),
          Effect.provide(keeping().layer)
        )
        yield* receiver.awaitSpans(1)
        assert.strictEqual((yield* receiver.requestsContaining("marker")).length, 1)
        for (const secret of secrets) {
          assert.strictEqual((yield* receiver.requestsContaining(secret)).length, 0, `${destination._tag}: ${secret}`)
        }
      }
    }))

  it.effect("is the disabled service where the SDK is disabled, and installs no tracer", () =>
    Effect.gen(function*() {
      const { layer, lines } = keeping()
      yield* Effect.gen(function*() {
        assert.isFalse((yield* Tracing.Tracing).enabled)
        const span = yield* Effect.currentSpan.pipe(Effect.withSpan("native"))
        assert.notProperty(span, "span")
      }).pipe(
        Effect.provide(TracingLive.layer({ config: config({ disabled: true }), scrubber: passThrough })),
        Effect.provide(layer)
      )
      assert.deepStrictEqual(lines, ["tracing is off (OTEL_SDK_DISABLED)"])
    }))

  it.effect("says once that spans don't arrive, and once that they arrive again", () =>
    Effect.gen(function*() {
      const { layer, lines } = keeping()
      let failing = true
      const flaky: SpanSink.SpanSink = {
        ...memory("flaky"),
        export: (batch) =>
          failing
            ? new SpanSink.SpanSinkError({ sink: "flaky", reason: "unreachable", retryable: true, message: "refused" })
            : Effect.succeed({ accepted: batch.length, rejected: 0 })
      }
      yield* Effect.gen(function*() {
        yield* program
        yield* program
        failing = false
        yield* program
        yield* program
      }).pipe(
        Effect.provide(TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [flaky] })),
        Effect.provide(layer)
      )
      assert.deepStrictEqual(lines.slice(0, -1), [
        "spans don't arrive at flaky: refused",
        "spans arrive at flaky again"
      ])
    }))

  it.effect("says in the receiver's words what it rejects, scrubbed and short, and when nothing is sent any more", () =>
    Effect.gen(function*() {
      const { layer, lines } = keeping()
      const error = { sink: "strict", reason: "unreachable", retryable: true, message: "refused" } as const
      const answers: Array<Effect.Effect<SpanSink.ExportResult, SpanSink.SpanSinkError>> = [
        Effect.succeed({ accepted: 1, rejected: 1, message: `1 of 2 spans rejected: secret ${"x".repeat(1_000)}` }),
        Effect.succeed({ accepted: 2, rejected: 0 }),
        Effect.fail(new SpanSink.SpanSinkError(error)),
        Effect.succeed({ accepted: 2, rejected: 0 })
      ]
      const strict: SpanSink.SpanSink = { ...memory("strict"), export: () => Effect.suspend(() => answers.shift()!) }
      yield* program.pipe(
        Effect.repeat({ times: 2 }),
        Effect.provide(TracingLive.layer({
          config: config(),
          scrubber: { ...passThrough, text: (text) => text.replace("secret", "[REDACTED]") },
          sinks: [strict],
          limits: { circuit: { failures: 1, open: 60_000, maxOpen: 60_000 } }
        })),
        Effect.provide(layer)
      )
      assert.match(lines[0] ?? "", /^spans don't arrive at strict: 1 of 2 spans rejected: \[REDACTED\] x{200,300}$/)
      assert.deepStrictEqual(lines.slice(1, -1), [
        "spans arrive at strict again",
        "nothing is sent to strict for a while, after 1 failures in a row",
        "spans don't arrive at strict: refused",
        "spans are sent to strict again",
        "spans arrive at strict again"
      ])
    }))

  it.live("neither fails nor changes the program when the logger throws", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const throwing = Logger.layer([
        Logger.make(() => {
          throw new Error("broken")
        })
      ])
      const exit = yield* Effect.exit(program.pipe(
        Effect.provide(TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [memory()] })),
        Effect.provide(throwing),
        Effect.provideService(Guard.CurrentGuard, guard)
      ))
      assert.isTrue(Exit.isSuccess(exit))
      assert.isAtLeast(guard.faults().get("logger") ?? 0, 1)
    }))

  it.effect("closes in time when everything hangs, and logs what was lost", () =>
    Effect.gen(function*() {
      const { layer, lines } = keeping()
      const timers = manualTimers()
      const hung: SpanSink.SpanSink = {
        name: "hung",
        acknowledged: true,
        export: () => Effect.uninterruptible(Effect.never),
        shutdown: Effect.uninterruptible(Effect.never)
      }
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [hung], timers }).pipe(
          Layer.provideMerge(layer)
        ),
        scope
      )
      yield* Effect.void.pipe(Effect.withSpan("span"), Effect.provide(context))
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
      timers.advance(4_500)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      timers.advance(500)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.isDefined(closing.pollUnsafe())
      assert.include(lines.at(-1), "hung: exported 0, dropped 1 (timeout 1)")
    }))

  it.live("leaves nothing behind after a hundred lives", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const destination = {
        _tag: "Otlp",
        url: receiver.otlpTracesUrl,
        headers: {},
        timeout: Duration.seconds(5)
      } as const
      const live = program.pipe(
        Effect.provide(Layer.fresh(TracingLive.layer({ config: config({ destination }), scrubber: passThrough }))),
        Effect.provide(keeping().layer)
      )
      const resources = () => process.getActiveResourcesInfo().filter((name) => name !== "Immediate").length
      yield* live
      const before = resources()
      for (let index = 0; index < 100; index++) {
        const accounting = yield* live
        assert.deepStrictEqual(Accounting.imbalances(accounting), [])
      }
      // Sockets that have been closed are gone some turns later; what is left behind never goes.
      while (resources() > before) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.strictEqual((yield* receiver.totals).spans, 202)
    }))

  it.effect("puts a tracer, a context and a propagator of trace context behind the global API, and takes them away", () =>
    Effect.gen(function*() {
      const context = Otel.trace.setSpanContext(Otel.ROOT_CONTEXT, { ...parent, traceFlags: Otel.TraceFlags.SAMPLED })
      const look = Effect.sync(() => {
        const carrier: Record<string, string> = {}
        Otel.propagation.inject(context, carrier)
        return {
          recording: Otel.trace.getTracer("third").startSpan("foreign").isRecording(),
          active: Otel.context.with(context, () => Otel.context.active() === context),
          carrier
        }
      })
      const nothing = { recording: false, active: false, carrier: {} }
      assert.deepStrictEqual(yield* look, nothing)
      const within = yield* look.pipe(
        Effect.provide(TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [memory()] })),
        Effect.provide(keeping().layer)
      )
      assert.deepStrictEqual(within, {
        recording: true,
        active: true,
        carrier: { traceparent: `00-${parent.traceId}-${parent.spanId}-01` }
      })
      assert.deepStrictEqual(yield* look, nothing)
    }))

  it.effect("holds neither the parent nor the failure of a span that waits in the queue", () =>
    Effect.gen(function*() {
      const timers = manualTimers()
      const sink = memory()
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [sink], timers }),
        scope
      )
      const weak: Array<WeakRef<object>> = []
      yield* Effect.gen(function*() {
        const error = new Error("large")
        weak.push(new WeakRef(error), new WeakRef(yield* Effect.currentSpan))
        yield* Effect.exit(Effect.fail(error).pipe(Effect.withSpan("failed")))
      }).pipe(Effect.withSpan("parent"), Effect.provide(context))
      assert.strictEqual(Context.get(context, Tracing.Tracing).accounting().sinks[0]?.queued, 2)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      collectGarbage()
      assert.deepStrictEqual(weak.map((reference) => reference.deref()), [undefined, undefined])
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(sink.spans.length, 2)
    }))
})

describe("a program with an OpenTelemetry of its own", () => {
  it.effect("keeps it, is told so, and its Effect spans come to us all the same", () =>
    Effect.gen(function*() {
      const theirs: Array<string> = []
      const span = Otel.trace.wrapSpanContext(Otel.INVALID_SPAN_CONTEXT)
      const tracer: Otel.Tracer = {
        startSpan: (name) => {
          theirs.push(name)
          return span
        },
        startActiveSpan: (_name: string, ...rest: ReadonlyArray<unknown>) =>
          (rest[rest.length - 1] as (span: Otel.Span) => never)(span)
      }
      Otel.trace.setGlobalTracerProvider({ getTracer: () => tracer })
      yield* Effect.addFinalizer(() => Effect.sync(() => Otel.trace.disable()))
      const { layer, lines } = keeping()
      const sink = memory()
      yield* Effect.andThen(Effect.sync(() => Otel.trace.getTracer("third").startSpan("foreign").end()), program).pipe(
        Effect.provide(TracingLive.layer({ config: config(), scrubber: passThrough, sinks: [sink] })),
        Effect.provide(layer)
      )
      assert.deepStrictEqual(theirs, ["foreign"])
      assert.deepStrictEqual(sink.spans.map(({ name }) => name), ["child", "parent"])
      assert.include(lines[0], "another OpenTelemetry set-up is registered")
      Otel.trace.getTracer("third").startSpan("still theirs")
      assert.deepStrictEqual(theirs, ["foreign", "still theirs"])
    }))
})

describe("the disabled service", () => {
  it.effect("gives tracers that do nothing and books that are empty", () =>
    Effect.gen(function*() {
      const tracer = yield* Tracing.tracer("library")
      const seen = tracer.startActiveSpan("span", (span) => span.setAttribute("a", 1).isRecording())
      assert.isFalse(seen)
      assert.isFalse(Otel.isSpanContextValid(tracer.startSpan("span").spanContext()))
      assert.deepStrictEqual(yield* Tracing.flush, Accounting.empty)
    }).pipe(Effect.provide(Tracing.layerDisabled)))
})

const parent = {
  _tag: "ExternalSpan",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  sampled: true,
  annotations: Context.empty()
} as const

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")
