import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Rules from "../architecture/Rules.ts"
import * as Child from "./Child.ts"
import * as Harness from "./Harness.ts"

interface State {
  readonly resources: ReadonlyArray<string>
  readonly listeners: ReadonlyArray<string>
}

interface Report {
  readonly before: State
  readonly during: State
  readonly after: State
  readonly enabled: ReadonlyArray<boolean>
  readonly results: ReadonlyArray<unknown>
  readonly event: boolean
  readonly address: boolean
  readonly exposition: string
  readonly flushed: readonly [{ readonly started: number }, { readonly captured: number }]
  /** Kinds of asynchronous resources that began while the layer was used, those that hold no process included. */
  readonly begun: ReadonlyArray<string>
  readonly urls: ReadonlyArray<string>
}

const watch = Effect.fnUntraced(function*(env: Readonly<Record<string, string>>) {
  const { code, stderr, stdout } = yield* Child.run("watched.ts", env)
  assert.strictEqual(code, 0, stderr)
  const lines = stdout.split("\n")
  const report = lines.find((line) => line.startsWith("report: "))
  if (report === undefined) throw new Error(stdout)
  return {
    report: JSON.parse(report.slice("report: ".length)) as Report,
    log: lines.filter((line) => line.startsWith("{")).map((line) => (JSON.parse(line) as Harness.Line).message),
    stderr
  }
})

const vendors = (urls: ReadonlyArray<string>): ReadonlyArray<string> =>
  urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []).filter(Rules.isVendor)

/** Timers, sockets, lookups: what a layer that is off has no use for. Promises and the scheduler's turns are Effect's. */
const work = (begun: ReadonlyArray<string>): ReadonlyArray<string> =>
  begun.filter((type) => !["PROMISE", "Immediate", "TickObject", "Microtask", "FSREQPROMISE"].includes(type))

const timeout = 60_000

// Each program is a process of its own, so they run beside one another.
for (
  const [how, env] of [
    ["ENABLE_OBSERVABILITY=false", { ENABLE_OBSERVABILITY: "False" }],
    ["nothing set, or a misspelt variable", { ENABLE_OBSERVABILTY: "true" }]
  ] as const
) {
  describe.concurrent(`with ${how}`, () => {
    it.live(
      "no port, timer, handle, listener or vendor's module appears, and the services do nothing",
      () =>
        Effect.gen(function*() {
          const { log, report, stderr } = yield* watch({ METRICS_PORT: "0", ...env })
          assert.deepStrictEqual([...new Set(vendors(report.urls))], [])
          assert.deepStrictEqual(report.during, report.before)
          assert.deepStrictEqual(report.after, report.before)
          assert.deepStrictEqual(work(report.begun), [])
          assert.deepStrictEqual(report.enabled, [false, false, false])
          assert.deepStrictEqual(report.results, [1, "no prices", "Failure"])
          assert.isFalse(report.event)
          assert.isFalse(report.address)
          assert.strictEqual(report.exposition, "")
          assert.strictEqual(report.flushed[0].started, 0)
          assert.strictEqual(report.flushed[1].captured, 0)
          assert.strictEqual(stderr, "")
          assert.deepStrictEqual(log, [
            "observability is off: ENABLE_OBSERVABILITY is not true",
            "mail to [redacted], password=[redacted]"
          ])
        }),
      timeout
    )
  })
}

describe.concurrent("the look at a process", () => {
  it.live("sees vendors, handles and timers where there are some", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const { report } = yield* watch(Harness.environment(receiver))
      assert.includeMembers([...new Set(vendors(report.urls))], [
        "@opentelemetry/api",
        "prom-client",
        "@sentry/node"
      ])
      assert.deepStrictEqual(report.enabled, [true, true, true])
      assert.notDeepEqual(report.during, report.before)
      assert.include(work(report.begun), "Timeout")
    }), timeout)
})
