import { assert, describe, it } from "@effect/vitest"
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer"
import { resourceFromAttributes } from "@opentelemetry/resources"
import * as fc from "fast-check"
import * as OtlpMessages from "../../src/tracing/OtlpMessages.ts"
import * as OtlpWriter from "../../src/tracing/OtlpWriter.ts"
import { names, type ProtobufWriter } from "../../src/tracing/ProtobufWriter.ts"
import * as ScrubbedSpan from "../../src/tracing/ScrubbedSpan.ts"
import { SpanArena } from "../../src/tracing/SpanArena.ts"
import type { SpanRecord } from "../../src/tracing/SpanRecord.ts"
import { span } from "./generatedSpans.ts"
import { endedSpans, foreign, passThrough } from "./harness.ts"
import * as WholeRequest from "./WholeRequest.ts"

const known = names()

const encode = (record: SpanRecord, out: ProtobufWriter): void => OtlpMessages.span(out, known, record)

/** Lets a span wait in the arena. */
const wait = (arena: SpanArena, record: SpanRecord) => {
  const waiting = { record, source: record.source, offset: 0, length: arena.write(encode, record) }
  arena.keep(waiting)
  return waiting
}

const written = (records: ReadonlyArray<SpanRecord>): Uint8Array => {
  const steps = OtlpWriter.write(records, { names: known, onFault: (fault) => assert.fail(String(fault)) })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value.body!
  }
}

const record = (span: Parameters<typeof ScrubbedSpan.make>[0]) => ScrubbedSpan.make(span, passThrough)

const assertSame = (one: Uint8Array, other: Uint8Array) =>
  assert.isTrue(Buffer.from(one).equals(other), `${one.length} and ${other.length} bytes`)

describe("a request of spans that were encoded when they ended", () => {
  it("is byte for byte what we and OpenTelemetry's serialiser write of the same spans at once, whatever lies between them", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ span, leaves: fc.boolean() }), { minLength: 1, maxLength: 16 }),
        fc.nat(20_000),
        (given, room) => {
          const arena = new SpanArena(Infinity)
          const all = given.map(({ leaves, span }) => ({ leaves, entry: wait(arena, record(span)) }))
          const spans = all.flatMap(({ entry, leaves }) => leaves ? [] : [entry])
          if (spans.length === 0) return
          for (const { entry, leaves } of all) if (leaves) arena.release(entry)
          const request = WholeRequest.of({ buffer: arena.buffer, spans }, Buffer.alloc(room))
          const records = spans.map(({ record }) => record)
          assertSame(request, written(records))
          assertSame(request, ProtobufTraceSerializer.serializeRequest(records)!)
        }
      ),
      { numRuns: 300 }
    )
  })

  it("tells how long it is in as many bytes as that takes, for one span and for megabytes of them", () => {
    for (const length of [1, 100, 128, 16_000, 16_384, 2 ** 21, 5 * 2 ** 20]) {
      const arena = new SpanArena(Infinity)
      const spans = endedSpans(2, { padding: "x".repeat(length) }).map((span) => wait(arena, record(span)))
      assertSame(WholeRequest.of({ buffer: arena.buffer, spans }), written(spans.map(({ record }) => record)))
    }
  })

  it("has bytes of its own: what comes to the queue meanwhile does not change it", () => {
    const arena = new SpanArena(64 * 1_024)
    const records = endedSpans(20).map(record)
    const spans = records.map((each) => wait(arena, each))
    const request = WholeRequest.of({ buffer: arena.buffer, spans })
    for (const each of spans) arena.release(each)
    for (const each of endedSpans(20, { padding: "x".repeat(100) })) wait(arena, record(each))
    assertSame(request, written(records))
  })

  it("is made in slices of 128 KiB, between which spans may come, go and move", () => {
    const arena = new SpanArena(Infinity)
    const before = endedSpans(300, { padding: "x".repeat(1_000) }).map((span) => wait(arena, record(span)))
    const spans = endedSpans(300, { padding: "y".repeat(1_000) }).map((span) => wait(arena, record(span)))
    const records = spans.map(({ record }) => record)
    const more = endedSpans(200, { padding: "z".repeat(1_000) }).map(record)
    const offset = spans[0]!.offset
    let slices = 1
    const batch = {
      get buffer() {
        return arena.buffer
      },
      spans
    }
    const request = WholeRequest.of(batch, undefined, () => {
      slices++
      for (const each of before.splice(0)) arena.release(each)
      for (const each of more) wait(arena, each)
    })
    assert.isBelow(spans[0]!.offset, offset)
    assert.strictEqual(slices, Math.ceil(request.length / 131_072))
    assertSame(request, written(records))
  })

  it("is written into the room that it is given where it fits", () => {
    const arena = new SpanArena(Infinity)
    const spans = endedSpans(3).map((span) => wait(arena, record(span)))
    const batch = { buffer: arena.buffer, spans }
    const { buffer, length } = WholeRequest.of(batch)
    const fits = Buffer.alloc(length)
    assert.strictEqual(WholeRequest.of(batch, fits).buffer, fits.buffer)
    assert.strictEqual(WholeRequest.of(batch, Buffer.from(buffer)).buffer, buffer)
    const small = Buffer.alloc(length - 1)
    assert.notStrictEqual(WholeRequest.of(batch, small).buffer, small.buffer)
  })

  it("tells a resource anew for as long as it is being found out", async () => {
    const pending = resourceFromAttributes({ "host.id": Promise.resolve("found") })
    const arena = new SpanArena(Infinity)
    const spans = [wait(arena, record(foreign(endedSpans(1)[0]!, { resource: pending })))]
    const text = () => Buffer.from(WholeRequest.of({ buffer: arena.buffer, spans })).toString("latin1")
    assert.notInclude(text(), "found")
    await pending.waitForAsyncAttributes?.()
    assert.include(text(), "found")
  })
})
