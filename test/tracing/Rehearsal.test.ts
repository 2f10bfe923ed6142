import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { queryObjects } from "node:v8"
import { NamedFrame } from "../../src/observation/Announcement.ts"
import { FinishedSpan } from "../../src/tracing/FinishedSpan.ts"
import { Span } from "../../src/tracing/Span.ts"
import { SpanRecord } from "../../src/tracing/SpanRecord.ts"
import * as TracingLive from "../../src/tracing/TracingLive.ts"
import { config, passThrough } from "./harness.ts"

/** How many objects of a class a full garbage collection leaves. */
const left = (made: abstract new(...args: never) => unknown): unknown =>
  queryObjects(made as never, { format: "count" })

const layer = Effect.scoped(TracingLive.make({ config: config(), scrubber: passThrough, sinks: [] }))

describe("What an operation is made of", () => {
  it("stays once in a process, so that no collection throws optimised code away", async () => {
    for (let layers = 0; layers < 2; layers++) await Effect.runPromise(layer)
    // The frame is held by the run, and the record by what waits in a queue.
    for (const made of [FinishedSpan, SpanRecord, NamedFrame]) assert.strictEqual(left(made), 1, made.name)
    // One of them as instrumentation has it, and what stand-ins inherit from.
    assert.strictEqual(left(Span), 3)
  })
})
