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
import * as ProcessState from "../support/ProcessState.ts"

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
const taken = () => Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count()]))

const collect = globalThis.gc
if (collect === undefined) throw new Error("run with --expose-gc")

const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
)

const remembered: Array<WeakRef<object>> = []
const remember = (...services: ReadonlyArray<object>): void => {
  remembered.push(...services.map((service) => new WeakRef(service)))
}

/** A program that serves: it is asked once, fails, and is scraped. */
const served = (remembering: boolean) =>
  Effect.scoped(Effect.gen(function*() {
    const app = yield* Harness.start(env, { captureUncaught: true })
    if (remembering) remember(app.tracing, app.metrics, app.errors, app.lines)
    yield* app.get(`/api/metrics/${Harness.secrets.portfolioId}`, { connection: "close" })
    yield* app.scrape()
  }))

const { console } = Harness.recordingConsole()

// Made once, as programs do: it must not hold on to the layers that it has served.
const capability = DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" })

/** A program that runs one job, which fails. */
const worked = (remembering: boolean) =>
  Effect.gen(function*() {
    const services = [yield* Tracing.Tracing, yield* Metrics.Metrics, yield* ErrorTracking.ErrorTracking]
    if (remembering) remember(...services)
    yield* Effect.logWarning("no prices")
    yield* Effect.fail(new Error("no prices")).pipe(
      capability,
      ErrorTracking.withBoundary("job"),
      Effect.ignore
    )
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

/** The heap after everything was collected that can be; what ends in later turns ends before. */
const heap = (untouched: ProcessState.ProcessState) =>
  Effect.gen(function*() {
    yield* ProcessState.settled(untouched)
    for (let n = 0; n < 5; n++) {
      collect()
      yield* turn
    }
    return process.memoryUsage().heapUsed
  })

const lives = Number(process.argv[3])
const every = Number(process.argv[4])

const report = Effect.gen(function*() {
  const untouched = ProcessState.now()
  const start = performance.now()
  const heaps: Array<number> = []
  for (let n = 1; n <= lives; n++) {
    yield* life(n % every === 0)
    if (n % every === 0) heaps.push(yield* heap(untouched))
  }
  const millis = Math.round(performance.now() - start)
  const after = yield* ProcessState.settled(untouched)
  yield* heap(untouched)
  const alive = remembered.filter((service) => service.deref() !== undefined).length
  return { untouched, after, taken: taken(), heaps, millis, remembered: remembered.length, alive }
})

process.stdout.write(`report: ${JSON.stringify(await Effect.runPromise(report))}\n`)
