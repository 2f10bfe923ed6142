/**
 * What the layer knows of Effect that Effect does not export: a failure here says what moved, and which module leans on
 * it. Others are held where the module is tested: `Async` primitives in `tracing/EffectTracer.test.ts`
 * (`src/tracing/FiberInternals.ts`), the request's key in `Boundary.test.ts` (`src/Boundary.ts`), the keys of responses and
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
import * as Fiber from "effect/Fiber"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type * as SqlConnection from "effect/sql/SqlConnection"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as GuardedSpan from "../src/observation/GuardedSpan.ts"
import { ContextManager } from "../src/tracing/ContextManager.ts"
import * as FiberInternals from "../src/tracing/FiberInternals.ts"
import * as ParentsSelfTest from "../src/tracing/ParentsSelfTest.ts"
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

describe("@effect/opentelemetry (src/tracing/SpanContexts.ts, src/tracing/OpenTelemetryTracer.ts)", () => {
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

/** Runs with a watcher that writes down what it is told, fibers by the order in which they show up. */
const told = (run: () => void): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const fibers: Array<unknown> = []
  const line = (what: string, fiber: Fiber.Fiber<unknown, unknown>) => {
    if (!fibers.includes(fiber)) fibers.push(fiber)
    lines.push(`${fibers.indexOf(fiber)} ${what}${fiber.cache.span === undefined ? "" : " in a span"}`)
  }
  const stop = FiberInternals.watch<undefined>({
    entered: () => undefined,
    begins: (fiber) => line("begins", fiber),
    spanChanged: (fiber) => line("goes on", fiber),
    changes: 0,
    restore: () => lines.push("restored")
  })
  try {
    run()
  } finally {
    stop()
  }
  return lines
}

