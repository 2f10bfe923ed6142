/** The search of `test/leaks` in full: every shape by every carrier, in each of its encodings to one of the destinations. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { carriers } from "../leaks/Carriers.ts"
import * as Leaks from "../leaks/Leaks.ts"

describe("nothing secret leaves the reference program, every shape by every carrier,", () => {
  for (const [index, destination] of (["otlp", "jaegerHttp", "jaegerUdp"] as const).entries()) {
    it.live(`with spans to ${destination}`, () =>
      Effect.gen(function*() {
        const report = yield* Leaks.search({ destination, turn: index + 1, scrubber: "on", carriers })
        const bytes = Object.entries(report.bytes).map(([way, count]) => `${way} ${count.toLocaleString("en")}`)
        console.log(
          `${destination}: ${report.sent} secrets sent by ${carriers.length} carriers, ${report.needles} texts looked for; ` +
            `bytes: ${bytes.join(", ")}; found ${report.leaks.length}`
        )
        assert.deepStrictEqual(report.missing, [])
        assert.deepStrictEqual(report.leaks, [])
      }), 600_000)
  }
})
