// The implementations of tracing, and what can be read back of either.
import { type Accounting, Guard, Scrubber, type SpanSink, Tracing } from "@dawsos/observability"
import { TestTracing } from "@dawsos/observability/testing"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as TracingLive from "../../src/tracing/TracingLive.ts"

/** A span as both implementations can tell of it. */
export interface Seen {
  readonly name: string
  readonly kind: string
  readonly parent: string | undefined
  /** The number of its trace, in the order in which traces appear. */
  readonly trace: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }>
  readonly links: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly millis: number
}

/** What is left of a program that ran. */
export interface Ran<A, E> {
  readonly exit: Exit.Exit<A, E>
  /** In the order in which they started. */
  readonly spans: ReadonlyArray<Seen>
  readonly accounting: Accounting.Accounting
  readonly faults: ReadonlyMap<Guard.Hook, number>
}

/** An implementation. */
export interface Subject {
  readonly name: string
  readonly run: <A, E>(program: Effect.Effect<A, E, Tracing.Tracing>, sampled?: boolean) => Effect.Effect<Ran<A, E>>
}

interface Raw extends Omit<Seen, "parent" | "trace"> {
  readonly spanId: string
  readonly parentId: string | undefined
  readonly traceId: string
}

// Stacks hold the names of files, and those of the two differ by nothing that a program would see.
const withoutStack = (attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) =>
      key === "exception.stacktrace" ? [key, String(value).split("\n")[0]] : [key, value]
    )
  )

const normalise = (raw: ReadonlyArray<Raw>): ReadonlyArray<Seen> => {
  const names = new Map(raw.map(({ name, spanId }) => [spanId, name]))
  const traces = [...new Set(raw.map(({ traceId }) => traceId))]
  return raw.map(({ parentId, spanId: _, traceId, ...span }) => ({
    ...span,
    parent: parentId === undefined ? undefined : names.get(parentId) ?? "elsewhere",
    trace: traces.indexOf(traceId),
    events: span.events.map(({ attributes, name }) => ({ name, attributes: withoutStack(attributes) }))
  }))
}

const guarded = <A, E, R>(effect: Effect.Effect<A, E, R>, guard: Guard.Guard): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Guard.CurrentGuard, guard)

const test: Subject = {
  name: "test",
  run: (program, sampled = true) => {
    const guard = Guard.make()
    return guarded(
      Effect.gen(function*() {
        const exit = yield* Effect.exit(program)
        const accounting = yield* Tracing.flush
        const ended = (yield* TestTracing.spans).filter(({ status }) => status !== "open")
        const spans = normalise(ended.map(({ duration, events, links, startTime: _, status: __, ...span }) => ({
          ...span,
          events,
          links: links.map(({ attributes }) => attributes),
          millis: Duration.toMillis(duration ?? Duration.zero)
        })))
        return { exit, spans, accounting, faults: guard.faults() }
      }).pipe(Effect.provide(TestTracing.layer({ prefix: "test", sampled }))),
      guard
    )
  }
}

const kinds = ["internal", "server", "client", "producer", "consumer"]

const millisOf = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e3 + nanos / 1e6

const ofReadable = (span: ReadableSpan): Raw => ({
  name: span.name,
  kind: kinds[span.kind] ?? "?",
  spanId: span.spanContext().spanId,
  traceId: span.spanContext().traceId,
  parentId: span.parentSpanContext?.spanId,
  attributes: { ...span.attributes },
  events: span.events.map(({ attributes = {}, name }) => ({ name, attributes })),
  links: span.links.map(({ attributes = {} }) => attributes),
  millis: millisOf(span.duration)
})

const live = (name: string, implementation: "own" | "opentelemetry"): Subject => ({
  name,
  run: (program, sampled = true) => {
    const guard = Guard.make()
    const order: Array<string> = []
    const exported: Array<ReadableSpan> = []
    const sink: SpanSink.SpanSink = {
      name: "memory",
      acknowledged: true,
      export: (batch) =>
        Effect.sync(() => {
          exported.push(...batch)
          return { accepted: batch.length, rejected: 0 }
        }),
      shutdown: Effect.void
    }
    // Ids in the order of starting: the one thing that an exported span does not tell.
    let started = 0
    const idGenerator = {
      generateTraceId: () => `${++started}`.padStart(32, "0"),
      generateSpanId: () => {
        const id = `${++started}`.padStart(16, "0")
        order.push(id)
        return id
      }
    }
    return guarded(
      Effect.gen(function*() {
        const exit = yield* Effect.exit(program)
        const accounting = yield* Tracing.flush
        const spans = normalise(
          exported
            .toSorted((a, b) => order.indexOf(a.spanContext().spanId) - order.indexOf(b.spanContext().spanId))
            .map(ofReadable)
        )
        return { exit, spans, accounting, faults: guard.faults() }
      }).pipe(
        Effect.provide(TracingLive.layer({
          config: {
            service: { name: "svc", version: "1.0.0", environment: "test", resourceAttributes: {} },
            tracing: {
              disabled: false,
              destination: { _tag: "Otlp", url: "http://127.0.0.1:9", headers: {}, timeout: Duration.seconds(1) },
              destinationReason: "a test",
              sampler: { _tag: sampled ? "AlwaysOn" : "AlwaysOff", parentBased: true },
              queue: {
                maxQueueSize: 4096,
                maxExportBatchSize: 512,
                scheduledDelay: Duration.seconds(5),
                exportTimeout: Duration.seconds(5)
              }
            },
            sentry: { dsn: Option.none(), tracesSampleRate: 0, profilesSampleRate: 0 }
          },
          scrubber: Scrubber.make(),
          sinks: [sink],
          idGenerator
        })),
        Effect.provideService(Tracing.TracerImplementation, implementation)
      ),
      guard
    )
  }
})

/** Every implementation. */
export const subjects: ReadonlyArray<Subject> = [
  live("live", "own"),
  live("live on OpenTelemetry's SDK", "opentelemetry"),
  test
]