describe("Fibers (src/tracing/FiberInternals.ts), followed so that third-party spans find their parents", () => {
  const span = Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) })
  const inSpan = Effect.withParentSpan(span)
  // What is there already is not run at all.
  const step = Effect.sync(() => {})

  it("have one prototype, and on it `evaluate` and `setContext`, which can be replaced", () => {
    const { prototype } = FiberInternals
    for (const effect of [Effect.void, Effect.never, Effect.yieldNow]) {
      assert.strictEqual(Object.getPrototypeOf(Effect.runFork(effect)), prototype)
    }
    assert.strictEqual(
      Effect.runSync(Effect.withFiber((fiber) => Effect.succeed(Object.getPrototypeOf(fiber)))),
      prototype
    )
    for (const name of ["evaluate", "setContext"] as const) {
      const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
      assert.isFunction(descriptor?.value, `a fiber's \`${name}\` is no method of the prototype any more`)
      assert.isTrue(descriptor?.configurable === true && descriptor.writable === true, `\`${name}\` can't be replaced`)
    }
  })

  it("are left as they are where one of the two is missing", () => {
    const { prototype } = FiberInternals
    const { evaluate, setContext } = prototype
    Object.assign(prototype, { setContext: undefined })
    try {
      assert.throws(() => FiberInternals.watch(new ContextManager().watcher), "no method setContext")
      assert.strictEqual(prototype.evaluate, evaluate)
    } finally {
      Object.assign(prototype, { setContext })
    }
    assert.isEmpty(told(() => {}))
  })

  it("begin in `evaluate` of the prototype, however they are started", () => {
    const started = (run: () => void) => told(run).filter((line) => line.endsWith("begins"))
    assert.deepStrictEqual(started(() => void Effect.runFork(step)), ["0 begins"], "runFork")
    assert.deepStrictEqual(started(() => Effect.runSync(step)), ["0 begins"], "runSync")
    assert.deepStrictEqual(
      started(() => Effect.runSync(Effect.forkChild(step, { startImmediately: true }))),
      ["0 begins", "1 begins"],
      "forkChild, immediately"
    )
    assert.deepStrictEqual(
      started(() => Effect.runSync(Effect.flatten(Effect.cached(step)))),
      ["0 begins", "1 begins"],
      "cached"
    )
  })

  it("come to another span by `setContext` only, and are the current fiber then", () => {
    const ways: ReadonlyArray<readonly [string, Effect.Effect<unknown>]> = [
      ["withParentSpan", inSpan(step)],
      ["withSpan", Effect.withSpan(step, "any")],
      ["provideService", Effect.provideService(step, Tracer.ParentSpan, span)],
      ["provide", Effect.provide(step, Context.make(Tracer.ParentSpan, span))]
    ]
    for (const [name, effect] of ways) {
      assert.deepStrictEqual(
        told(() => Effect.runSync(effect)),
        ["0 begins", "0 goes on in a span", "0 goes on"],
        `the span of a fiber changed unseen: ${name}`
      )
    }
  })

  it("that do not run may be given another span: whoever runs keeps its own", () => {
    const other = Effect.runFork(Effect.never)
    const given = Context.make(Tracer.ParentSpan, span)
    assert.deepStrictEqual(told(() => Effect.runSync(Effect.sync(() => other.setContext(given)))), ["0 begins"])
    Effect.runFork(Fiber.interrupt(other))
  })

  it("keep the span that they have in `cache.span`, as that of a context shared by many is made once", () => {
    const caches = Effect.runSync(inSpan(Effect.withFiber((fiber) => {
      const { cache } = fiber
      fiber.setContext(Context.add(fiber.context, Context.Service<string, string>("any"), "value"))
      return Effect.succeed([cache, fiber.cache])
    })))
    assert.strictEqual(caches[0]?.span, span)
    assert.strictEqual(
      caches[0],
      caches[1],
      "each change of the context costs a look at the span now: no harm, but slow"
    )
  })

  it("take what is cached of a context from its `_fiberCache`, where span and stack frame are what we know them to be", () => {
    assert.isTrue(FiberInternals.knowsCache(), "each span costs a dozen look-ups now: no harm, but slow")
    const { prototype } = FiberInternals
    const { setContext } = prototype
    // As Effect would, were it to keep that elsewhere, or to cache one more thing of a span.
    const changes: ReadonlyArray<(cache: Fiber.Fiber.Cache) => Fiber.Fiber.Cache> = [
      (cache) => ({ ...cache }),
      (cache) => Object.assign(cache, { spanId: cache.span?.spanId })
    ]
    for (const change of changes) {
      prototype.setContext = function(this: { cache: Fiber.Fiber.Cache }, context) {
        setContext.call(this, context)
        this.cache = change(this.cache)
      }
      try {
        assert.isFalse(FiberInternals.knowsCache())
      } finally {
        prototype.setContext = setContext
      }
    }
  })

  it("are brought into spans in contexts that hold what Effect would have put there, however much is in them", () => {
    const stackFrame: References.StackFrame = { name: "any", stack: () => undefined, parent: undefined }
    const services = Array.from({ length: 24 }, (_, index) => Context.Service<object, number>(`service ${index}`))
    const add = (context: Context.Context<never>, index: number): Context.Context<never> =>
      Context.addUnsafe(context, services[index]!.key, index)
    const contents = ({ mapUnsafe }: Context.Context<never>) => new Map(mapUnsafe)
    Effect.runSync(Effect.withFiber((fiber) => {
      let outer = Context.empty()
      for (let index = 0; index < services.length; index++) {
        const inside = FiberInternals.inside(fiber, outer, span, stackFrame)
        const framed = Context.add(outer, References.CurrentStackFrame, stackFrame)
        const added = Context.add(framed, Tracer.ParentSpan, span)
        assert.deepStrictEqual(contents(add(inside, index)), contents(add(added, index)))
        assert.deepStrictEqual(contents(inside), contents(added))
        assert.isTrue(Context.isContext(inside))
        outer = add(outer, index)
      }
      return Effect.void
    }))
  })

  it("are known to run in a context as it was, but for the stack frames that `Effect.fn` puts there", () => {
    const other = Context.Service<string, string>("other")
    const isNamed = (change: (effect: Effect.Effect<boolean>) => Effect.Effect<boolean>) =>
      Effect.runSync(
        Effect.withFiber(({ context: outer }) =>
          change(Effect.withFiber(({ context }) => Effect.succeed(FiberInternals.isNamed(context, outer))))
        )
      )
    const named = (effect: Effect.Effect<boolean>) => Effect.fn(() => effect)()
    assert.isTrue(isNamed((effect) => effect))
    assert.isTrue(isNamed(named), "what an observation knows of its context is read again in each `Effect.fn`: slow")
    assert.isTrue(isNamed((effect) => named(named(effect))))
    assert.isFalse(isNamed(Effect.provideService(other, "value")))
    assert.isFalse(isNamed((effect) => named(Effect.provideService(named(effect), other, "value"))))
    assert.isFalse(isNamed(Effect.withParentSpan(span)))
    assert.isFalse(FiberInternals.isNamed(Context.make(other, "value"), Context.make(other, "value")))
  })

  it("know of a context in which a span is opened what they would read there, whatever else was changed", () => {
    const stop = FiberInternals.watch(new ContextManager().watcher)
    const native: Tracer.Tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
    const compare = Effect.withFiber((fiber) => {
      const { cache, context } = fiber
      fiber.setContext(Context.makeUnsafe(new Map(context.mapUnsafe)))
      assert.notStrictEqual(fiber.cache, cache)
      assert.deepStrictEqual(Object.keys(cache), Object.keys(fiber.cache))
      for (const key of Object.keys(cache)) {
        assert.strictEqual(Reflect.get(cache, key), Reflect.get(fiber.cache, key), key)
      }
      fiber.setContext(context)
      return Effect.void
    })
    const into =
      (change: (context: Context.Context<never>) => Context.Context<never>) => (effect: Effect.Effect<void>) =>
        Effect.updateContext(effect, change)
    const changes: ReadonlyArray<(effect: Effect.Effect<void>) => Effect.Effect<void>> = [
      Effect.withSpan("span"),
      inSpan,
      Effect.provideService(References.MinimumLogLevel, "Fatal"),
      Effect.provideService(Context.Service<string, string>("any"), "value"),
      into((context) =>
        Context.add(Context.add(context, References.MinimumLogLevel, "Fatal"), Tracer.ParentSpan, span)
      ),
      into((context) => Context.makeUnsafe(new Map(context.mapUnsafe))),
      into(() => Context.add(Context.make(References.MinimumLogLevel, "Error"), Tracer.ParentSpan, span))
    ]
    try {
      for (const first of changes) {
        for (const second of changes) {
          for (const third of changes) {
            const all = first(Effect.andThen(compare, second(Effect.andThen(compare, third(compare)))))
            Effect.runSync(Effect.provideService(Effect.andThen(all, compare), Tracer.Tracer, native))
          }
        }
      }
    } finally {
      stop()
    }
  })

  it("are put off with what they go on in under `_asyncContext`, so that they are in nobody else's context", () => {
    const put = (effect: Effect.Effect<unknown>) => {
      const fiber = Effect.runFork(effect)
      const captured: unknown = Reflect.get(fiber, "_asyncContext")
      Effect.runFork(Fiber.interrupt(fiber))
      return captured
    }
    const slow = "going on costs as much as starting now: no harm, but slow"
    assert.isFunction(Reflect.get(Object(put(Effect.never)), "runInAsyncScope"), slow)
    assert.strictEqual(put(Effect.void), undefined, slow)
  })

  it("do together what the trial at start looks for, without which the tracer's hook is used", () => {
    const manager = new ContextManager()
    const stop = FiberInternals.watch(manager.watcher)
    try {
      assert.strictEqual(ParentsSelfTest.problem(manager), undefined)
    } finally {
      stop()
      manager.disable()
    }
  })

  it("are found not to do so where nothing is entered, or nothing given back", () => {
    const broken = (watcher: Partial<ContextManager["watcher"]>): string | undefined => {
      const manager = new ContextManager()
      const stop = FiberInternals.watch(Object.assign(manager.watcher, watcher))
      try {
        return ParentsSelfTest.problem(manager)
      } finally {
        stop()
        manager.disable()
      }
    }
    assert.match(broken({ spanChanged: () => {} }) ?? "", /span of synchronous code/)
    assert.match(broken({ restore: () => {} }) ?? "", /nothing where a fiber was started/)
    assert.match(broken({ begins: () => {} }) ?? "", /the span that a fiber was started with/)
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
