import { SpanSink } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import type { SpanExporter } from "@opentelemetry/sdk-trace-node"
import { InMemorySpanExporter } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import { named, traced } from "./harness.ts"

const exporter = (overrides: Partial<SpanExporter>): SpanExporter => ({
  export: (_spans, done) => done({ code: 0 }),
  shutdown: () => Promise.resolve(),
  ...overrides
})

const books = Effect.fnUntraced(function*(exporter: SpanExporter) {
  const { accounting, exit, guard } = yield* traced(
    Effect.void.pipe(Effect.withSpan("child"), Effect.withSpan("parent")),
    { sinks: [SpanSink.fromExporter("theirs", exporter)] }
  )
  assert.strictEqual(exit._tag, "Success")
  return { sink: accounting.sinks[0], faults: guard.faults().get("sink") }
})

describe("a sink from an OpenTelemetry exporter", () => {
  it.effect("exports through it and shuts it down", () =>
    Effect.gen(function*() {
      const memory = new InMemorySpanExporter()
      let names: ReadonlyArray<string> = []
      const { sink } = yield* books(exporter({
        export: (spans, done) => memory.export(spans, done),
        shutdown: () => {
          names = memory.getFinishedSpans().map((span) => named([span], span.name).name)
          return memory.shutdown()
        }
      }))
      assert.deepInclude(sink, { name: "theirs", acknowledged: true, exported: 2 })
      assert.deepStrictEqual(names, ["child", "parent"])
    }))

  it.effect("counts a batch as rejected when the exporter failed, and as a fault when it threw", () =>
    Effect.gen(function*() {
      const failed = yield* books(exporter({ export: (_spans, done) => done({ code: 1, error: new Error("no") }) }))
      assert.strictEqual(failed.sink?.dropped.rejected, 2)
      assert.strictEqual(failed.faults, 0)
      const thrown = yield* books(exporter({
        export: () => {
          throw new Error("broken")
        }
      }))
      assert.strictEqual(thrown.sink?.dropped.fault, 2)
      assert.strictEqual(thrown.faults, 1)
    }))

  it.effect("counts a batch as rejected whatever the exporter says of its failure", () =>
    Effect.gen(function*() {
      for (const answer of [undefined, {}, { code: 1, error: { message: { text: "no" } } }]) {
        const { faults, sink } = yield* books(exporter({ export: (_spans, done) => done(answer as never) }))
        assert.strictEqual(sink?.dropped.rejected, 2)
        assert.strictEqual(faults, 0)
      }
    }))

  it.effect("counts a shutdown that failed, without failing", () =>
    Effect.gen(function*() {
      const { faults, sink } = yield* books(exporter({ shutdown: () => Promise.reject(new Error("broken")) }))
      assert.strictEqual(sink?.exported, 2)
      assert.strictEqual(faults, 1)
    }))
})
