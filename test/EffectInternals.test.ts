/**
 * What the layer knows of Effect that Effect does not export: a failure here says what moved, and which module leans on
 * it. Others are held where the module is tested: `Async` primitives in `tracing/EffectTracer.test.ts`
 * (`src/tracing/EffectTracer.ts`), the request's key in `Boundary.test.ts` (`src/Boundary.ts`), the keys of responses and
 * of what can be answered with in `errors/ErrorReporter.test.ts` (`src/errors/Expected.ts`).
 */
import { Guard } from "@dawsos/observability"
import * as EffectOtel from "@effect/opentelemetry/OtelTracer"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import type * as SqlConnection from "effect/sql/SqlConnection"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as GuardedSpan from "../src/observation/GuardedSpan.ts"
import * as SpanContexts from "../src/tracing/SpanContexts.ts"
import * as CollectedSpans from "./support/CollectedSpans.ts"

const spanOptions = (name: string): Parameters<Tracer.Tracer["span"]>[0] => ({
  name,
  parent: Option.none(),
  annotations: Context.empty(),
  links: [],
  startTime: 0n,
  kind: "internal",
  root: false,
  sampled: true
})

describe("@effect/opentelemetry (src/tracing/SpanContexts.ts, src/tracing/EffectTracer.ts)", () => {
  const inner = Otel.trace.wrapSpanContext({ traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 })
  const otelTracer = { startSpan: () => inner } as unknown as Otel.Tracer
  const stock = Effect.runSync(Effect.provideService(EffectOtel.make, EffectOtel.OtelTracer, otelTracer))

  it("keeps OpenTelemetry's span under `span`", () => {
    assert.strictEqual(SpanContexts.otelSpan(stock.span(spanOptions("any"))), inner)
  })

  it("takes the active span for Effect's own, not for a foreign parent, where the context says so under our key", () => {
    const parentIn = (context: Otel.Context) =>
      Option.isSome(Otel.context.with(context, () => stock.span(spanOptions("child"))).parent)
    assert.isTrue(Otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
    try {
      assert.isTrue(parentIn(Otel.trace.setSpan(Otel.ROOT_CONTEXT, inner)), "a foreign span is a parent")
      const own = SpanContexts.withSpan(Otel.ROOT_CONTEXT, stock.span(spanOptions("own")))
      assert.strictEqual(Otel.trace.getSpan(own), inner)
      assert.isFalse(parentIn(own), "the text of the key is another: `EffectSpanKey` in OtelTracer.ts")
    } finally {
      Otel.context.disable()
    }
  })

  it("has the methods of its spans on their prototype, where ours can call them, and takes a new `status`", () => {
    const span = stock.span(spanOptions("any"))
    const base: Tracer.Span = Object.getPrototypeOf(span)
    for (const method of ["attribute", "event", "addLinks", "end"] as const) assert.isFunction(base[method], method)
    const status: Tracer.SpanStatus = { _tag: "Ended", startTime: 0n, endTime: 1n, exit: Exit.void }
    assert.strictEqual(Object.assign(span, { status }).status, status)
  })
})

const connection: SqlConnection.Connection = {
  execute: () => Effect.succeed([]),
  executeRaw: () => Effect.succeed([]),
  executeStream: () => Stream.make({}),
  executeValues: () => Effect.succeed([]),
  executeValuesUnprepared: () => Effect.succeed([]),
  executeUnprepared: () => Effect.succeed([])
}
const sql = Statement.make(Effect.succeed(connection), Statement.makeCompilerSqlite(), [], undefined)

const request = HttpServerRequest.fromWeb(new Request("http://x.test/items/7"))
/** Runs with a listener on the span that is handed to it, and tells how often that heard an end. */
const heard = (use: (listen: (span: Tracer.Span) => void) => Effect.Effect<unknown, unknown>, traced: boolean) =>
  Effect.gen(function*() {
    const guard = Guard.make()
    const spans = new Set<Tracer.Span>()
    let ends = 0
    yield* use((span) => {
      spans.add(span)
      GuardedSpan.onEnd(span, guard, () => void ends++)
    }).pipe(Effect.exit, Effect.withTracerEnabled(traced))
    return [spans.size, ends]
  })

describe("The end of a span (GuardedSpan.onEnd in src/observation/, src/errors/FailingSpans.ts)", () => {
  const transforming = (effect: Effect.Effect<unknown, unknown>) => (listen: (span: Tracer.Span) => void) =>
    Effect.provideService(effect, Statement.CurrentTransformer, (self, _sql, _fiber, span) => {
      listen(span)
      return Effect.succeed(self)
    })
  const ways: ReadonlyArray<readonly [string, Parameters<typeof heard>[0]]> = [
    ["useSpan", (listen) => Effect.useSpan("any", (span) => Effect.sync(() => listen(span)))],
    [
      "makeSpanScoped",
      (listen) => Effect.scoped(Effect.map(Effect.makeSpanScoped("any"), listen))
    ],
    ["a statement", transforming(Effect.suspend(() => sql`SELECT 1`))],
    ["a statement that is raw", transforming(Effect.suspend(() => sql`SELECT 1`.raw))],
    ["a statement's stream", transforming(Stream.runDrain(Stream.suspend(() => sql`SELECT 1`.stream)))]
  ]
  for (const [way, use] of ways) {
    for (const traced of [true, false]) {
      it.effect(`is told by calling \`end\` of that very span: ${way}, ${traced ? "traced" : "untraced"}`, () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* heard(use, traced), [1, 1])
        }))
    }
  }

  it.effect("is told so by the server's tracer, too, after what runs inside it has ended", () =>
    Effect.gen(function*() {
      const { one, tracer } = CollectedSpans.make()
      const told: Array<string> = []
      const inside = Effect.withFiber<HttpServerResponse.HttpServerResponse>((fiber) =>
        Effect.onExitPrimitive(Effect.succeed(HttpServerResponse.empty()), () => {
          const span = fiber.cache.span
          assert(span?._tag === "Span" && span.kind === "server", "the server's span is the fiber's")
          GuardedSpan.onEnd(span, Guard.make(), (exit) => {
            told.push(exit._tag)
            return Exit.die("replaced")
          })
          return undefined
        })
      )
      yield* HttpMiddleware.tracer(inside).pipe(
        Effect.provideService(HttpServerRequest.HttpServerRequest, request),
        Effect.provideService(Tracer.Tracer, tracer)
      )
      assert.deepStrictEqual(told, ["Success"])
      const { status } = one("GET")
      assert.deepStrictEqual(status._tag === "Ended" && status.exit, Exit.die("replaced"))
    }))

  it.effect("of an untraced span is its own: another's stays as it was", () =>
    Effect.gen(function*() {
      const first = yield* Effect.makeSpan("first")
      const second = yield* Effect.makeSpan("second")
      const shared = second.attributes
      GuardedSpan.onEnd(first, Guard.make(), () => undefined)
      first.attribute("a", 1)
      assert.strictEqual(first.attributes.get("a"), 1)
      assert.strictEqual(shared.size, 0, "the attributes of untraced spans are shared by all of them")
      assert.strictEqual(second.status._tag, "Ended", "an untraced span counts as ended from the start")
    }).pipe(Effect.withTracerEnabled(false)))
})

