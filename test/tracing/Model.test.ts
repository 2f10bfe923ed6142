/**
 * Random lives of a pipeline, compared with a model that knows nothing but sets.
 */
import { Accounting, SpanSink } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Limits from "../../src/tracing/Limits.ts"
import { SpanArena } from "../../src/tracing/SpanArena.ts"
import { flushBudget, shutdownReserve } from "../../src/tracing/SpanPipeline.ts"
import * as SpanSize from "../../src/tracing/SpanSize.ts"
import { encoding, idsOf, memory, pipelineOf } from "./harness.ts"
import { type Answer, type Measure, ofRecord, SinkModel } from "./SinkModel.ts"
import * as WholeRequest from "./WholeRequest.ts"

const limits: Limits.Limits = {
  ...Limits.defaults,
  maxQueueSize: 12,
  maxQueueBytes: 32_000,
  maxExportBatchSize: 5,
  maxRequestBytes: 12_000,
  // No two of the times are the same, so that one order of events is right.
  scheduledDelay: 3_001,
  exportTimeout: 20_011
}

const padding = { small: 0, large: 5_000, oversized: 13_000 }

const errors: Readonly<Partial<Record<Answer, Omit<ConstructorParameters<typeof SpanSink.SpanSinkError>[0], "sink">>>> =
  {
    "400": { reason: "rejected", retryable: false, message: "HTTP 400" },
    "413": { reason: "too_large", retryable: false, message: "HTTP 413" },
    "413 above two": { reason: "too_large", retryable: false, message: "HTTP 413" },
    "503": { reason: "rejected", retryable: true, message: "HTTP 503" },
    "429 in 7 s": { reason: "rejected", retryable: true, message: "HTTP 429", retryAfter: Duration.seconds(7) },
    "unreachable": { reason: "unreachable", retryable: true, message: "refused" },
    "lost": { reason: "timeout", retryable: true, message: "reset" }
  }

type Mode = Answer | "hang"

/** How the spans of a sink wait. */
type Kind = "records" | "bytes"

const { encoder } = encoding(memory())

const ofBytes: Measure = (span) => {
  const bytes = new SpanArena(0).write(encoder.encode, span)
  return { bytes, room: bytes + SpanSize.encodedEntry }
}

/** A sink that answers as it is told, and its model. */
const scripted = (name: string, now: () => number, kind: Kind) => {
  const model = new SinkModel(limits, now, kind === "bytes" ? ofBytes : ofRecord)
  let hanging: ((answer: Answer) => void) | undefined
  const state: { mode: Mode } = { mode: "accept" }
  const reply = (count: number, mode: Answer) => {
    const answer = mode === "413 above two" && count <= 2 ? "accept" : mode
    model.answered(answer)
    if (answer === "throw") throw new Error("broken")
    const error = errors[answer]
    if (error !== undefined) return new SpanSink.SpanSinkError({ sink: name, ...error })
    const rejected = answer === "reject one" ? 1 : 0
    return Effect.succeed({ accepted: count - rejected, rejected })
  }
  const take = (ids: () => ReadonlyArray<string>, count: number) => {
    const sent = ids()
    assert.strictEqual(sent.length, count)
    model.sending(sent)
    if (state.mode !== "hang") return reply(count, state.mode)
    const end = Deferred.makeUnsafe<Answer>()
    hanging = (answer) => {
      hanging = undefined
      Deferred.doneUnsafe(end, Effect.succeed(answer))
    }
    return Effect.flatMap(Deferred.await(end), (answer) => {
      // What is on its way is what it was, whatever came to the queue meanwhile.
      assert.deepStrictEqual(ids(), sent)
      return reply(count, answer)
    }).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          hanging = undefined
          model.answered("lost")
        })
      )
    )
  }
  const sink: SpanSink.SpanSink = {
    name,
    acknowledged: true,
    export: (batch) => take(() => batch.map((span) => span.spanContext().spanId), batch.length),
    encoder: kind === "bytes"
      ? { ...encoder, export: (batch) => take(() => idsOf(WholeRequest.of(batch)), batch.spans.length) }
      : undefined,
    shutdown: Effect.void
  }
  return { model, sink, state, answer: (answer: Answer) => hanging?.(answer) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

interface Step {
  readonly kind: "start" | "start unsampled" | "end" | "fault" | "answer" | "flush" | "pass" | "shutdown"
  readonly count: number
  readonly size: keyof typeof padding
  readonly failed: boolean
  readonly mode: Mode
  readonly sink: 0 | 1
  readonly millis: number
}

const answers: ReadonlyArray<Answer> = [
  "accept",
  "reject one",
  "400",
  "413",
  "413 above two",
  "503",
  "429 in 7 s",
  "unreachable",
  "lost",
  "throw"
]

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("end" as const) },
    { weight: 2, arbitrary: fc.constant("start" as const) },
    { weight: 6, arbitrary: fc.constant("pass" as const) },
    { weight: 3, arbitrary: fc.constantFrom("fault" as const, "answer" as const, "flush" as const) },
    { weight: 1, arbitrary: fc.constant("start unsampled" as const) }
  ),
  count: fc.integer({ min: 1, max: 9 }),
  size: fc.constantFrom("small", "small", "small", "large", "oversized"),
  failed: fc.boolean(),
  mode: fc.oneof(fc.constantFrom(...answers), fc.constantFrom<Mode>("accept", "hang", "503", "unreachable")),
  sink: fc.constantFrom(0, 1),
  millis: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 40_000 }))
})

