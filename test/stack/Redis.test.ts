// Redis commands as spans and counts, against Redis's own count of them.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Redis from "./support/Redis.ts"
import * as Stack from "./support/Stack.ts"

/** What a client says of itself, and a script before it is called for the first time: none of them is somebody's command. */
const ofTheClient = new Set(["HELLO", "CLIENT", "SCRIPT", "PING", "AUTH", "SELECT"])

const countBy = (names: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  names.reduce<Record<string, number>>((counts, name) => ({ ...counts, [name]: (counts[name] ?? 0) + 1 }), {})

describe("Redis commands", () => {
  it.live("are counted as Redis counts them, and are spans below what asked for them", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 5 })
      const [jaeger, prometheus, redis] = yield* Effect.all([
        Jaeger.start(stack),
        Prometheus.start(stack),
        Redis.start
      ], { concurrency: "unbounded" })
      const sent = Effect.map(redis.watch, (names) =>
        Effect.sync(() => countBy(names().filter((name) => !ofTheClient.has(name)))))
      const asRedisSees = yield* sent
      const backend = yield* Backend.start(stack, {
        env: { ...jaeger.destinations.otlp, REDIS_URL: redis.url, PACK_BUILD_INTERVAL: "1h" }
      })
      yield* backend.warm
      yield* Effect.forEach(["AAPL", "MSFT", "IBM"], (symbol) =>
        backend.call({ method: "GET", path: `/api/quotes/${symbol}`, token: "demo-ada" }))

      const counted = Effect.map(
        prometheus.query("sum by (command) (dawsos_redis_commands_total)"),
        (samples) =>
          Object.fromEntries(samples.map(({ labels, value }) => [labels["command"], value]))
      )
      const both = yield* Deadline.eventually(Effect.all({ counted, seen: asRedisSees }), {
        what: "the counts agree",
        until: ({ counted, seen }) =>
          Object.keys(seen).length > 0 && isDeepStrictEqual(counted, seen)
      })
      expect(Object.keys(both.seen).toSorted()).toEqual(["EVALSHA", "GET", "SET"])
      const [trace] = yield* Deadline.eventually(
        jaeger.find({ service: "dawsos-backend", operation: "provider.fetch_quote" }),
        {
          what: "the trace of a quote",
          until: (traces) =>
            traces.length > 0
        }
      )
      const commands = trace?.spans.filter((span) => Jaeger.tag(span, "db.system.name") === "redis") ?? []
      expect(commands.map(({ operationName }) => operationName)).toEqual(expect.arrayContaining(["GET", "SET"]))
      expect(commands.map((span) => Jaeger.tag(span, "span.kind"))).toEqual(commands.map(() => "client"))
      expect(JSON.stringify(commands)).not.toContain("AAPL")
      expect(Jaeger.trees(trace!).orphans).toEqual([])
    }))
})
