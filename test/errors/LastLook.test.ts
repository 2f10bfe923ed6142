// What of an event is looked at a last time before it leaves: what was added to it after it was scrubbed.
import { Guard } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Sentry from "@sentry/node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import type { ErrorEvent } from "../../src/errors/ErrorEvent.ts"
import * as EventSink from "../../src/errors/EventSink.ts"
import * as SentryEvent from "../../src/errors/SentryEvent.ts"
import * as SentrySink from "../../src/errors/SentrySink.ts"
import * as FakeSentry from "./FakeSentry.ts"

/** An event that has something in each of its parts. */
const full = (): ErrorEvent => ({
  id: crypto.randomUUID().replaceAll("-", ""),
  timestamp: 1_000,
  level: "error",
  message: "boom",
  exceptions: [
    {
      type: "PriceMissing",
      value: "no price",
      stack: "    at quote (file:///srv/app/src/quote.ts:1:2)\n    at async file:///srv/app/src/main.ts:3:4",
      parent: undefined,
      source: undefined
    },
    { type: "Error", value: "ECONNRESET", stack: undefined, parent: 0, source: "cause" }
  ],
  handled: true,
  fingerprint: ["PriceMissing", "quote"],
  operation: "quote",
  transaction: "GET /v1/quote",
  trace: { traceId: "0123456789abcdef0123456789abcdef", spanId: "0123456789abcdef" },
  user: { id: "2bd806c9", role: "analyst", email: "jane@example.org" },
  tags: { operation: "quote", user: "2bd806c9" },
  extra: { error: { symbol: "AAPL" } },
  breadcrumbs: [{ category: "db", message: "SELECT", level: "info", timestamp: 900, data: { table: "prices" } }],
  release: "shop@1.2.3",
  environment: "staging"
})

const shout = (text: string): string => text.toUpperCase()

const sending = Effect.fnUntraced(function*(event: ErrorEvent, options?: Partial<SentrySink.Options>) {
  const sentry = yield* FakeSentry.make
  const sink = SentrySink.make({
    dsn: sentry.dsn,
    program: { release: "shop@1.2.3", environment: "staging" },
    guard: Guard.make(),
    scrubText: (text) => text,
    // However busy the machine is.
    timeout: Duration.minutes(1),
    ...options
  })
  yield* Effect.addFinalizer(() => sink.close)
  yield* sink.startProfiling
  assert.deepStrictEqual(yield* sink.send(event), EventSink.sent)
  return sentry.envelopes[0]!.items[0]!.payload
})

/** Adds a processor to the scope that all share, for as long as the test runs. */
const processor = (process: (event: Sentry.Event) => Sentry.Event) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      Sentry.getGlobalScope().addEventProcessor(process)
    }),
    () =>
      Effect.sync(() => {
        const { eventProcessors } = Sentry.getGlobalScope().getScopeData()
        eventProcessors.splice(eventProcessors.indexOf(process), 1)
      })
  )

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("the last look at an event", () => {
  it.live("is at all that the SDK adds, and this is all of it: what comes with an update of the SDK fails here", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const event = full()
      const payload = yield* sending(event, {
        scrubText: (text) => {
          seen.push(text)
          return shout(text)
        }
      })
      assert.deepStrictEqual(seen, ["node", process.version])
      const { contexts, sdk, ...others } = payload
      assert.deepStrictEqual(contexts, {
        trace: { trace_id: event.trace!.traceId, span_id: event.trace!.spanId },
        runtime: { name: "NODE", version: process.version.toUpperCase() }
      })
      // Put in on the envelope, and the same for all.
      assert.deepStrictEqual(sdk, {
        name: "sentry.javascript.node",
        version: Sentry.SDK_VERSION,
        integrations: [],
        packages: [{ name: "npm:@sentry/node", version: Sentry.SDK_VERSION }],
        settings: { infer_ip: "never" }
      })
      const parse = SentryEvent.rememberingParser(Sentry.defaultStackParser)
      assert.deepStrictEqual(others, json(SentryEvent.make(event, parse)))
    }).pipe(Effect.scoped))

  it.live("is at everything once a program has added a processor of its own to the SDK", () =>
    Effect.gen(function*() {
      yield* processor((event) => {
        event.breadcrumbs![0]!.data!["table"] = "added"
        event.exception!.values![0]!.stacktrace!.frames![0]!.vars = { token: "added" }
        return event
      })
      const payload = yield* sending(full(), { scrubText: shout })
      const shown = JSON.stringify(payload)
      assert.include(shown, "ADDED")
      assert.notInclude(shown, "added")
      assert.include(shown, "ECONNRESET")
      assert.include(shown, "NO PRICE")
    }).pipe(Effect.scoped))

  it.live("is at everything where an integration has the client in its hands", () =>
    Effect.gen(function*() {
      const integration = {
        name: "Adds",
        setup: (client: Sentry.NodeClient) => {
          client.on("preprocessEvent", (event) => {
            event.exception!.values![0]!.value = "added"
          })
        },
        _profiler: { start: () => undefined, stop: () => undefined }
      }
      const payload = yield* sending(full(), {
        scrubText: shout,
        loadProfiling: () => Promise.resolve({ nodeProfilingIntegration: () => integration } as never)
      })
      assert.include(JSON.stringify(payload), "ADDED")
      assert.notInclude(JSON.stringify(payload), "added")
    }).pipe(Effect.scoped))

  it.live("reads whatever a processor adds, and lets the event go on", () =>
    Effect.gen(function*() {
      const circle: Record<string, unknown> = { name: "circle" }
      circle["self"] = circle
      yield* processor((event) => ({
        ...event,
        extra: {
          error: {
            circle,
            date: new Date(0),
            large: 1n,
            get throws() {
              throw new Error("unreadable")
            },
            toJSON: undefined
          }
        },
        tags: { operation: "added" }
      }))
      const payload = yield* sending(full(), { scrubText: shout })
      assert.deepStrictEqual(payload["tags"], { operation: "ADDED" })
      assert.include(JSON.stringify(payload), "1970-01-01T00:00:00.000Z")
    }).pipe(Effect.scoped))

  it.live("goes so deep into what a processor adds, and shows nothing of what is deeper", () =>
    Effect.gen(function*() {
      let deep: unknown = "bottom"
      for (let i = 0; i < 1_000; i++) deep = { deep }
      yield* processor((event) => ({ ...event, extra: { error: deep } }))
      const shown = JSON.stringify(yield* sending(full(), { scrubText: shout }))
      assert.include(shown, "[Object]")
      assert.notMatch(shown, /bottom/i)
    }).pipe(Effect.scoped))
})

