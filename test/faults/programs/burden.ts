// Makes more spans and error events than any bound takes, to wherever the environment says, and tells what is held.
// With the argument `unflushed` nothing is flushed before the end.
import { ErrorTracking, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { performance } from "node:perf_hooks"

const rounds = 40

const env = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => value === undefined ? [] : [[name, value]])
)

const heap = Effect.sync(() => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
})

const round = (index: number) =>
  Effect.gen(function*() {
    for (let span = 0; span < 250; span++) {
      yield* Effect.withSpan(Effect.void, `span ${span}`, { attributes: { note: `${index} ${"x".repeat(1_000)}` } })
    }
    yield* ErrorTracking.captureException(new Error(`round ${index}`), { operation: `operation ${index}` })
  })

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const start = performance.now()
    yield* effect
    return performance.now() - start
  })

const used = await Effect.gen(function*() {
  for (let index = 0; index < rounds; index++) {
    yield* round(index)
    yield* Effect.sleep("10 millis")
  }
  const tracing = yield* Tracing.Tracing
  const tracking = yield* ErrorTracking.ErrorTracking
  const flushes = process.argv.includes("unflushed") ? [] : [tracing.flush, tracking.flush]
  const flush = yield* timed(Effect.all(flushes, { concurrency: "unbounded" }))
  return { heap: yield* heap, flush, spans: tracing.accounting(), events: tracking.accounting(), at: performance.now() }
}).pipe(
  Effect.provide(DawsOs.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))),
  Effect.provideService(References.MinimumLogLevel, "None"),
  Effect.runPromise
)
const { at, ...told } = used
const report = { ...told, shutdown: performance.now() - at }
process.stdout.write(`report: ${JSON.stringify(report)}\n`)
