import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { ReceivedSpan } from "../../../examples/receiver/ReceivedSpan.ts"
import * as TraceTree from "../../../examples/receiver/TraceTree.ts"

const span = (
  spanId: string,
  parentSpanId: string | undefined,
  start: number,
  end: number,
  more: Partial<ReceivedSpan> = {}
): ReceivedSpan => ({
  signal: "otlp",
  protocol: "otlp/protobuf",
  traceId: "t1",
  spanId,
  parentSpanId,
  name: spanId,
  kind: "internal",
  startTimeUnixNano: BigInt(start),
  endTimeUnixNano: BigInt(end),
  attributes: {},
  events: [],
  links: [],
  status: { code: "unset", message: undefined },
  resource: {},
  scope: { name: "", version: undefined },
  ...more
})

describe("a trace as a tree", () => {
  it("shows children below their parent in the order of their start, with duration, kind and status", () => {
    const tree = TraceTree.render([
      span("leaf", "b", 4_000, 5_500),
      span("b", "root", 3_000, 9_000, { status: { code: "error", message: "RateLimited" } }),
      span("root", undefined, 0, 12_345_678, { kind: "server", name: "POST /v1/execute" }),
      span("a", "root", 2_000, 2_002_000, { status: { code: "ok", message: undefined } })
    ])
    assert.strictEqual(
      tree,
      [
        "POST /v1/execute [server]  12.3 ms",
        "├─ a  2 ms  ok",
        "└─ b  6.00 µs  ERROR: RateLimited",
        "   └─ leaf  1.50 µs"
      ].join("\n")
    )
  })

  it("keeps a span whose parent did not arrive, says so, and shows a span once that two sinks sent", () => {
    const orphan = span("orphan", "gone", 1, 2)
    assert.strictEqual(
      TraceTree.render([span("root", undefined, 0, 3), orphan, { ...orphan, signal: "sentryOtlp" }]),
      "root  3 ns\norphan  1 ns  (parent gone not received)"
    )
  })

  it("lets no control character of a span's name or message through to the terminal", () => {
    const tree = TraceTree.render([
      span("x", undefined, 0, 1, { name: "a\u001b[31m\nb", status: { code: "error", message: "\u0007" } })
    ])
    assert.strictEqual(tree, "a\ufffd[31m\ufffdb  1 ns  ERROR: \ufffd")
  })

  it("stops at the asked number of lines and says how many are left", () => {
    const many = Array.from({ length: 10 }, (_, index) => span(`s${index}`, undefined, index, index + 1))
    assert.strictEqual(TraceTree.render(many, 2), "s0  1 ns\ns1  1 ns\n… 8 more spans")
  })

  it("has each span on exactly one line, whatever the parents, circles included", () => {
    const ids = fc.constantFrom("a", "b", "c", "d", "e", "f", "missing", undefined)
    fc.assert(fc.property(fc.array(ids, { minLength: 6, maxLength: 6 }), (parents) => {
      const spans = ["a", "b", "c", "d", "e", "f"].map((id, index) => span(id, parents[index], index, index + 1))
      const names = TraceTree.render(spans).split("\n").map((line) => /([a-f]) {2}1 ns/.exec(line)?.[1])
      assert.deepStrictEqual([...names].sort(), ["a", "b", "c", "d", "e", "f"])
    }))
  })

  it("survives a chain of 50,000 spans", () => {
    const chain = Array.from(
      { length: 50_000 },
      (_, index) => span(`s${index}`, index === 0 ? undefined : `s${index - 1}`, index, index + 1)
    )
    assert.strictEqual(TraceTree.render(chain, 1).split("\n")[1], "… 49999 more spans")
  })

  it("writes durations for a reader", () => {
    const cases = [
      [0, "0 ns"],
      [999, "999 ns"],
      [1_500, "1.50 µs"],
      [2_000_000, "2 ms"],
      [999_499_999, "999 ms"],
      [
        999_500_000,
        "1.00 s"
      ],
      [61_234_000_000, "61.23 s"],
      [-5, "-5 ns"]
    ] as const
    for (const [nanos, text] of cases) assert.strictEqual(TraceTree.formatDuration(BigInt(nanos)), text)
  })

  it("the slowest trace is that of the root that took longest, not of a long child", () => {
    assert.strictEqual(
      TraceTree.slowest([
        span("r1", undefined, 0, 10),
        span("r2", undefined, 5, 30, { traceId: "t2" }),
        span("child", "r1", 0, 1_000)
      ]),
      "t2"
    )
    assert.isUndefined(TraceTree.slowest([]))
  })
})
