// Programs of spans, made up by chance: what the contract between our tracer and OpenTelemetry's is tried with.
import { Observation, Tracing } from "@dawsos/observability"
import * as Otel from "@opentelemetry/api"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as FastCheck from "fast-check"

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

type Attributes = Readonly<Record<string, unknown>>

/** A span and what happens in it. */
interface Spanned {
  readonly name: string
  readonly how: "withSpan" | "observed" | "scoped" | "unsampled" | "root" | "hidden" | "debug"
  readonly kind: Tracer.SpanKind
  readonly attributes: Attributes
  readonly links: ReadonlyArray<Attributes>
  readonly inside: ReadonlyArray<Step>
  readonly end: "success" | "failure" | "defect" | "interruption" | "several" | "nothing"
}

/** What happens, one after the other. */
export type Step =
  | { readonly _tag: "Span"; readonly span: Spanned }
  | { readonly _tag: "Attribute"; readonly key: string; readonly value: unknown; readonly times: number }
  | { readonly _tag: "Event"; readonly name: string; readonly attributes: Attributes; readonly times: number }
  | { readonly _tag: "Link"; readonly attributes: Attributes; readonly times: number }
  | { readonly _tag: "Annotated"; readonly attributes: Attributes; readonly inside: ReadonlyArray<Step> }
  | { readonly _tag: "Linked"; readonly attributes: Attributes; readonly inside: ReadonlyArray<Step> }
  | {
    readonly _tag: "Called"
    readonly traceId: string
    readonly sampled: boolean
    readonly inside: ReadonlyArray<Step>
  }
  | { readonly _tag: "Forked"; readonly inside: ReadonlyArray<Step> }
  | { readonly _tag: "Interrupted"; readonly span: Spanned }
  | { readonly _tag: "ThirdParty"; readonly name: string; readonly inside: ReadonlyArray<Step> }
  | { readonly _tag: "Untimed"; readonly inside: ReadonlyArray<Step> }
  | { readonly _tag: "Time"; readonly nanos: number }

const value: FastCheck.Arbitrary<unknown> = FastCheck.oneof(
  FastCheck.string({ maxLength: 12 }),
  FastCheck.double(),
  FastCheck.boolean(),
  FastCheck.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
  FastCheck.constantFrom<unknown>(
    undefined,
    null,
    [],
    ["a", "b"],
    [1, 2],
    [1, "b"],
    [null],
    { a: { b: [1] } },
    new Date(0)
  )
)

const key = FastCheck.constantFrom("a", "b", "c", "http.response.status_code", "test.status", "error.type", "")

const attributes = FastCheck.dictionary(key, value, { maxKeys: 4, noNullPrototype: true })

const traceIds = ["0af7651916cd43dd8448eb211c80319c", "8448eb211c80319c", "0".repeat(32), "none"]

// Many enough to come to a limit, now and then.
const times = FastCheck.oneof({ weight: 9, arbitrary: FastCheck.constantFrom(1, 2) }, {
  weight: 1,
  arbitrary: FastCheck.constantFrom(127, 128, 130)
})

const spanned = (depth: number): FastCheck.Arbitrary<Spanned> =>
  FastCheck.record({
    name: FastCheck.constantFrom("a", "b", "c", "GET"),
    how: FastCheck.constantFrom<Spanned["how"]>(
      "withSpan",
      "withSpan",
      "observed",
      "observed",
      "scoped",
      "unsampled",
      "root",
      "hidden",
      "debug"
    ),
    kind: FastCheck.constantFrom<Tracer.SpanKind>("internal", "server", "client", "producer", "consumer"),
    attributes,
    links: FastCheck.array(attributes, { maxLength: 2 }),
    inside: inside(depth - 1),
    end: FastCheck.constantFrom<Spanned["end"]>(
      "success",
      "success",
      "failure",
      "defect",
      "interruption",
      "several",
      "nothing"
    )
  })

const inside = (depth: number): FastCheck.Arbitrary<ReadonlyArray<Step>> =>
  FastCheck.array(depth <= 0 ? leaf : FastCheck.oneof(leaf, leaf, node(depth), node(depth)), { maxLength: 4 })

const leaf: FastCheck.Arbitrary<Step> = FastCheck.oneof(
  FastCheck.record({ _tag: FastCheck.constant("Attribute" as const), key, value, times }),
  FastCheck.record({
    _tag: FastCheck.constant("Event" as const),
    name: FastCheck.constantFrom("e", "f"),
    attributes,
    times
  }),
  FastCheck.record({ _tag: FastCheck.constant("Link" as const), attributes, times }),
  FastCheck.record({ _tag: FastCheck.constant("Time" as const), nanos: FastCheck.nat(2 ** 31 - 1) })
)

const node = (depth: number): FastCheck.Arbitrary<Step> =>
  FastCheck.oneof(
    { weight: 4, arbitrary: FastCheck.record({ _tag: FastCheck.constant("Span" as const), span: spanned(depth) }) },
    {
      weight: 1,
      arbitrary: FastCheck.record({ _tag: FastCheck.constant("Interrupted" as const), span: spanned(depth) })
    },
    {
      weight: 1,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constantFrom("Annotated" as const, "Linked" as const),
        attributes,
        inside: inside(depth - 1)
      })
    },
    {
      weight: 1,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("Called" as const),
        traceId: FastCheck.constantFrom(...traceIds),
        sampled: FastCheck.boolean(),
        inside: inside(depth - 1)
      })
    },
    {
      weight: 1,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constantFrom("Forked" as const, "Untimed" as const),
        inside: inside(depth - 1)
      })
    },
    {
      weight: 1,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("ThirdParty" as const),
        name: FastCheck.constantFrom("pg", "undici"),
        inside: inside(depth - 1)
      })
    }
  )

