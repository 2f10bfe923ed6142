import { Observation, Scrubber, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"
import * as FastCheck from "fast-check"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { named, passThrough, traced } from "./harness.ts"

const scrubber = Scrubber.make()
const remote = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
  isRemote: true
}

describe("the copy of a span that leaves the process", () => {
  it.effect("shows the URL of its request by the parameters of its route", () =>
    Effect.gen(function*() {
      const attributes = {
        "http.route": "/fail/:portfolio_id/of/{symbol}",
        "url.path": "/fail/SECRET/of/AAPL",
        "url.full": "http://h:8000/fail/SECRET/of/AAPL?a=1",
        "http.target": "/fail/SECRET/of/AAPL?a=1"
      }
      const { spans } = yield* traced(Effect.void.pipe(Effect.withSpan("request", { attributes })), { scrubber })
      const shown = scrubber.pseudonym("SECRET")
      assert.deepInclude(named(spans, "request").attributes, {
        "http.route": "/fail/:portfolio_id/of/{symbol}",
        "url.path": `/fail/${shown}/of/AAPL`,
        "url.full": `http://h:8000/fail/${shown}/of/AAPL?a=1`,
        "http.target": `/fail/${shown}/of/AAPL?a=1`
      })
    }))

  it.effect("is scrubbed each time of an operation that runs again and again, by the scrubber of its own layer", () =>
    Effect.gen(function*() {
      const withQuote = Observation.make<string>({
        prefix: "test",
        span: (name) => ({ name, attributes: { "url.full": "https://x.test/quote?apikey=12345" } }),
        instruments: []
      })
      const place = withQuote("quote for ann@example.org")
      const renamed = place(Effect.sync(() => Otel.trace.getActiveSpan()?.updateName("ann@example.com")))
      const program = Effect.all([renamed, place(Effect.void)]).pipe(Effect.repeat({ times: 3 }))
      const { spans } = yield* traced(program, { scrubber })
      const names = ["ann@example.com", "quote for ann@example.org"].map(scrubber.text)
      assert.deepStrictEqual(spans.map(({ name }) => name), [...names, ...names, ...names, ...names])
      for (const { attributes } of spans) {
        assert.strictEqual(attributes["url.full"], scrubber.text("https://x.test/quote?apikey=12345"))
      }
      const open = yield* traced(place(Effect.void), { scrubber: passThrough })
      assert.strictEqual(open.spans[0]?.name, "quote for ann@example.org")
      assert.deepInclude(open.spans[0]?.attributes, { "url.full": "https://x.test/quote?apikey=12345" })
    }))

  it.effect("says of each span of a name what it would say of the only one, whatever those before were like", () =>
    Effect.gen(function*() {
      const given = FastCheck.sample(
        FastCheck.record({
          name: FastCheck.constantFrom("GET", "quote", "ann@example.org"),
          attributes: FastCheck.record({
            "shop.channel": FastCheck.constantFrom("web", "phone", "ann@example.org"),
            "http.request.method": FastCheck.constantFrom("GET", "quote"),
            "http.route": FastCheck.constantFrom("/quote/{symbol}", "/fail/:portfolio_id", 7),
            "url.path": FastCheck.constantFrom("/quote/AAPL", "/fail/SECRET", "/fail/:portfolio_id"),
            password: FastCheck.constantFrom("", "web", "hunter2"),
            note: FastCheck.constantFrom("web", "x".repeat(3_000))
          }, { requiredKeys: ["shop.channel"] })
        }),
        { numRuns: 500, seed: 7 }
      )
      const of = (each: typeof given) =>
        traced(
          Effect.forEach(each, ({ attributes, name }) => Effect.withSpan(Effect.void, name, { attributes })),
          { scrubber: Scrubber.make() }
        )
      const { spans } = yield* of(given)
      for (const [index, each] of given.entries()) {
        const { spans: [alone] } = yield* of([each])
        const { attributes, name } = spans[index]!
        assert.deepStrictEqual({ name, attributes }, { name: alone?.name, attributes: alone?.attributes })
      }
    }))

  it.effect("has no attribute that had not come when somebody else ended it", () =>
    Effect.gen(function*() {
      const withQuote = Observation.make<string>({
        prefix: "test",
        span: (symbol) => ({ name: "quote", attributes: { symbol } }),
        instruments: []
      })
      const program = withQuote(Effect.sync(() => Otel.trace.getActiveSpan()?.end()), "AAPL")
      for (const by of [scrubber, passThrough]) {
        const { spans } = yield* traced(program, { scrubber: by })
        assert.deepStrictEqual(spans.map(({ attributes }) => attributes), [{ symbol: "AAPL" }])
      }
    }))

  it.effect("has its own name where runs of one statement have several", () =>
    Effect.gen(function*() {
      const attributes = { "db.query.text": "select 1" }
      const names = ["read", "read", "count", "read"]
      const { spans } = yield* traced(
        Effect.forEach(names, (name) => Effect.withSpan(Effect.void, name, { attributes })),
        { scrubber }
      )
      assert.deepStrictEqual(spans.map(({ name }) => name), names)
    }))

  it.effect("holds on to no more of a name than a few of its spans", () =>
    Effect.gen(function*() {
      let searched = 0
      const counting = {
        ...passThrough,
        attributes: (attributes: Readonly<Record<string, unknown>>) => {
          if ("order" in attributes) searched++
          return attributes
        }
      }
      const orders = Array.from({ length: 20 }, (_, order) => ({ order }))
      const runs = Effect.forEach(orders, (attributes) => Effect.withSpan(Effect.void, "run", { attributes }))
      const last = Effect.withSpan(Effect.void, "run", { attributes: { order: 7 } })
      yield* traced(Effect.all([runs, last]), { scrubber: counting })
      assert.strictEqual(searched, 20)
      yield* traced(Effect.withSpan(Effect.void, "run", { attributes: { order: 8 } }), { scrubber: counting })
      assert.strictEqual(searched, 21)
      const long = Effect.withSpan(Effect.void, "long", { attributes: { order: "x".repeat(3_000) } })
      yield* traced(Effect.all([long, long]), { scrubber: counting })
      assert.strictEqual(searched, 23)
      const statement = { attributes: { order: 1, "db.query.text": "select 1" } }
      const longNamed = Effect.withSpan(Effect.void, "x".repeat(3_000), statement)
      yield* traced(Effect.all([longNamed, longNamed]), { scrubber: counting })
      assert.strictEqual(searched, 25)
    }))

  it.effect("says of each run of a statement what it would say of the only one, whatever the runs before were like", () =>
    Effect.gen(function*() {
      const given = FastCheck.sample(
        FastCheck.record({
          name: FastCheck.constantFrom("sql.execute", "ann@example.org"),
          attributes: FastCheck.record({
            "db.query.text": FastCheck.constantFrom("select 1", "select 2 -- ann@example.org", 3, "x".repeat(2_000)),
            "db.namespace": FastCheck.constantFrom("ledger", "prices", "ann@example.org"),
            "server.port": FastCheck.constantFrom(5432, 5433, "5432"),
            password: FastCheck.constantFrom("", "hunter2")
          }, { requiredKeys: ["db.query.text"] })
        }),
        { numRuns: 300, seed: 7 }
      )
      const program = Effect.forEach(
        given,
        ({ attributes, name }) => Effect.withSpan(Effect.void, name, { attributes })
      )
      const { spans } = yield* traced(program, { scrubber })
      assert.deepStrictEqual(
        spans.map(({ attributes, name }) => ({ name, attributes })),
        given.map(({ attributes, name }) => ({
          name: scrubber.text(name),
          attributes: scrubber.attributes(attributes)
        }))
      )
    }))

  it.effect("is searched once for the runs of a statement that say the same, unless something was found in it", () =>
    Effect.gen(function*() {
      let searched = 0
      const counting = {
        ...passThrough,
        attributes: (attributes: Readonly<Record<string, unknown>>) => {
          if ("db.query.text" in attributes) searched++
          return attributes["secret"] === undefined ? attributes : { ...attributes, secret: "found" }
        }
      }
      const runs = (attributes: Readonly<Record<string, unknown>>) =>
        traced(Effect.repeat(Effect.withSpan(Effect.void, "run", { attributes }), { times: 9 }), { scrubber: counting })
      yield* runs({ "db.query.text": "select 1", "db.namespace": "ledger" })
      assert.strictEqual(searched, 1)
      yield* runs({ "db.query.text": "select 1", "db.namespace": "prices" })
      assert.strictEqual(searched, 2)
      yield* runs({ "db.query.text": "select 2", secret: "s" })
      assert.strictEqual(searched, 12)
      const own = Effect.withSpan(Effect.void, "own", { attributes: { "db.query.text": "select 3" } })
      const foreign = Effect.forEach(
        Array.from({ length: 600 }, (_, n) => ({ "db.query.text": `select ${n}`, secret: "s" })),
        (attributes) => Effect.withSpan(Effect.void, "foreign", { attributes })
      )
      yield* traced(Effect.all([own, foreign, own]), { scrubber: counting })
      assert.strictEqual(searched, 613)
    }))

  it("carries what OpenTelemetry can: lists of one kind as they are, anything else as JSON, nothing for nothing", () => {
    const carried = ScrubbedSpan.attributes({
      words: ["a", "b"],
      gaps: ["a", null, undefined],
      gapFirst: [null, 1],
      mixed: [1, "a"],
      mixedBehindGap: [null, 1, true],
      nested: { a: [1] },
      none: null,
      missing: undefined,
      number: 0,
      flag: false,
      empty: ""
    }, passThrough)
    assert.deepStrictEqual(carried, {
      words: ["a", "b"],
      gaps: ["a", null, undefined],
      gapFirst: [null, 1],
      mixed: `[1,"a"]`,
      mixedBehindGap: "[null,1,true]",
      nested: `{"a":[1]}`,
      number: 0,
      flag: false,
      empty: ""
    })
  })

  it.effect("keeps a plain trace state and scope, and nothing of a secret in either", () =>
    Effect.gen(function*() {
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const tracing = yield* Tracing.Tracing
          for (const state of ["v=plain", "v=jane@x.io"]) {
            const context = { ...remote, traceState: Otel.createTraceState(state) }
            const span = tracing.tracer(`lib ${state}`, `1 ${state}`).startSpan(
              state === "v=plain" ? "plain" : "secret",
              { links: [{ context }] },
              Otel.trace.setSpanContext(Otel.ROOT_CONTEXT, context)
            )
            span.end()
          }
        }),
        { scrubber }
      )
      const told = (name: string) => {
        const { instrumentationScope, links, parentSpanContext, spanContext } = named(spans, name)
        const states = [spanContext(), parentSpanContext, links[0]?.context].map((c) => c?.traceState?.serialize())
        return { scope: instrumentationScope.name, version: instrumentationScope.version, states }
      }
      assert.deepStrictEqual(told("plain"), {
        scope: "lib v=plain",
        version: "1 v=plain",
        states: ["v=plain", "v=plain", "v=plain"]
      })
      assert.deepStrictEqual(told("secret"), {
        scope: "lib v=[redacted]",
        version: "1 v=[redacted]",
        states: [undefined, undefined, undefined]
      })
      assert.strictEqual(named(spans, "secret").spanContext().traceId, remote.traceId)
    }))

  it.effect("judges what is nested in its attributes by its keys, although it travels as text", () =>
    Effect.gen(function*() {
      const attributes = {
        list: [{ password: "SECRET" }, { deep: [{ apiKey: "SECRET" }] }],
        pairs: [["authorization", "SECRET"], ["accept", "x"]],
        named: [{ name: "authorization", value: "SECRET" }],
        map: new Map([["password", "SECRET"]]),
        object: { map: new Map([["password", "SECRET"]]), headers: { cookie: ["SECRET"] } },
        portfolios: [{ id: "SECRET" }],
        argv: ["--password", "SECRET"],
        json: JSON.stringify({ body: JSON.stringify({ clientSecret: "SECRET" }) })
      }
      const { spans } = yield* traced(
        Effect.gen(function*() {
          const span = yield* Effect.currentSpan
          span.event("event", 1n, attributes)
        }).pipe(Effect.orDie, Effect.withSpan("nested", { attributes })),
        { scrubber }
      )
      const { attributes: shown, events } = named(spans, "nested")
      const texts = JSON.stringify([shown, events[0]?.attributes])
      assert.include(texts, "redacted")
      assert.notInclude(texts, "SECRET")
    }))
})
