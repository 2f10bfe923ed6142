import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Child from "../integration/Child.ts"
import * as Harness from "../integration/Harness.ts"
import type * as Open from "./support/Open.ts"
import type { ProcessState } from "./support/ProcessState.ts"

interface Left {
  readonly exit: string
  readonly left: ProcessState
}

interface Report {
  readonly untouched: ProcessState
  readonly failures: ReadonlyArray<Left & { readonly what: string }>
  /** What was open when the construction failed that had sent something, as OTLP and over UDP. */
  readonly sinksOpen: ReadonlyArray<Open.Counts>
  /** Beside a layer that lives, and has the port. */
  readonly occupied: Left & { readonly port: number; readonly during: ProcessState }
  /** After the end of that one. */
  readonly free: ProcessState
  /** The turns that a fiber takes to build the layer, when it stops after each step. */
  readonly turns: number
  readonly interruptions: {
    readonly tried: number
    readonly failed: number
    readonly leaving: ReadonlyArray<{ readonly limit: number; readonly left: ProcessState }>
  }
}

/** What each construction that fails says, as the name of what is wrong has it. */
const expected: Readonly<Record<string, RegExp>> = {
  "nothing": /^Success$/,
  "SENTRY_DSN": /ConfigError.*SENTRY_DSN/,
  "METRICS_PORT": /ConfigError.*METRICS_PORT/,
  "JAEGER_AGENT_PORT": /ConfigError.*JAEGER_AGENT_PORT/,
  "sink: name": /Die\(Error: no name\)/,
  "sink: selects": /^Success$/,
  "sink: export": /^Success$/,
  "sink: shutdown": /^Success$/,
  "above": /Fail\("no database"\)/,
  "beside": /Fail\("no database"\)/,
  "above, with sinks open": /Fail\("no database"\)/,
  "above, with a socket for UDP": /Fail\("no database"\)/
}

describe("a layer whose construction ends half-way", () => {
  it.live("gives back what it had, whatever fails, and wherever it is interrupted", () =>
    Effect.gen(function*() {
      const receiver = yield* Receiver.make()
      const args = (["otlp", "jaegerUdp"] as const).map((to) => JSON.stringify(Harness.environment(receiver, to)))
      const { code, stderr, stdout } = yield* Child.run("../../isolation/programs/halfway.ts", {}, args)
      assert.strictEqual(code, 0, stderr)
      const report = JSON.parse(stdout.slice("report: ".length)) as Report
      const { failures, free, interruptions, occupied, sinksOpen, turns, untouched } = report
      assert.deepStrictEqual(untouched.resources, {})
      assert.deepStrictEqual(failures.map(({ what }) => what), Object.keys(expected))
      for (const { exit, left, what } of failures) {
        assert.match(exit, expected[what]!)
        assert.deepStrictEqual(left, untouched, what)
      }

      // The connections that the sinks for spans keep, and the socket, none of which keeps a process alive.
      const [otlp, udp] = sinksOpen
      assert.isAtLeast(otlp?.["TCPWRAP"] ?? 0, 2)
      assert.isAtLeast(udp?.["TCPWRAP"] ?? 0, 1)
      assert.strictEqual(udp?.["UDPWRAP"], 1)

      assert.include(occupied.exit, `METRICS_PORT=${occupied.port}: the port is in use`)
      assert.deepStrictEqual(occupied.left, occupied.during)
      // The other layer is there to be seen: its absence would be seen as well.
      assert.deepStrictEqual(occupied.during.resources, { TCPServerWrap: 1 })
      assert.strictEqual(occupied.during.listeners["uncaughtException"], 1)
      assert.deepStrictEqual(occupied.during.openTelemetry, ["context", "propagation", "trace"])
      assert.strictEqual(occupied.during.runtimeMetrics, 1)
      assert.isTrue(occupied.during.fibersAreFollowed)
      assert.isFalse(untouched.fibersAreFollowed)
      assert.deepStrictEqual(free, untouched)

      // A construction has hundreds of steps; one interruption at each of them.
      assert.isAbove(turns, 200)
      assert.strictEqual(interruptions.tried, turns - 1)
      assert.isAbove(interruptions.failed, 200)
      assert.deepStrictEqual(interruptions.leaving, [])
    }), 240_000)
})
