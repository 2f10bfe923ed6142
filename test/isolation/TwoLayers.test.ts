import { Catalogue, ErrorTracking, Metrics, Observability, Observation, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Harness from "../integration/Harness.ts"
import * as ExpositionText from "../support/ExpositionText.ts"
import * as ProcessState from "./support/ProcessState.ts"

const third = Otel.trace.getTracer("third-party")
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Breadcrumb {
  readonly message: string
}

const observed = Observation.make<string>({
  prefix: "job",
  span: (name) => ({ name: `span of ${name}` }),
  instruments: []
})

/** A product under the whole layer, each signal sent to a receiver of its own, until it is closed. */
const start = Effect.fnUntraced(function*(name: string) {
  const receiver = yield* Receiver.make()
  const { console, lines } = Harness.recordingConsole()
  const done = Catalogue.counter({ name: `${name}_jobs_total`, help: "Jobs" })
  const catalogue = Catalogue.make({ prefix: name, metrics: { done } })
  const env = { ...Harness.environment(receiver), SERVICE_NAME: name }
  const scope = yield* Scope.fork(yield* Effect.scope)
  const context = yield* Layer.buildWithScope(
    Observability.layer({ catalogue }, { captureUncaught: true, logFormat: "json" }).pipe(
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
    ),
    scope
  ).pipe(Effect.provideService(Console.Console, console))
  const { host, port } = Option.getOrThrow(Context.get(context, Metrics.Metrics).address)

  /** A job that fails, with a third party's span in it, in every signal. */
  const work = (job: string) =>
    Effect.gen(function*() {
      ;(yield* Metrics.Metrics).counter(done, {}).increment()
      yield* Effect.logInfo(`log of ${job}`)
      yield* Effect.promise(() => turn().then(() => third.startSpan(`third of ${job}`).end()))
      return yield* Effect.fail(new Error(`failure of ${job}`))
    }).pipe(
      observed(job),
      ErrorTracking.withBoundary(`job ${job}`),
      Effect.ignore,
      Effect.provideContext(context),
      Effect.provideService(Console.Console, console)
    )

  const flush = Effect.gen(function*() {
    yield* Tracing.flush
    yield* Effect.flatMap(ErrorTracking.ErrorTracking, (errors) => errors.flush)
  }).pipe(Effect.provideContext(context))

  return {
    name,
    context,
    work,
    flush,
    /** What each event says of the steps before. */
    crumbs: Effect.map(
      receiver.events,
      (events) =>
        events.map(({ payload }) =>
          (payload["breadcrumbs"] as ReadonlyArray<Breadcrumb> | undefined)?.map(({ message }) => message)
        )
    ),
    /** Names of what has arrived, of the jobs' own lines, and the series of the jobs. */
    told: Effect.gen(function*() {
      yield* flush
      const spans = yield* receiver.spans
      const events = yield* receiver.events
      return {
        spans: spans.filter(({ signal }) => signal === "otlp").map((span) => span.name).toSorted(),
        services: [...new Set(spans.map((span) => span.resource["service.name"]))],
        events: events.map(({ payload }) => payload["transaction"]).toSorted(),
        lines: lines.map((line) => (JSON.parse(line) as Harness.Line).message)
          .filter((message) => message.startsWith("log of ")).toSorted()
      }
    }),
    page: Effect.promise(async () => {
      const text = await (await fetch(`http://${host}:${port}/metrics`, { headers: { connection: "close" } })).text()
      return ExpositionText.parse(text, "prometheus")
    }),
    isListening: Effect.promise(() =>
      fetch(`http://${host}:${port}/healthz`, { headers: { connection: "close" } }).then(
        (response) => response.ok,
        () => false
      )
    ),
    close: Scope.close(scope, Exit.void)
  }
})

type Product = Effect.Success<ReturnType<typeof start>>

const jobs = (...names: ReadonlyArray<string>) => ({
  spans: names.flatMap((name) => [`span of ${name}`, `third of ${name}`]).toSorted(),
  events: names.map((name) => `job ${name}`).toSorted(),
  lines: names.map((name) => `log of ${name}`).toSorted()
})

const families = (page: ExpositionText.Exposition): ReadonlyArray<string> => [...page.families.keys()]

/** What the two share is process-wide, and no more than this. */
const processWide = (
  { fibersAreFollowed, listeners, openTelemetry, runtimeMetrics }: ProcessState.ProcessState
) => ({
  uncaught: listeners["uncaughtException"] ?? 0,
  openTelemetry,
  runtimeMetrics,
  fibersAreFollowed
})

const inside = (value: unknown): ReadonlyArray<unknown> => value instanceof Set ? [...value] : [value]

describe("two live layers in one process", () => {
  it.live("share no service, reporter, logger, tracer or listener", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* start("one"), yield* start("two")]
      const own = new Set(
        [...one.context.mapUnsafe.values()].flatMap(inside).filter((value) => typeof value === "object")
      )
      assert.isAtLeast(own.size, 8)
      for (const [key, value] of two.context.mapUnsafe) {
        for (const part of inside(value)) assert.isFalse(own.has(part as object), key)
      }
      yield* Effect.all([one.close, two.close])
    }))

  const orders = [{ first: "the older one", olderFirst: true }, { first: "the newer one", olderFirst: false }]
  it.live.each(orders)(
    "keep their signals apart, and each goes on when $first is gone",
    ({ olderFirst }) =>
      Effect.gen(function*() {
        const before = processWide(ProcessState.now())
        assert.deepStrictEqual(before.openTelemetry, [])
        const [older, newer] = [yield* start("older"), yield* start("newer")]
        assert.deepStrictEqual(processWide(ProcessState.now()), {
          uncaught: before.uncaught + 2,
          openTelemetry: ["context", "propagation", "trace"],
          runtimeMetrics: before.runtimeMetrics + 2,
          fibersAreFollowed: true
        })

        yield* Effect.all([older.work("a"), newer.work("b"), older.work("c")], { concurrency: 3 })
        const told = (product: Product, ...names: ReadonlyArray<string>) =>
          Effect.map(product.told, (actual) => {
            assert.deepStrictEqual(actual, { ...jobs(...names), services: [product.name] })
          })
        yield* told(older, "a", "c")
        yield* told(newer, "b")
        const shows = (product: Product, count: number) =>
          Effect.map(product.page, (page) => {
            assert.strictEqual(page.value(`${product.name}_jobs_total`), count)
            assert.strictEqual(page.value(`${product.name}_observability_spans_started_total`), 2 * count)
            assert.strictEqual(page.value(`${product.name}_observability_events_captured_total`), count)
            const other = product === older ? newer.name : older.name
            assert.deepStrictEqual(families(page).filter((name) => name.startsWith(`${other}_`)), [])
            // The process-wide part: Node's own, for each of them, as long as it lives.
            assert.include(families(page), "nodejs_eventloop_lag_seconds")
            assert.include(families(page), "process_cpu_seconds_total")
          })
        yield* shows(older, 2)
        yield* shows(newer, 1)

        const [gone, left] = olderFirst ? [older, newer] : [newer, older]
        yield* gone.close
        assert.isFalse(yield* gone.isListening)
        assert.isTrue(yield* left.isListening)
        assert.deepStrictEqual(processWide(ProcessState.now()), {
          uncaught: before.uncaught + 1,
          openTelemetry: ["context", "propagation", "trace"],
          runtimeMetrics: before.runtimeMetrics + 1,
          fibersAreFollowed: true
        })
        yield* left.work("d")
        // A span of nobody's program belongs to whichever layer is there.
        yield* Effect.sync(() => third.startSpan("of nobody").end())
        const names = olderFirst ? ["b", "d"] : ["a", "c", "d"]
        const all = yield* left.told
        assert.deepStrictEqual(all, {
          ...jobs(...names),
          spans: [...jobs(...names).spans, "of nobody"].toSorted(),
          services: [left.name]
        })
        assert.strictEqual((yield* left.page).value(`${left.name}_jobs_total`), names.length)

        // Work in the name of the one that is gone harms nobody: it is written in its books, and goes nowhere.
        yield* gone.work("e")
        assert.deepStrictEqual(yield* left.told, all)
        const ended = olderFirst ? ["a", "c"] : ["b"]
        const late = { ...jobs(...ended), lines: [...jobs(...ended).lines, "log of e"] }
        assert.deepStrictEqual(yield* gone.told, { ...late, services: [gone.name] })
        const { sinks } = Context.get(gone.context, Tracing.Tracing).accounting()
        assert.deepStrictEqual(sinks.map(({ dropped }) => dropped.shutdown), [2, 2])
        assert.strictEqual(Context.get(gone.context, ErrorTracking.ErrorTracking).accounting().dropped.shutdown, 1)

        yield* left.close
        assert.isFalse(yield* left.isListening)
        assert.deepStrictEqual(processWide(ProcessState.now()), before)
        assert.isFalse(third.startSpan("nobody is there").isRecording())
      })
  )

  it.live("keep their signals apart where one is built inside the other", () =>
    Effect.gen(function*() {
      const outer = yield* start("outer")
      const inner = yield* Effect.provideContext(start("inner"), outer.context)
      yield* inner.work("a")
      yield* outer.work("b")
      assert.deepStrictEqual(yield* inner.told, { ...jobs("a"), services: ["inner"] })
      assert.deepStrictEqual(yield* outer.told, { ...jobs("b"), services: ["outer"] })
      assert.deepStrictEqual(yield* inner.crumbs, [["span of a"]])
      assert.deepStrictEqual(yield* outer.crumbs, [["span of b"]])
    }))
})
