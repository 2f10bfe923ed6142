/**
 * From the configured destination to the sinks.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Timers } from "../delivery/Timers.ts"
import type { Guard } from "../Guard.ts"
import type { ObservabilityConfig, TraceDestination } from "../ObservabilityConfig.ts"
import * as OtlpSink from "./OtlpSink.ts"
import type { SpanScrubber } from "./ScrubbedSpan.ts"
import * as SentrySink from "./SentrySink.ts"
import type { SpanSink } from "./SpanSink.ts"

/**
 * The sinks that a configuration asks for: its destination, and Sentry for its share of the traces, which their ids
 * decide where `trustTraceIds` says so.
 */
export const sinks = (
  config: Pick<ObservabilityConfig, "tracing" | "sentry">,
  guard: Guard,
  trustTraceIds = true,
  timers?: Timers
): Effect.Effect<ReadonlyArray<SpanSink>> =>
  Effect.gen(function*() {
    // A request gives up a little earlier than the queue does: it knows whether its body had left.
    const exportTimeout = Duration.times(config.tracing.queue.exportTimeout, 0.9)
    const made = [yield* destinationSink(config.tracing.destination, exportTimeout, guard, timers)]
    if (Option.isSome(config.sentry.dsn) && config.sentry.tracesSampleRate > 0) {
      const { dsn, tracesSampleRate } = config.sentry
      const sentry = SentrySink.make({
        dsn: dsn.value,
        sampleRate: tracesSampleRate,
        timeout: exportTimeout,
        guard,
        trustTraceIds
      })
      if (sentry === undefined) yield* Effect.logWarning("no spans go to Sentry: SENTRY_DSN names no project")
      else made.push(sentry)
    }
    return made
  })

const destinationSink = (
  destination: TraceDestination,
  timeout: Duration.Duration,
  guard: Guard,
  timers: Timers | undefined
): Effect.Effect<SpanSink> => {
  switch (destination._tag) {
    case "Otlp":
      return Effect.sync(() =>
        OtlpSink.make({
          name: "otlp",
          url: destination.url,
          headers: destination.headers,
          timeout: Duration.min(destination.timeout, timeout),
          guard,
          timers
        })
      )
    case "JaegerHttp":
      return Effect.map(
        loadJaeger,
        (JaegerSink) => JaegerSink.http({ url: destination.url, headers: destination.headers, timeout, guard, timers })
      )
    case "JaegerUdp":
      return Effect.map(loadJaeger, (JaegerSink) => JaegerSink.udp({ ...destination, guard }))
  }
}

// The Jaeger exporter brings a Thrift library and OpenTracing along: only for those who send Thrift.
const loadJaeger = Effect.promise(() => import("./JaegerSink.ts"))

/** A destination in words, without secrets. */
export const describe = (destination: TraceDestination, scrubber: SpanScrubber): string => {
  switch (destination._tag) {
    case "Otlp":
      return `${scrubber.text(destination.url)} as OTLP over HTTP`
    case "JaegerHttp":
      return `${scrubber.text(destination.url)} as Thrift over HTTP`
    case "JaegerUdp":
      return `${destination.host}:${destination.port} as Thrift over UDP (unacknowledged)`
  }
}
