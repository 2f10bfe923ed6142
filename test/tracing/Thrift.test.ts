import { assert, describe, it } from "@effect/vitest"
import * as Thrift from "../../src/tracing/Thrift.ts"

const encoded = (encoding: Thrift.Encoding, write: (out: Thrift.Writer) => void): ReadonlyArray<number> => {
  const out = Thrift.writer(encoding)
  out.begin()
  write(out)
  out.end()
  return [...out.bytes()]
}

const zeros = (count: number) => Array.from({ length: count }, () => 0)

// Expected bytes by hand from Apache Thrift's doc/specs/thrift-compact-protocol.md and thrift-binary-protocol.md.
describe("Thrift's compact encoding", () => {
  it("writes a field by its distance to the one before, and by its id where that is more than 15", () => {
    const bytes = encoded("compact", (out) => {
      out.bool(1, true)
      out.bool(16, false)
      out.bool(32, true)
      out.i32(300, 1)
    })
    assert.deepStrictEqual(bytes, [0x11, 0xf2, 0x01, 0x40, 0x05, 0xd8, 0x04, 0x02, 0x00])
  })

  it("writes the size of a list beside its type, and after it from 15 on", () => {
    const listOf = (size: number) =>
      encoded("compact", (out) => {
        out.structs(1, size)
        for (let index = 0; index < size; index++) {
          out.begin()
          out.end()
        }
      })
    assert.deepStrictEqual(listOf(14), [0x19, 0xec, ...zeros(14), 0x00])
    assert.deepStrictEqual(listOf(15), [0x19, 0xfc, 15, ...zeros(15), 0x00])
    assert.deepStrictEqual(listOf(200), [0x19, 0xfc, 0xc8, 0x01, ...zeros(200), 0x00])
  })

  it("counts the fields of a struct inside another by themselves", () => {
    const bytes = encoded("compact", (out) => {
      out.struct(5)
      out.begin()
      out.i32(1, -1)
      out.end()
      out.i32(6, -2_147_483_648)
    })
    assert.deepStrictEqual(bytes, [0x5c, 0x15, 0x01, 0x00, 0x15, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
  })

  it("writes texts in UTF-8 and doubles with the least significant byte first", () => {
    const bytes = encoded("compact", (out) => {
      out.string(1, "é")
      out.double(2, 1)
      out.i64(3, Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0))
    })
    const least = [...Array.from({ length: 9 }, () => 0xff), 0x01]
    assert.deepStrictEqual(bytes, [0x18, 2, 0xc3, 0xa9, 0x17, ...zeros(6), 0xf0, 0x3f, 0x16, ...least, 0x00])
  })
})

describe("Thrift's binary encoding", () => {
  it("writes type, id and value of each field, the most significant byte first", () => {
    const bytes = encoded("binary", (out) => {
      out.bool(1, true)
      out.i32(2, -2)
      out.string(300, "é")
      out.double(301, 1)
      out.structs(302, 1)
    })
    const fields = [
      [2, 0, 1, 1],
      [8, 0, 2, 0xff, 0xff, 0xff, 0xfe],
      [11, 0x01, 0x2c, 0, 0, 0, 2, 0xc3, 0xa9],
      [4, 0x01, 0x2d, 0x3f, 0xf0, ...zeros(6)],
      [15, 0x01, 0x2e, 12, 0, 0, 0, 1]
    ]
    assert.deepStrictEqual(bytes, [...fields.flat(), 0])
  })
})