/** Lives one life, and says what happened in it. */
const live = async (steps: ReadonlyArray<Step>, shutdownAt: number) => {
  let now = (): number => 0
  const sinks = [scripted("left", () => now(), "records"), scripted("right", () => now(), "bytes")] as const
  const { circuits, guard, pipeline, timers, tracer, unsampled } = pipelineOf(
    sinks.map(({ sink }) => sink),
    limits,
    undefined,
    () => assert.deepStrictEqual(Accounting.imbalances(pipeline.accounting()), [])
  )
  now = timers.now
  const counts = { started: 0, unsampled: 0, ended: 0 }
  const open: Array<Otel.Span> = []
  const check = () => {
    const accounting = pipeline.accounting()
    assert.deepStrictEqual(Accounting.imbalances(accounting), [])
    assert.isUndefined(guard.last("logger"), "the books are true for those who are told of an export or a circuit")
    assert.deepInclude(accounting, { ...counts, open: open.length })
    for (const [index, { model }] of sinks.entries()) {
      model.timePassed()
      const books = accounting.sinks[index]
      assert(books?.delivery !== undefined)
      assert.deepInclude(books, model.books())
      assert.deepInclude(books.delivery, { bytes: model.bytes, circuit: model.circuit })
      assert.isAtMost(model.bytes, limits.maxQueueBytes)
      assert.isAtMost(books.queued + books.inFlight, limits.maxQueueSize)
    }
  }
  const turn = async () => {
    await settled()
    timers.advance(0)
    await settled()
    timers.advance(0)
  }
  const rest = async () => {
    await turn()
    check()
  }
  const start = ({ failed, size }: Pick<Step, "failed" | "size">) => {
    counts.started++
    const span = tracer.startSpan("span", { attributes: { padding: "x".repeat(padding[size]) } })
    if (failed) span.setStatus({ code: Otel.SpanStatusCode.ERROR })
    open.push(span)
  }
  const end = (span: Otel.Span) => {
    counts.ended++
    // The model has to hear of it first: a full queue may answer at once.
    for (const { model } of sinks) model.ended(span as unknown as ReadableSpan)
    span.end()
    // The model takes each when it ends; who looks at the books lets the pipeline do the same.
    pipeline.accounting()
  }
  const pass = async (millis: number) => {
    // Not in one go: what happens on the way takes promises.
    const until = timers.now() + millis
    while (timers.now() < until) {
      timers.advance(Math.min(250, until - timers.now()))
      sinks.forEach(({ model }) => model.timePassed())
      await settled()
    }
    timers.advance(0)
  }
  const shutDown = async () => {
    for (const { model } of sinks) model.close(flushBudget - shutdownReserve)
    let over = false
    const shutdown = Effect.runPromise(pipeline.shutdown)
    void shutdown.finally(() => {
      over = true
    })
    await turn()
    // What hung all through a flush is not waited for: the end may be over at once.
    if (!over) {
      check()
      await pass(flushBudget)
    }
    const accounting = await shutdown
    for (const { model } of sinks) model.abort()
    check()
    return accounting
  }
  for (const [index, { count, failed, kind, millis, mode, sink, size }] of steps.entries()) {
    if (index === shutdownAt) await shutDown()
    if (kind === "start") start({ failed, size })
    else if (kind === "start unsampled") {
      counts.started++
      counts.unsampled++
      unsampled.startSpan("unsampled").end()
    } else if (kind === "end") {
      for (let made = 0; made < count; made++) {
        if (open.length === 0 || made % 2 === 1) start({ failed, size })
        const span = open.shift()
        if (span !== undefined) end(span)
      }
    } else if (kind === "fault") sinks[sink].state.mode = mode
    else if (kind === "answer") sinks[sink].answer(mode === "hang" ? "accept" : mode)
    else if (kind === "flush") {
      for (const { model } of sinks) model.flush(flushBudget)
      Effect.runFork(pipeline.flush)
    } else if (kind === "pass") await pass(millis)
    await rest()
  }
  for (const span of open.splice(0)) end(span)
  for (const { answer, state } of sinks) {
    state.mode = "accept"
    answer("accept")
  }
  await rest()
  // Nobody helps: everything is sent by itself once the receivers are well, after the longest of all pauses.
  await pass(limits.circuit.maxOpen + limits.exportTimeout + limits.scheduledDelay)
  await rest()
  const recovered = pipeline.accounting()
  const first = await shutDown()
  const second = await Effect.runPromise(pipeline.shutdown)
  return { circuits, first, recovered, second, sinks, timers }
}

describe("a pipeline", () => {
  it.effect(
    "keeps the books of a model through any life, sends what may be sent only, and recovers by itself, whether spans wait as records or as bytes",
    () =>
      Effect.promise(async () => {
        const seen = new Set<string>()
        await fc.assert(
          fc.asyncProperty(
            fc.array(step, { minLength: 5, maxLength: 50, size: "max" }),
            fc.nat(60),
            async (steps, shutdownAt) => {
              const { circuits, first, recovered, second, sinks, timers } = await live(steps, shutdownAt)
              assert.deepStrictEqual(second, first)
              assert.strictEqual(timers.pending(), 0)
              for (const [index, { model }] of sinks.entries()) {
                assert.deepInclude(recovered.sinks[index], { queued: 0, inFlight: 0 })
                for (const sent of model.sent.values()) assert.isAtMost(sent, limits.retry.attempts + 3)
                for (const reason of Accounting.dropReasons) if (model.dropped[reason] > 0) seen.add(reason)
              }
              circuits.forEach((state) => seen.add(state))
            }
          ),
          { numRuns: 150 }
        )
        // Lives in which nothing happens would prove nothing.
        assert.sameMembers([...seen], [...Accounting.dropReasons, "open", "half_open", "closed"])
      }),
    120_000
  )
})
