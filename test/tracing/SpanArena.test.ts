import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { ProtobufWriter } from "../../src/tracing/ProtobufWriter.ts"
import { SpanArena } from "../../src/tracing/SpanArena.ts"

const kibibyte = 1_024

const append = (text: string, out: ProtobufWriter): void => out.raw(Buffer.from(text))

/** What waits in an arena, with what it was. */
interface Waiting {
  offset: number
  readonly length: number
  readonly text: string
}

const keep = (arena: SpanArena, text: string): Waiting => {
  const waiting = { offset: 0, length: arena.write(append, text), text }
  arena.keep(waiting)
  return waiting
}

const readAll = (arena: SpanArena, waiting: ReadonlyArray<Waiting>) =>
  waiting.map(({ length, offset }) => arena.buffer.toString("utf8", offset, offset + length))

interface Step {
  readonly kind: "keep" | "discard" | "throw" | "release oldest" | "release any" | "release while written"
  readonly length: number
  readonly which: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("keep" as const) },
    { weight: 6, arbitrary: fc.constant("release oldest" as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom<Step["kind"]>("release any", "discard", "throw", "release while written")
    }
  ),
  length: fc.oneof(fc.nat(300), fc.nat(300), fc.nat(20_000)),
  which: fc.nat()
})

describe("the arena of spans that wait", () => {
  it("holds each span as it was written until it is released, whatever comes and goes, in a few times their bytes", () => {
    const bound = 200 * kibibyte
    let moved = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 300, size: "max" }), (steps) => {
        const arena = new SpanArena(bound)
        const waiting: Array<Waiting> = []
        let most = 0
        const release = (index: number) => waiting.splice(index, 1).forEach((each) => arena.release(each))
        for (const [index, { kind, length, which }] of steps.entries()) {
          const text = `${index} `.repeat(length / 3 + 1)
          const before = waiting.map(({ offset }) => offset)
          if (kind === "release oldest") release(0)
          else if (kind === "release any") release(which % (waiting.length + 1))
          else if (kind === "throw") {
            assert.throws(() =>
              arena.write((text, out) => {
                append(text, out)
                throw new Error("broken")
              }, text), "broken")
          } else {
            const written = { offset: 0, length: arena.write(append, text), text }
            assert.strictEqual(written.length, text.length)
            if (before.some((offset, index) => waiting[index]?.offset !== offset)) moved++
            if (kind === "release while written") release(which % (waiting.length + 1))
            if (kind === "discard" || arena.bytes + text.length > bound) arena.discard()
            else {
              arena.keep(written)
              waiting.push(written)
            }
          }
          most = Math.max(most, arena.bytes)
          assert.deepStrictEqual(readAll(arena, waiting), waiting.map(({ text }) => text))
          assert.strictEqual(arena.bytes, waiting.reduce((sum, { length }) => sum + length, 0))
          assert.isAtMost(arena.capacity, 2.5 * most + 64 * kibibyte)
        }
      }),
      { numRuns: 300 }
    )
    assert.isAbove(moved, 0)
  })

  it("makes room for a span far longer than those before by what that takes, not by all that waits once more", () => {
    const arena = new SpanArena(1_024 * kibibyte)
    while (arena.bytes < 500 * kibibyte) keep(arena, "x".repeat(1_024))
    const { capacity } = arena
    const longer = capacity - arena.bytes + 10 * kibibyte
    keep(arena, "x".repeat(longer))
    assert.isAbove(arena.capacity, capacity)
    assert.isAtMost(arena.capacity, capacity + 2 * longer)
  })

  it("keeps spans in the order in which they came, next to one another once they have moved", () => {
    const arena = new SpanArena(64 * kibibyte)
    const all = Array.from({ length: 100 }, (_, index) => keep(arena, `${index} `.repeat(100)))
    const odd = all.filter((each, index) => {
      if (index % 2 === 0) arena.release(each)
      return index % 2 === 1
    })
    const { capacity } = arena
    const later: Array<Waiting> = []
    const { offset: before } = odd[0]!
    while (odd[0]!.offset === before) later.push(keep(arena, `${later.length} `.repeat(100)))
    const kept = [...odd, ...later]
    for (const [index, { length, offset }] of kept.entries()) {
      assert.strictEqual(offset + length, kept[index + 1]?.offset ?? arena.bytes)
    }
    assert.deepStrictEqual(readAll(arena, kept), kept.map(({ text }) => text))
    assert.strictEqual(arena.capacity, capacity)
  })

  it("goes round in one buffer where spans come and go for ever, a few of them staying", () => {
    const arena = new SpanArena(100 * kibibyte)
    const stays = keep(arena, "stays")
    const waiting: Array<Waiting> = []
    for (let index = 0; index < 20_000; index++) {
      waiting.push(keep(arena, String(index).padStart(400, "x")))
      if (waiting.length > 100) arena.release(waiting.shift()!)
    }
    assert.isAtMost(arena.capacity, 125 * kibibyte)
    assert.deepStrictEqual(readAll(arena, [stays, ...waiting]), ["stays", ...waiting.map(({ text }) => text)])
  })

  it("lets a large buffer go once it is empty, and a small one stay", () => {
    const arena = new SpanArena(8 * kibibyte * kibibyte)
    const fill = (spans: number) =>
      Array.from({ length: spans }, () => keep(arena, "x".repeat(1_000))).forEach((each) => arena.release(each))
    fill(100)
    assert.isAtLeast(arena.capacity, 100_000)
    assert.isAtMost(arena.capacity, 256 * kibibyte)
    fill(5_000)
    assert.strictEqual(arena.capacity, 0)
    assert.strictEqual(arena.bytes, 0)
  })

  it("lets the room of a span go that is too long for it, whether others wait or not", () => {
    const arena = new SpanArena(64 * kibibyte)
    const long = "x".repeat(4_000 * kibibyte)
    assert.strictEqual(arena.write(append, long), long.length)
    arena.discard()
    assert.strictEqual(arena.capacity, 0)
    const waits = keep(arena, "waits")
    arena.write(append, long)
    arena.discard()
    assert.isAtMost(arena.capacity, 80 * kibibyte)
    assert.deepStrictEqual(readAll(arena, [waits]), ["waits"])
  })

  it("does not take what was written past its end for a span", () => {
    const arena = new SpanArena(kibibyte)
    assert.throws(() =>
      arena.write((count, out) => {
        for (let index = 0; index < count; index++) out.byte(1)
      }, 100 * kibibyte), RangeError)
    const waits = keep(arena, "waits")
    assert.deepStrictEqual(readAll(arena, [waits]), ["waits"])
  })
})
