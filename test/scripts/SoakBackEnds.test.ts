import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as BackEnds from "../../scripts/soak/BackEnds.ts"
import { targets } from "../../scripts/soak/Schedule.ts"

/** An export without spans, and what became of it; a second without an answer is none. */
const answerTo = async (url: string): Promise<string> => {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: new Uint8Array(0),
      signal: AbortSignal.timeout(1_000)
    })
    return `${response.status} ${(await response.arrayBuffer()).byteLength}`
  } catch (error) {
    return error instanceof DOMException ? "none" : "broken"
  }
}

/** What a client of the collector gets in the time of each fault; all else is what a healthy one answers. */
const expected = {
  hang: /^none$/,
  unavailable: /^503 /,
  throttled: /^429 /,
  "bad-request": /^400 /,
  reset: /^broken$/,
  refused: /^broken$/,
  slow: /^none$/,
  partial: /^200 [1-9]/,
  flapping: /^(200|503) /
} as const

describe("the back ends of the long run", () => {
  it.live.each(targets.collector)(
    "answer by the fault %s while it lasts, count that, and are well again",
    (fault) =>
      Effect.gen(function*() {
        const backEnds = yield* BackEnds.make
        const url = backEnds.env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] ?? ""
        const period = { target: "collector", fault, from: 1, to: 2 } as const
        yield* backEnds.begin(period)
        assert.match(yield* Effect.promise(() => answerTo(url)), expected[fault])
        assert.deepStrictEqual(yield* backEnds.end(period), { asked: 1, felt: 1 })
        assert.strictEqual(yield* Effect.promise(() => answerTo(url)), "200 0")
        yield* backEnds.begin(period)
        const again = yield* backEnds.end(period)
        assert.deepStrictEqual(again, fault === "refused" ? { asked: 1, felt: 1 } : { asked: 0, felt: 0 })
      }).pipe(Effect.scoped)
  )

  it.live.each(targets.scraper)("scrape by the fault %s while it lasts", (fault) =>
    Effect.gen(function*() {
      const backEnds = yield* BackEnds.make
      const server = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = Http.createServer((_, response) => void response.end("page")).listen(0, "127.0.0.1")
          await once(server, "listening")
          return server
        }),
        (server) =>
          Effect.sync(() => {
            server.closeAllConnections()
            server.close()
          })
      )
      backEnds.scrapeFrom(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`))
      const period = { target: "scraper", fault, from: 1, to: 2 } as const
      yield* backEnds.begin(period)
      const { asked, felt } = yield* backEnds.end(period)
      assert.isTrue(asked === 1 && felt >= 1, `${felt}`)
    }).pipe(Effect.scoped))
})