describe("the data of an event", () => {
  it("is as deep as the SDK would show it", () => {
    // As its own client does it, which sends nothing here.
    const client = new Sentry.NodeClient({
      dsn: "https://public@sentry.example/1",
      integrations: [],
      stackParser: Sentry.defaultStackParser,
      enableRuntimeChannelInjection: false,
      transport: () => ({ send: () => Promise.resolve({}), flush: () => Promise.resolve(true) }),
      beforeSend: (event) => {
        shown = event
        return null
      }
    })
    let shown: Sentry.Event = {}
    // The SDK would set a prototype by this name.
    const plain = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 }))
      .filter((extra) => !JSON.stringify(extra).includes("\"__proto__\""))
    fc.assert(fc.property(plain, (extra) => {
      const event: ErrorEvent = { ...full(), extra, breadcrumbs: [{ ...full().breadcrumbs[0]!, data: extra }] }
      const made = SentryEvent.make(event, () => [])
      client.captureEvent({ extra, breadcrumbs: [{ data: extra }] })
      assert.deepStrictEqual(made.extra, shown.extra)
      assert.deepStrictEqual(made.breadcrumbs![0]!.data, shown.breadcrumbs![0]!.data)
    }))
    client.dispose()
  })

  it("sets no prototype", () => {
    const extra = JSON.parse("{\"a\":{\"__proto__\":[1]}}") as ErrorEvent["extra"]
    const made = SentryEvent.make({ ...full(), extra }, () => [])
    const a = made.extra!["a"] as object
    assert.strictEqual(Object.getPrototypeOf(a), Object.prototype)
    assert.strictEqual(JSON.stringify(a), "{\"__proto__\":[1]}")
  })

  it("is not that of the event itself, which may be sent again", () => {
    const event = full()
    const made = SentryEvent.make(event, SentryEvent.rememberingParser(Sentry.defaultStackParser))
    const before = structuredClone(event)
    ;(made.extra!["error"] as Record<string, unknown>)["symbol"] = "changed"
    made.breadcrumbs![0]!.data!["table"] = "changed"
    made.tags!["operation"] = "changed"
    assert.deepStrictEqual(event, before)
  })

  it("has frames of its own, although a stack is read once", () => {
    let read = 0
    const parse = SentryEvent.rememberingParser((stack) => {
      read++
      return Sentry.defaultStackParser(stack)
    })
    const [first, second] = [SentryEvent.make(full(), parse), SentryEvent.make(full(), parse)]
    assert.strictEqual(read, 1)
    first.exception!.values![1]!.stacktrace!.frames![0]!.vars = { changed: true }
    assert.deepStrictEqual(
      second.exception!.values![1]!.stacktrace!.frames!.map(({ vars }) => vars),
      [undefined, undefined]
    )
  })
})
