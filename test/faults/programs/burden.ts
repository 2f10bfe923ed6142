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
  const { external, heapUsed } = process.memoryUsage()
  // Spans that wait for OTLP wait in a buffer.
  return heapUsed + external
})

/** As many events as a span holds: little when encoded, much in the heap. */
const eventful = Effect.gen(function*() {
  const span = yield* Effect.currentSpan
  for (let event = 0; event < 128; event++) span.event("line", BigInt(event), { event, ok: true })
}).pipe(Effect.withSpan("eventful"), Effect.orDie)

const round = (index: number) =>
  Effect.gen(function*() {
    for (let span = 0; span < 250; span++) {
      const noted = Effect.withSpan(Effect.void, `span ${span}`, {
        attributes: { note: `${index} ${"x".repeat(1_000)}` }
      })
      yield* span % 5 === 0 ? eventful : noted
    }
    yield* ErrorTracking.captureException(new Error(`round ${index}`), { operation: `operation ${index}` })
  })

/** What is promised of a flush and of an end, in milliseconds. */
const promised = 5_000

/** How late something ends, by a timer of our own: a machine that is busy makes that one late too. */
const deadline = () => {
  let due = Number.POSITIVE_INFINITY
  const start = performance.now()
  const timer = setTimeout(() => {
    due = performance.now()
  }, promised)
  return () => {
    clearTimeout(timer)
    const now = performance.now()
    return { millis: now - start, late: Math.max(0, now - due) }
  }
}

const used = await Effect.gen(function*() {
  for (let index = 0; index < rounds; index++) {
    yield* round(index)
    yield* Effect.sleep("10 millis")
  }
  const tracing = yield* Tracing.Tracing
  const tracking = yield* ErrorTracking.ErrorTracking
  const flushes = process.argv.includes("unflushed") ? [] : [tracing.flush, tracking.flush]
  const flushed = deadline()
  yield* Effect.all(flushes, { concurrency: "unbounded" })
  const flush = flushed()
  return { heap: yield* heap, flush, spans: tracing.accounting(), events: tracking.accounting(), closed: deadline() }
}).pipe(
  Effect.provide(DawsOs.layer.pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))),
  Effect.provideService(References.MinimumLogLevel, "None"),
  Effect.runPromise
)
const { closed, ...told } = used
const report = { ...told, shutdown: closed() }
process.stdout.write(`report: ${JSON.stringify(report)}\n`)