describe("How a statement is run (src/instrument/Sql.ts)", () => {
  it.effect("stands on its span: `executeStream` for a stream, something else for the rest", () =>
    Effect.gen(function*() {
      const { spans, tracer } = CollectedSpans.make()
      const ways: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        Stream.runDrain(sql`SELECT 1`.stream),
        sql`SELECT 1`,
        sql`SELECT 1`.raw,
        sql`SELECT 1`.values,
        sql`SELECT 1`.unprepared
      ]
      for (const run of ways) yield* Effect.provideService(run, Tracer.Tracer, tracer)
      const [streamed, ...others] = spans.map(({ attributes }) => attributes.get("effect.sql.method"))
      assert.strictEqual(streamed, "executeStream")
      assert.strictEqual(others.length, 4)
      for (const method of others) {
        assert.isString(method)
        assert.notStrictEqual(method, "executeStream")
      }
    }))
})

describe("The route of a request (src/instrument/HttpRoutes.ts)", () => {
  it.effect("stays in the fiber's context when the handler has ended", () =>
    Effect.gen(function*() {
      const router = yield* HttpRouter.HttpRouter
      yield* router.add("GET", "/items/:id", HttpServerResponse.empty())
      let path: string | undefined
      yield* Effect.withFiber((fiber) =>
        Effect.onExitPrimitive(router.asHttpEffect(), () => {
          path = Context.getOrUndefined(fiber.context, HttpRouter.RouteContext)?.route.path
          return undefined
        })
      ).pipe(Effect.exit, Effect.provideService(HttpServerRequest.HttpServerRequest, request))
      assert.strictEqual(path, "/items/:id")
    }).pipe(Effect.provide(HttpRouter.layer), Effect.scoped))
})
