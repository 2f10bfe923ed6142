import { assert, describe, it } from "@effect/vitest"
import type * as Inspector from "node:inspector"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import * as Profile from "../../bench/request/Profile.ts"
import * as Tables from "../../bench/request/Tables.ts"
import { root } from "../../scripts/Process.ts"

const file = (path: string): string => pathToFileURL(Path.join(root, path)).href

const node = (id: number, functionName: string, url: string, children: ReadonlyArray<number> = []) => ({
  id,
  callFrame: { functionName, url, scriptId: "0", lineNumber: 0, columnNumber: 0 },
  children: [...children]
})

const profile: Inspector.Profiler.Profile = {
  nodes: [
    node(1, "(root)", "", [2, 3, 4, 6]),
    node(2, "(idle)", ""),
    node(3, "(garbage collector)", ""),
    node(4, "end", file("src/tracing/Span.ts"), [5]),
    node(5, "now", ""),
    node(6, "write", "node:internal/stream_base_commons")
  ],
  startTime: 0,
  endTime: 1_000,
  // The time until the next sample belongs to a sample; of the last one nobody knows it.
  samples: [2, 3, 4, 5, 6, 4],
  timeDeltas: [0, 500, 100, 100, 200, 100]
}

describe("a CPU profile", () => {
  it("is reduced to the part of the busy time that each module has taken itself", () => {
    const shares = Profile.shares(profile)
    assert.deepStrictEqual([...shares.keys()].sort(), ["Node: stream", "garbage collection", "src/tracing/Span.ts"])
    assert.strictEqual(shares.get("garbage collection"), 0.2)
    // With what the engine itself has done for it.
    assert.strictEqual(shares.get("src/tracing/Span.ts"), 0.6)
    assert.strictEqual(shares.get("Node: stream"), 0.2)
  })

  it("names modules as a reader knows them", () => {
    assert.strictEqual(Profile.moduleOf(file("src/tracing/Span.ts")), "src/tracing/Span.ts")
    assert.strictEqual(Profile.moduleOf(file("examples/dawsos/main.ts")), "the program")
    assert.strictEqual(Profile.moduleOf(file("bench/subjects/requestByHand.ts")), "wired by hand")
    assert.strictEqual(Profile.moduleOf(file("node_modules/effect/dist/Effect.js")), "effect")
    assert.strictEqual(Profile.moduleOf(file("node_modules/@opentelemetry/api/build/index.js")), "OpenTelemetry")
    assert.strictEqual(Profile.moduleOf(file("node_modules/a/node_modules/@sentry/core/x.js")), "Sentry")
    assert.strictEqual(Profile.moduleOf("node:_http_outgoing"), "Node: http")
    assert.strictEqual(Profile.moduleOf("node:internal/crypto/random"), "Node: crypto")
    assert.isUndefined(Profile.moduleOf(""))
  })

  it("has a row for each module, one for small modules of a room, the total, and what is the layer's doing", () => {
    const rows = Tables.profile([
      {
        mode: "off",
        cpu: 1000,
        shares: new Map([["effect", 0.9], ["src/Observation.ts", 0.002], ["Node: net", 0.098]])
      },
      {
        mode: "ours",
        cpu: 2000,
        shares: new Map([
          ["effect", 0.5],
          ["src/tracing/Span.ts", 0.3],
          ["src/tracing/A.ts", 0.004],
          ["src/tracing/B.ts", 0.003],
          ["src/Observation.ts", 0.001],
          ["src/delivery/Pace.ts", 0.002],
          ["Node: net", 0.189],
          ["Node: url", 0.001]
        ])
      }
    ])
    assert.deepStrictEqual(rows, [
      ["module", "off", "ours", "ours more than off"],
      ["src/tracing/Span.ts", "0 (0.0 %)", "600 (30.0 %)", "600"],
      ["Node: net", "98 (9.8 %)", "378 (18.9 %)", "280"],
      ["effect", "900 (90.0 %)", "1000 (50.0 %)", "100"],
      ["src/tracing, other modules", "0 (0.0 %)", "14 (0.7 %)", "14"],
      ["src, other modules", "2 (0.2 %)", "6 (0.3 %)", "4"],
      ["all others", "0 (0.0 %)", "2 (0.1 %)", "2"],
      ["all", "1000 (100.0 %)", "2000 (100.0 %)", "1000"],
      ["the layer: src, and what others take more than off", "2 (0.2 %)", "1002 (50.1 %)", "1000"]
    ])
  })
})
