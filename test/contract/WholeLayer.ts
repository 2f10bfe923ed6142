// The whole layer, live with a receiver at the end of the real exporters, and in a test; and what is left of a program
// that ran under either.
import { ErrorTracking, Guard, Metrics, Observability, type SpanSink, Tracing } from "@dawsos/observability"
import { TestErrors, TestTracing } from "@dawsos/observability/testing"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import type { ReceivedEvent } from "../../examples/receiver/SentryEnvelope.ts"
import * as Harness from "../integration/Harness.ts"

/** An event as both can tell of it. */
export interface SeenEvent {
  readonly exceptions: ReadonlyArray<{
    readonly type: string | undefined
    readonly value: string | undefined
    readonly handled: boolean
  }>
  readonly message: string | undefined
  readonly level: string
  readonly fingerprint: ReadonlyArray<string>
  readonly transaction: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly user: Readonly<Record<string, string>> | undefined
  readonly breadcrumbs: ReadonlyArray<{
    readonly category: string
    readonly message: string
    readonly level: string
    readonly data: unknown
  }>
  readonly extra: unknown
  readonly release: string | undefined
  readonly environment: string
  /** The name of the span that failed. */
  readonly span: string | undefined
}

/** What is left of a program that ran. */
export interface Ran<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly events: ReadonlyArray<SeenEvent>
  /** Names with their number, sorted. */
  readonly spans: ReadonlyArray<string>
  /** Values of the vocabulary's own metrics that are not 0. */
  readonly samples: ReadonlyArray<string>
  readonly errors: ErrorTracking.ErrorAccounting
  readonly tracing: ReturnType<Tracing.Service["accounting"]>
  readonly faults: (hook: Guard.Hook) => number
  readonly exposition: (format: Metrics.Format) => string
}

/** An implementation of the layer. */
export interface Subject {
  readonly name: "live" | "test"
  readonly run: <A, E>(
    vocabulary: Observability.Vocabulary,
    program: Effect.Effect<A, E, Observability.Services>,
    options?: { readonly sinks?: ReadonlyArray<SpanSink.SpanSink> }
  ) => Effect.Effect<Ran<A, E>>
}

const shown = ({ labels, name, value }: Metrics.Sample): string =>
  `${name}{${Object.entries(labels).map(([key, text]) => `${key}=${text}`).join()}} ${value}`

interface Read<A, E> extends Omit<Ran<A, E>, "events" | "spans"> {
  readonly samples: ReadonlyArray<string>
}

/** Runs the program, waits for everything to leave, and reads what any layer tells. */
const runAndRead = <A, E>(
  { catalogue }: Observability.Vocabulary,
  program: Effect.Effect<A, E, Observability.Services>
): Effect.Effect<Read<A, E>, never, Observability.Services> =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(program)
    const tracing = yield* Tracing.flush
    const errors = yield* Effect.flatMap(ErrorTracking.ErrorTracking, ({ flush }) => flush)
    const metrics = yield* Metrics.Metrics
    const guard = yield* Guard.CurrentGuard
    const samples = metrics.samples()
    const texts = {
      prometheus: yield* metrics.render("prometheus"),
      openmetrics: yield* metrics.render("openmetrics")
    }
    const counts = new Map(guard.faults())
    return {
      exit,
      tracing,
      errors,
      samples: samples
        .filter(({ name, value }) => value !== 0 && !name.startsWith(`${catalogue.prefix}_observability_`))
        .map(shown)
        .toSorted(),
      faults: (hook) => counts.get(hook) ?? 0,
      exposition: (format) => texts[format]
    }
  })

const counted = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(names)].map((name) => `${name} ${names.filter((each) => each === name).length}`).toSorted()

const service = { SERVICE_NAME: "test", SERVICE_VERSION: "0.0.0", ENVIRONMENT: "test" }

const ofPayload = (event: ReceivedEvent, nameOf: (spanId: string | undefined) => string | undefined): SeenEvent => {
  const payload = event.payload as unknown as Omit<SeenEvent, "exceptions" | "span"> & {
    readonly exception?: {
      readonly values: ReadonlyArray<{
        readonly type: string
        readonly value: string
        readonly mechanism: { readonly handled: boolean }
      }>
    }
  }
  return {
    exceptions: (payload.exception?.values ?? []).toReversed().map(({ mechanism, type, value }) => ({
      type,
      value,
      handled: mechanism.handled
    })),
    message: payload.message,
    level: payload.level,
    fingerprint: payload.fingerprint,
    transaction: payload.transaction,
    tags: payload.tags,
    user: payload.user,
    breadcrumbs: (payload.breadcrumbs ?? []).map(({ category, data, level, message }) => ({
      category,
      message,
      level,
      data
    })),
    extra: payload.extra ?? {},
    release: payload.release,
    environment: payload.environment,
    span: nameOf(event.spanId)
  }
}

const live: Subject = {
  name: "live",
  run: (vocabulary, program, options = {}) =>
    Effect.gen(function*() {
      const receiver = yield* Effect.orDie(Receiver.make())
      const env = { ...Harness.environment(receiver), ...service, SENTRY_TRACES_SAMPLE_RATE: "0" }
      const layer = Observability.layer(vocabulary, { ...options, logFormat: "json" }).pipe(
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
      )
      const read = yield* Effect.provide(runAndRead(vocabulary, program), layer)
      const spans = yield* receiver.spans
      const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name
      const events = (yield* receiver.events).map((event) => ofPayload(event, nameOf))
      return { ...read, events, spans: counted(spans.map(({ name }) => name)) }
    }).pipe(
      Effect.orDie,
      Effect.scoped,
      Effect.provideService(Console.Console, Harness.recordingConsole().console)
    )
}

const test: Subject = {
  name: "test",
  run: (vocabulary, program) =>
    Effect.gen(function*() {
      const read = yield* runAndRead(vocabulary, program)
      const spans = (yield* TestTracing.spans).filter(({ status }) => status !== "open")
      const events = (yield* TestErrors.events).map((event): SeenEvent => ({
        exceptions: event.exceptions.map(({ type, value }) => ({ type, value, handled: event.handled })),
        message: event.message,
        level: event.level,
        fingerprint: event.fingerprint,
        transaction: event.transaction,
        tags: event.tags,
        user: event.user === undefined ? undefined : JSON.parse(JSON.stringify(event.user)) as SeenEvent["user"],
        breadcrumbs: event.breadcrumbs.map(({ category, data, level, message }) => ({
          category,
          message,
          level,
          data
        })),
        extra: event.extra,
        release: event.release,
        environment: event.environment,
        span: spans.find(({ spanId }) => spanId === event.trace?.spanId)?.name
      }))
      return { ...read, events, spans: counted(spans.map(({ name }) => name)) }
    }).pipe(Effect.provide(Observability.layerTest(vocabulary)))
}

/** Both. */
export const subjects: readonly [live: Subject, test: Subject] = [live, test]
