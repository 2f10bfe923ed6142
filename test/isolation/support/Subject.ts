// The live parts of the layer, whose signals end in memory, without the limits that a minute of events has.
import { Catalogue, ErrorTracking, Guard, Observation, Scrubber, type SpanSink } from "@dawsos/observability"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as TestErrors from "../../../src/errors/TestErrors.ts"
import * as Logging from "../../../src/logging/Logging.ts"
import type { LogLine } from "../../../src/logging/LogLine.ts"
import * as MetricsLive from "../../../src/metrics/MetricsLive.ts"
import * as TracingLive from "../../../src/tracing/TracingLive.ts"
import * as Harness from "../../tracing/harness.ts"

const { Label } = Catalogue

/** Requests are told apart by what they leave; of metrics they leave a class, since labels are bounded. */
export const classes = 20

export const classOf = (n: number): string => `class ${n % classes}`

const labels = { class: Label.bounded(), step: Label.bounded() }

export const metrics = {
  steps: Catalogue.counter({
    name: "isolation_steps_total",
    help: "Steps of requests",
    labels: { ...labels, status: Label.oneOf(...Observation.statuses) }
  }),
  seconds: Catalogue.histogram({
    name: "isolation_step_duration_seconds",
    help: "How long steps take",
    unit: "seconds",
    labels: { class: Label.bounded() },
    buckets: [0.1, 1, 10],
    bucketsReason: "a test"
  })
}

/** A step of a request: a span, counts of its class, a breadcrumb at its end. */
export const observed = Observation.make<{ readonly step: string; readonly n: number }>({
  prefix: "isolation",
  span: ({ n, step }) => ({ name: `${step} of ${n}`, attributes: { "isolation.request": n } }),
  instruments: [
    Observation.count(metrics.steps, ({ n, step }, status) => ({ class: classOf(n), step, status })),
    Observation.time(metrics.seconds, ({ n }) => ({ class: classOf(n) }))
  ]
})

/** What left, and what went wrong in the layer. */
export interface Left {
  readonly spans: ReadonlyArray<ReadableSpan>
  readonly lines: ReadonlyArray<LogLine>
  readonly guard: Guard.Guard
}

const service = { name: "isolation", version: "0.0.0", environment: "test" }
const endless = 10_000_000

/** A layer and what leaves it; each call makes another. */
export const make = (catalogue: Catalogue.Catalogue = Catalogue.make({ prefix: "isolation", metrics })) => {
  const guard = Guard.make()
  const scrubber = Scrubber.make()
  const lines: Array<LogLine> = []
  const spans = Harness.memory()
  const limits = { perFingerprint: endless, perMinute: endless, queue: endless }
  const config = Harness.config()
  const queue = { ...config.tracing.queue, maxQueueSize: endless }
  const layer = TestErrors.layer({ limits }).pipe(
    Layer.provideMerge(TracingLive.layer({
      config: { ...config, tracing: { ...config.tracing, queue } },
      scrubber,
      sinks: [spans satisfies SpanSink.SpanSink],
      limits: { maxQueueBytes: Infinity }
    })),
    Layer.provideMerge(MetricsLive.layer({
      catalogue,
      scrubber,
      config: { host: "127.0.0.1", port: 0, token: Option.none() }
    })),
    Layer.provideMerge(
      Logger.layer([Logging.makeLogger({ scrubber, service }, guard, (line) => void lines.push(line))])
    ),
    Layer.provideMerge(Layer.mergeAll(
      Layer.succeed(Guard.CurrentGuard, guard),
      Layer.succeed(Scrubber.CurrentScrubber, scrubber)
    ))
  )
  const left: Left = { spans: spans.spans, lines, guard }
  return { layer: Layer.fresh(layer), left }
}

/** Flushes until nothing waits: a flush ends at its deadline, and a machine may be busy. */
export const flushed: Effect.Effect<ErrorTracking.ErrorAccounting, never, ErrorTracking.ErrorTracking> = Effect.gen(
  function*() {
    const errors = yield* ErrorTracking.ErrorTracking
    let events = yield* errors.flush
    while (events.queued > 0) events = yield* errors.flush
    return events
  }
)
