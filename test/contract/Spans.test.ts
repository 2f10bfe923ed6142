/**
 * Our tracer against `@effect/opentelemetry` on OpenTelemetry's SDK: the same programs, the same spans. What cannot be
 * compared is left out: random ids (their relations are compared) and all but the first line of a stack trace.
 */
import { type ObservabilityConfig, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as FastCheck from "fast-check"
import type { Options } from "../../src/tracing/TracingLive.ts"
import { config, traced } from "../tracing/harness.ts"
import * as SpanPrograms from "./SpanPrograms.ts"

const firstLine = (text: unknown): unknown => typeof text === "string" ? text.split("\n")[0] : text

/** Spans in the order in which they ended, ids by the order in which they appear. */
const told = (spans: ReadonlyArray<ReadableSpan>) => {
  const numbers = new Map<string, number>()
  const number = (id: string): number => {
    const known = numbers.get(id) ?? numbers.size
    numbers.set(id, known)
    return known
  }
  return spans.map((span) => {
    const { spanId, traceFlags, traceId, traceState } = span.spanContext()
    const parent = span.parentSpanContext
    return {
      name: span.name,
      kind: span.kind,
      trace: number(traceId),
      id: number(spanId),
      flags: traceFlags,
      state: traceState?.serialize(),
      parent: parent && {
        id: number(parent.spanId),
        trace: number(parent.traceId),
        flags: parent.traceFlags,
        isRemote: parent.isRemote === true
      },
      times: [span.startTime, span.endTime, span.duration],
      status: span.status,
      attributes: span.attributes,
      events: span.events.map(({ attributes = {}, droppedAttributesCount = 0, name, time }) => ({
        name,
        time,
        droppedAttributesCount,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([key, value]) => [
            key,
            key === "exception.stacktrace" ? firstLine(value) : value
          ])
        )
      })),
      links: span.links.map(({ attributes = {}, context, droppedAttributesCount = 0 }) => ({
        attributes,
        droppedAttributesCount,
        context: [context.traceId, context.spanId, context.traceFlags]
      })),
      dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
      scope: span.instrumentationScope.name,
      service: span.resource.attributes["service.name"]
    }
  })
}

const runWith = (
  implementation: "own" | "opentelemetry",
  program: Effect.Effect<void, never, Tracing.Tracing>,
  options: Partial<Options>
) =>
  Effect.runPromise(
    traced(program, options).pipe(
      Effect.provideService(Tracing.TracerImplementation, implementation),
      Effect.provide(TestClock.layer())
    )
  ).then(({ accounting: { ended, open, started, unsampled }, exit, guard, spans }) => ({
    exit: exit._tag,
    books: { started, open, unsampled, ended },
    faults: guard.faults().get("tracer"),
    spans: told(spans)
  }))

/** One after the other: what is process-wide belongs to the layer that came first. */
const compare = async (program: Effect.Effect<void, never, Tracing.Tracing>, options: Partial<Options>) => {
  const own = await runWith("own", program, options)
  assert.deepStrictEqual(own, await runWith("opentelemetry", program, options))
}

const samplers: ReadonlyArray<ObservabilityConfig.SamplerConfig> = [
  { _tag: "AlwaysOn", parentBased: true },
  { _tag: "AlwaysOn", parentBased: false },
  { _tag: "AlwaysOff", parentBased: true },
  { _tag: "AlwaysOff", parentBased: false },
  { _tag: "Ratio", ratio: 1, parentBased: true },
  { _tag: "Ratio", ratio: 0, parentBased: false }
]

describe("Our tracer and OpenTelemetry's", () => {
  it("export the same spans of any program, and keep the same books", () =>
    FastCheck.assert(
      FastCheck.asyncProperty(SpanPrograms.program, async (steps) => {
        await compare(SpanPrograms.run(steps), {})
      }),
      { numRuns: 150 }
    ))

  for (const trustRemoteSampled of [true, false]) {
    it(`sample alike, whatever the sampler, where callers are ${trustRemoteSampled ? "" : "not "}trusted`, () =>
      FastCheck.assert(
        FastCheck.asyncProperty(SpanPrograms.program, FastCheck.constantFrom(...samplers), async (steps, sampler) => {
          await compare(SpanPrograms.run(steps), { config: config({ sampler }), trustRemoteSampled })
        }),
        { numRuns: 60 }
      ))
  }
})
