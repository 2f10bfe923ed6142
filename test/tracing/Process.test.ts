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

const run = (scenario: string, url: string, ...options: ReadonlyArray<string>): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const child = execFile(
      process.execPath,
      [...options, "--conditions=source", main, scenario, url],
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code)
        resume(Effect.succeed({ code, output: stdout + stderr }))
      }
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

// A busy machine takes a quarter of a minute to start a program.
const timeout = 120_000

describe.concurrent("a process", () => {
  it.live("that ends right after its last span loses none", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { code, output } = yield* run("closing", receiver.otlpTracesUrl)
      assert.strictEqual(code, 0, output)
      assert.strictEqual((yield* receiver.spans).length, 1_000)
      assert.include(output, "exported 1000, dropped 0")
    }), timeout)

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
    timeout
  )

  it.live(
    "sends its own spans only, once each, whatever it forks, clusters or works with",
    () =>
      Effect.gen(function*() {
        const receiver = yield* Receiver.make()
        const { code, output } = yield* run("splitting", receiver.otlpTracesUrl)
        assert.strictEqual(code, 0, output)
        const names = (yield* receiver.spans).map(({ name }) => name)
        const counts = Object.fromEntries(
          ["parent", "fork", "cluster", "worker"].map((name) => [name, names.filter((other) => other === name).length])
        )
        assert.deepStrictEqual(counts, { parent: 200, fork: 20, cluster: 20, worker: 20 })
        assert.strictEqual(names.length, 260)
        const { received } = yield* receiver.arrivals("otlp")
        assert.strictEqual(new Set(received).size, received.length)
        // The books of each process, in the order in which they ended.
        const books = output.match(/spans: started \d+/g)
        assert.sameMembers([...books ?? []], ["20", "20", "20", "200"].map((count) => `spans: started ${count}`))
      }),
    timeout
  )

  it.live("keeps its pauses and its books while the time of day jumps by hours", () =>
    Effect.gen(function*() {
      // Busy at first, and by a date that no clock of the client's agrees with.
      const when = new Date(Date.now() + 1_000).toUTCString()
      let requests = 0
      const { received, url } = yield* collector((response) => {
        if (requests++ === 0) response.writeHead(503, { "retry-after": when }).end()
        else response.end()
      })
      const { code, output } = yield* run("jumping", url)
      assert.strictEqual(code, 0, output)
      assert.include(output, "exported 1024, dropped 0")
      assert.include(output, "retried 512")
      assert.strictEqual(received.length, 3)
    }), timeout)

  it.live("ends within the budget of the shutdown when the collector never answers", () =>
    Effect.gen(function*() {
      const silent = yield* collector(() => {})
      const { code, output } = yield* run("closing", silent.url)
      assert.strictEqual(code, 0, output)
      assert.include(output, "dropped 1000 (timeout 512, shutdown 488)")
      // Without the budget the first request would have waited 10 s for its answer, and the second another 10 s.
    }), timeout)

  for (
    const { dropped, load, scenario } of [
      {
        scenario: "padded",
        load: "40,000 spans of 5 KB",
        dropped: /dropped 40000 \(queue_full 3\d{4}, timeout \d+, shutdown \d+\)/
      },
      {
        scenario: "eventful",
        load: "4,000 spans of 128 small events",
        dropped: /dropped 4000 \(queue_full 2\d{3}, timeout \d+/
      }
    ]
  ) {
    it.live(
      `holds no more than its bounds while nobody answers, whatever its load: ${load}`,
      () =>
        Effect.gen(function*() {
          const silent = yield* collector(() => {})
          const answering = yield* collector()
          const heap = Effect.fnUntraced(function*(url: string) {
            const { code, output } = yield* run(scenario, url, "--expose-gc")
            assert.strictEqual(code, 0, output)
            return { mebibytes: Number(/heap (\S+)/.exec(output)?.[1]), output }
          })
          const [well, hung] = [yield* heap(answering.url), yield* heap(silent.url)]
          assert.match(hung.output, dropped)
          assert.isBelow(hung.mebibytes - well.mebibytes, 32)
        }),
      timeout
    )
  }
})
