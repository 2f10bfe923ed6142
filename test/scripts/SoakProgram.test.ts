import { assert, describe, it } from "@effect/vitest"
import * as Program from "../../scripts/program/Program.ts"
import type { Vitals } from "../../scripts/program/Vitals.ts"
import * as Judge from "../../scripts/soak/Judge.ts"
import type * as Options from "../../scripts/soak/Options.ts"
import type { Sample } from "../../scripts/soak/Sample.ts"

/** What a program without telemetry would be judged by: its vitals alone. */
const sampleOf = (at: number, vitals: Vitals): Sample => ({
  at,
  vitals: { ...vitals, rss: 0, lag: { p50: 0, p99: 0, max: 0 } },
  spans: {
    started: at,
    open: 0,
    unsampled: 0,
    ended: at,
    sinks: [{
      name: "otlp",
      notSelected: 0,
      exported: at,
      dropped: 0,
      timeout: 0,
      resent: 0,
      queued: 0,
      inFlight: 0,
      bytes: 0,
      circuit: 0
    }]
  },
  events: { captured: 0, sent: 0, dropped: 0, timeout: 0, queued: 0 },
  faults: 0,
  requests: 0
})

const count = 40

/** Samples of a program that is no longer young. */
const age = Judge.warmUp

describe("a program under the probe", () => {
  const observe = async (leak: Options.Leak | undefined): Promise<ReadonlyArray<string>> => {
    const env = leak === undefined ? {} : { SOAK_LEAK: leak }
    const program = Program.start("test/scripts/fixtures/idle.ts", [], env)
    try {
      await program.line("running", 60_000)
      const samples: Array<Sample> = []
      for (let at = 1; at <= count; at++) {
        samples.push(sampleOf(age + at, await program.vitals(60_000)))
        // The distance between samples, not a wait for something to happen: what leaks does so by the clock.
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      const { code, took } = await program.end(60_000)
      assert.strictEqual(code, "SIGTERM")
      const run = {
        samples,
        expectedSamples: count,
        badPages: [],
        struck: [{ period: { target: "program", fault: "error-storm", from: 5, to: 6 } as const, asked: 1, felt: 1 }],
        settled: {
          books: sampleOf(age + count, samples[0]!.vitals),
          received: { spans: { otlp: age + count }, events: 0 }
        },
        calmUntil: age + 4,
        calmFrom: age + 30,
        shutdown: { took, whole: took, code: Judge.limits.exitCode, problem: undefined }
      }
      return Judge.judge(run).flatMap(({ criterion, holds }) => holds ? [] : [criterion])
    } finally {
      if (program.ended() === undefined) await program.end(0)
    }
  }

  it("passes when it is idle, fails by its heap when that leaks, and by its handles when those leak", async () => {
    assert.deepStrictEqual(await observe(undefined), [])
    assert.include(await observe("heap"), "trend of heap")
    assert.include(await observe("handles"), "trend of handles")
  })

  it("tells how it ended when it never said what was waited for", async () => {
    const program = Program.start("test/scripts/fixtures/idle.ts", ["fail"], {})
    const problem = await program.line("never said", 60_000).then(() => undefined, (error: unknown) => error)
    assert.match(String(problem), /the program has ended \(3\)/)
  })
})
