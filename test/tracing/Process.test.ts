/**
 * What only a whole process shows: that nothing of the layer keeps it alive, and that nothing is lost when it ends.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import { collector } from "./harness.ts"

const main = fileURLToPath(new URL("fixtures/main.ts", import.meta.url))

interface Ended {
  readonly code: number
  readonly output: string
}

const run = (scenario: string, url: string): Effect.Effect<Ended> =>
  Effect.promise(() =>
    new Promise((resolve) => {
      execFile(process.execPath, ["--conditions=source", main, scenario, url], (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code)
        resolve({ code, output: stdout + stderr })
      })
    })
  )

describe.concurrent("a process", () => {
  it.live("that ends right after its last span loses none", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { code, output } = yield* run("closing", receiver.otlpTracesUrl)
      assert.strictEqual(code, 0, output)
      assert.strictEqual((yield* receiver.spans).length, 1_000)
      assert.include(output, "exported 1000, dropped 0")
    }), 60_000)

  it.live(
    "is not kept alive by a layer that nobody closes, not even for spans that wait",
    () =>
      Effect.gen(function*() {
        const silent = yield* collector(() => {})
        const waiting = yield* run("waiting", silent.url)
        assert.strictEqual(waiting.code, 0, waiting.output)
        // Held for the 5 s of the scheduled delay, it would have sent them.
        assert.strictEqual(silent.received.length, 0)
      }),
    60_000
  )

  it.live("ends within the budget of the shutdown when the collector never answers", () =>
    Effect.gen(function*() {
      const silent = yield* collector(() => {})
      const { code, output } = yield* run("closing", silent.url)
      assert.strictEqual(code, 0, output)
      assert.include(output, "dropped 1000 (timeout 512, shutdown 488)")
      // Without the budget the first request would have waited 10 s for its answer, and the second another 10 s.
    }), 60_000)
})
