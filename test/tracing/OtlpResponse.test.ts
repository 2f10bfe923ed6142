import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as OtlpResponse from "../../src/tracing/OtlpResponse.ts"
import { message } from "./otlpSchema.ts"

const response = message("opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse")

const encode = (partialSuccess: Record<string, unknown>): Uint8Array =>
  response.encode(response.fromObject({ partialSuccess })).finish()

const protobuf = "application/x-protobuf"

describe("the answer of a receiver", () => {
  it("is understood as an encoder that is not ours has written it, with fields that nobody knows yet", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(), fc.maxSafeInteger(), fc.constantFrom(127, 128, 2 ** 32)),
        fc.string({ unit: "grapheme" }),
        // Fields 1,000 to 1,003: a varint, 8 bytes, a text, 4 bytes.
        fc.subarray([
          [0xc0, 0x3e, 0xff, 0x01],
          [0xc9, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8],
          [0xd2, 0x3e, 2, 0x61, 0x62],
          [0xdd, 0x3e, 1, 2, 3, 4]
        ]),
        (rejectedSpans, errorMessage, unknown) => {
          const body = Buffer.concat([Uint8Array.from(unknown.flat()), encode({ rejectedSpans, errorMessage })])
          assert.deepStrictEqual(OtlpResponse.read(body, protobuf), {
            rejectedSpans: Math.max(0, rejectedSpans),
            errorMessage
          })
        }
      )
    )
  })

  it("rejects no fewer spans than none", () => {
    const body = encode({ rejectedSpans: -5, errorMessage: "strange" })
    assert.deepStrictEqual(OtlpResponse.read(body, protobuf), { rejectedSpans: 0, errorMessage: "strange" })
  })

  it("says nothing where it is cut off or no answer at all, and throws never", () => {
    const body = encode({ rejectedSpans: 300, errorMessage: "no" })
    for (let length = 0; length < body.length; length++) {
      assert.deepStrictEqual(OtlpResponse.read(body.subarray(0, length), protobuf), {
        rejectedSpans: 0,
        errorMessage: ""
      })
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(protobuf, "application/json", ""), (body, type) => {
        assert.isAtLeast(OtlpResponse.read(body, type).rejectedSpans, 0)
      })
    )
  })
})
