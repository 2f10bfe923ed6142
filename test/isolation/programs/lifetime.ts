// Builds, uses and closes the whole layer again and again, and tells as JSON what that leaves: needs `--expose-gc`.
import { ErrorTracking, Metrics, Observability, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as AsyncHooks from "node:async_hooks"
import * as DiagnosticsChannel from "node:diagnostics_channel"
import * as PerfHooks from "node:perf_hooks"
import * as Harness from "../../integration/Harness.ts"
import * as Books from "../support/Books.ts"
import type * as Lives from "../support/Lives.ts"
import * as Open from "../support/Open.ts"
import * as ProcessState from "../support/ProcessState.ts"

Open.watch()

/** Counts calls that take something and calls that give it back, on a prototype that all users share. */
const balance = <K extends string>(
  prototype: { [Name in K]: (...args: Array<never>) => unknown },
  take: K,
  give: K
) => {
  let held = 0
  let taken = 0
  const wrap = (name: K, change: number) => {
    const original = prototype[name]
    const counting = function(this: unknown, ...args: Array<never>) {
      held += change
      if (change > 0) taken++
      return original.apply(this, args)
    }
    prototype[name] = counting
  }
  wrap(take, 1)
  wrap(give, -1)
  return () => ({ held, taken })
}

const counts = {
  channels: balance(DiagnosticsChannel.Channel.prototype, "subscribe", "unsubscribe"),
  hooks: balance(Object.getPrototypeOf(AsyncHooks.createHook({})), "enable", "disable"),
  observers: balance(PerfHooks.PerformanceObserver.prototype, "observe", "disconnect")
}
const taken = () => ({ channels: counts.channels(), hooks: counts.hooks(), observers: counts.observers() })

const collect = globalThis.gc
if (collect === undefined) throw new Error("run with --expose-gc")

const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
)

const remembered: Array<WeakRef<object>> = []

/** What a life leaves to look at: services that have to go with it, and books that were closed with it. */
interface Used {
  readonly services: ReadonlyArray<object>
  readonly tracing: Tracing.Service
  readonly errors: ErrorTracking.Service
}

/** A program that serves: it is asked once, fails, and is scraped. */
const served = Effect.scoped(Effect.gen(function*() {
  const app = yield* Harness.start(env, { captureUncaught: true })
  yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}`, { connection: "close" })
  yield* app.scrape()
  const { errors, lines, metrics, tracing } = app
  return { services: [tracing, metrics, errors, lines], tracing, errors } satisfies Used
}))

const { console } = Harness.recordingConsole()

// Made once, as programs do: it must not hold on to the layers that it has served.
const capability = DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" })

/** A program that runs one job, which fails, and is asked for its metrics: with them, Node's are watched. */
const worked = Effect.gen(function*() {
  const tracing = yield* Tracing.Tracing
  const errors = yield* ErrorTracking.ErrorTracking
  const metrics = yield* Metrics.Metrics
  yield* Effect.logWarning("no prices")
  yield* Effect.fail(new Error("no prices")).pipe(
    capability,
    ErrorTracking.withBoundary("job"),
    Effect.ignore
  )
  yield* metrics.render("prometheus")
  return { services: [tracing, metrics, errors], tracing, errors } satisfies Used
}).pipe(
  Effect.provide(
    Layer.fresh(Observability.layer(DawsOs.vocabulary, { captureUncaught: true, logFormat: "json" })).pipe(
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
    )
  ),
  Effect.provideService(Console.Console, { ...console, log: () => {} })
)

const life = { served, worked }[String(process.argv[2])]
if (life === undefined) throw new Error("served or worked?")

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/** The turns in which Node closes what was given back; what is still there then goes by itself, if at all. */
const turns = 200

/** The heap after everything was collected that can be; what ends in later turns ends before. */
const heap = (untouched: ProcessState.ProcessState) =>
  Effect.gen(function*() {
    yield* ProcessState.settled(untouched, { turns })
    for (let n = 0; n < 5; n++) {
      collect()
      yield* turn
    }
    return process.memoryUsage().heapUsed
  })

const lives = Number(process.argv[3])
const every = Number(process.argv[4])

// Time for its end: a life that took less was cut off by no deadline.
const inTimeMillis = 3_000

/** The books of all lives, by where their spans and events go. */
const books: Record<string, Books.Book> = {}

/** Enters what became of the spans and events of one life; answers with how many were lost. */
const enter = ({ errors, tracing }: Used): number => {
  const { sinks, ended } = tracing.accounting()
  const { captured, dropped, queued, sent } = errors.accounting()
  const pages: ReadonlyArray<Books.Book & { readonly name: string }> = [
    ...sinks.map((sink) => ({
      name: sink.name,
      all: ended - sink.notSelected,
      sent: sink.exported,
      dropped: sink.dropped,
      waiting: sink.queued + sink.inFlight,
      resent: sink.delivery?.resent ?? 0
    })),
    { name: "events", all: captured, sent, dropped, waiting: queued, resent: 0 }
  ]
  for (const { name, ...page } of pages) books[name] = Books.add(books[name], page)
  return pages.reduce((lost, page) => lost + Books.lost(page), 0)
}

const report = Effect.gen(function*() {
  const untouched = ProcessState.now()
  const start = performance.now()
  const heaps: Array<number> = []
  const leftBehind: Array<Lives.Left> = []
  const lostInTime: Array<number> = []
  let inTime = 0
  const use = (n: number) =>
    Effect.map(life, (used) => {
      if (n % every === 0) remembered.push(...used.services.map((service) => new WeakRef(service)))
      return enter(used)
    })
  for (let n = 1; n <= lives; n++) {
    const before = performance.now()
    const lost = yield* use(n)
    if (performance.now() - before < inTimeMillis) {
      inTime++
      if (lost > 0) lostInTime.push(n)
    }
    const left = yield* ProcessState.settled(untouched, { turns })
    if (JSON.stringify(left) !== JSON.stringify(untouched)) leftBehind.push({ life: n, left })
    if (n % every === 0) heaps.push(yield* heap(untouched))
  }
  const millis = Math.round(performance.now() - start)
  const after = yield* ProcessState.settled(untouched)
  yield* heap(untouched)
  const alive = remembered.filter((service) => service.deref() !== undefined).length
  const watched = Open.watched()
  return {
    untouched,
    after,
    leftBehind,
    watched,
    books,
    inTime,
    lostInTime,
    taken: taken(),
    heaps,
    millis,
    remembered: remembered.length,
    alive
  } satisfies Lives.Report
})

process.stdout.write(`report: ${JSON.stringify(await Effect.runPromise(report))}\n`)