/** Any program. */
export const program: FastCheck.Arbitrary<ReadonlyArray<Step>> = inside(3)

const linked = Tracer.externalSpan({ traceId: "f".repeat(32), spanId: "e".repeat(16) })

const ends: Record<Spanned["end"], Effect.Effect<void, unknown>> = {
  success: Effect.void,
  failure: Effect.fail(new Refused({ message: "refused" })),
  defect: Effect.die(new RangeError("out of range")),
  interruption: Effect.interrupt,
  several: Effect.failCause(Cause.combine(Cause.interrupt(1), Cause.combine(Cause.fail("text"), Cause.die("gone")))),
  nothing: Effect.failCause(Cause.empty)
}

const observed = Observation.make<Spanned>({
  prefix: "test",
  span: ({ attributes, kind, name }) => ({ name, kind, attributes }),
  instruments: []
})

type Running = Effect.Effect<void, unknown, Tracing.Tracing>

const spanOf = (span: Spanned, body: Running): Running => {
  const { attributes, how, kind, name } = span
  const links = span.links.map((attributes) => ({ span: linked, attributes: { ...attributes } }))
  const options = { kind, links, attributes: { ...attributes } }
  switch (how) {
    case "withSpan":
      return Effect.withSpan(body, name, options)
    case "observed":
      return observed(body, span, { attributes: { observed: true } })
    case "scoped":
      return Effect.scoped(Effect.flatMap(
        Effect.makeSpanScoped(name, options),
        (made) => Effect.withParentSpan(body, made)
      ))
    case "unsampled":
      return Effect.withSpan(body, name, { ...options, sampled: false })
    case "root":
      return Effect.withSpan(body, name, { ...options, root: true })
    case "hidden":
      return Effect.withSpan(body, name, { ...options, annotations: Context.make(Tracer.DisablePropagation, true) })
    case "debug":
      return Effect.provideService(
        Effect.withSpan(body, name, { ...options, level: "Debug" }),
        Tracer.MinimumTraceLevel,
        "Info"
      )
  }
}

const spanAndAll = (span: Spanned): Effect.Effect<void, never, Tracing.Tracing> =>
  Effect.asVoid(Effect.exit(spanOf(span, Effect.andThen(all(span.inside), ends[span.end]))))

const onCurrent = (body: (span: Tracer.Span) => void, times: number): Effect.Effect<void> =>
  Effect.currentSpan.pipe(
    Effect.flatMap((span) =>
      Effect.sync(() => {
        for (let n = 0; n < times; n++) body(span)
      })
    ),
    Effect.ignore
  )

const toEffect = (step: Step): Effect.Effect<void, never, Tracing.Tracing> => {
  switch (step._tag) {
    case "Span":
      return spanAndAll(step.span)
    case "Attribute": {
      let n = 0
      return onCurrent(
        (span) => span.attribute(step.times === 1 ? step.key : `${step.key}${n++}`, step.value),
        step.times
      )
    }
    case "Event":
      return Effect.clockWith((clock) =>
        onCurrent((span) => span.event(step.name, clock.currentTimeNanosUnsafe(), { ...step.attributes }), step.times)
      )
    case "Link":
      return onCurrent((span) => span.addLinks([{ span: linked, attributes: { ...step.attributes } }]), step.times)
    case "Annotated":
      return Effect.annotateSpans(all(step.inside), { ...step.attributes })
    case "Linked":
      return Effect.linkSpans(all(step.inside), linked, { ...step.attributes })
    case "Called": {
      const { sampled, traceId } = step
      return Effect.withParentSpan(
        all(step.inside),
        Tracer.externalSpan({ traceId, spanId: "b7ad6b7169203331", sampled })
      )
    }
    case "Forked":
      return Effect.flatMap(Effect.forkChild(all(step.inside)), Fiber.join)
    case "Interrupted":
      return Effect.flatMap(
        Effect.forkChild(spanOf(step.span, Effect.andThen(all(step.span.inside), Effect.never)), {
          startImmediately: true
        }),
        Fiber.interrupt
      )
    case "ThirdParty":
      return Effect.gen(function*() {
        const tracer = yield* Tracing.tracer("third-party", "1.0.0")
        const context = yield* Effect.context<Tracing.Tracing>()
        tracer.startActiveSpan(step.name, { startTime: [1, 4] }, (span) => {
          const above = Otel.trace.getActiveSpan()
          above?.setAttribute("seen", true)
          // No parent of Effect's: the one that is active.
          Effect.runSyncExit(Effect.provide(all(step.inside.filter(isSynchronous)), withoutSpan(context)))
          span.end([1, 5])
        })
      })
    case "Untimed":
      return Effect.withTracerTiming(all(step.inside), false)
    case "Time":
      return TestClock.adjust(step.nanos / 1e6)
  }
}

const withoutSpan = (context: Context.Context<Tracing.Tracing>): Context.Context<Tracing.Tracing> =>
  Context.omit(Tracer.ParentSpan)(context) as Context.Context<Tracing.Tracing>

const isSynchronous = (step: Step): boolean => {
  switch (step._tag) {
    case "Forked":
    case "Interrupted":
    case "Time":
      return false
    case "Span":
      return step.span.inside.every(isSynchronous) && step.span.end !== "interruption"
    case "Attribute":
    case "Event":
    case "Link":
      return true
    default:
      return step.inside.every(isSynchronous)
  }
}

const all = (steps: ReadonlyArray<Step>): Effect.Effect<void, never, Tracing.Tracing> =>
  Effect.forEach(steps, toEffect, { discard: true })

/** Runs a program. */
export const run = all
