import { assert, describe, it } from "@effect/vitest"
import type * as Inspector from "node:inspector"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import * as Profile from "../../bench/request/Profile.ts"
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
})
