/**
 * Secrets of every shape, in every encoding, sent through the running reference program on every way that a secret may
 * take by mistake; every byte that leaves it is searched for every one of them.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { carriers } from "./Carriers.ts"
import * as Leaks from "./Leaks.ts"

// For three processes that are busy beside one another, on a machine that is busy with others.
const timeout = 600_000

const ofSpans = carriers.filter(({ reaches }) => reaches.includes("spans") || reaches.includes("links"))

/** Every marker arrives, and no secret. */
const findsNothing = (way: Pick<Leaks.Options, "carriers" | "destination" | "turn">) =>
  Effect.gen(function*() {
    const { leaks, missing } = yield* Leaks.search({ ...way, scrubber: "on", oneOf: 8 })
    assert.deepStrictEqual(missing, [])
    assert.deepStrictEqual(leaks, [])
  })

describe.concurrent("nothing secret leaves the reference program", () => {
  it.live(
    "by OTLP, as Sentry events, as spans to Sentry, in log lines, on /metrics, in answers that are errors",
    () => findsNothing({ destination: "otlp", turn: 1, carriers }),
    timeout
  )

  it.live("by Thrift over HTTP", () => findsNothing({ destination: "jaegerHttp", turn: 2, carriers: ofSpans }), timeout)

  it.live("by Thrift over UDP", () => findsNothing({ destination: "jaegerUdp", turn: 3, carriers: ofSpans }), timeout)
})

describe.concurrent("the search itself, where nothing is scrubbed,", () => {
  const ways = {
    otlp: ["otlp", "sentryOtlp", "sentry", "standard error", "metrics", "answers"],
    jaegerHttp: ["jaegerHttp", "sentryOtlp"],
    jaegerUdp: ["jaegerUdp", "sentryOtlp"]
  } as const
  for (const destination of ["otlp", "jaegerHttp", "jaegerUdp"] as const) {
    it.live(`finds secrets on every way out of a program that sends to ${destination}`, () =>
      Effect.gen(function*() {
        const { leaking } = yield* Leaks.search({ destination, turn: 1, scrubber: "off", carriers, oneOf: 64 })
        assert.includeMembers([...leaking], [...ways[destination]])
      }), timeout)
  }
})
