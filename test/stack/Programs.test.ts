// Every program starts with the committed files, is healthy, does its part and stops.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Alertmanager from "./support/Alertmanager.ts"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Postgres from "./support/Postgres.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Redis from "./support/Redis.ts"
import * as Stack from "./support/Stack.ts"

const compose = new URL("fixture/compose.yml", import.meta.url).pathname

describe("the real programs", () => {
  it.live("start with the committed files, and see the reference program", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ compose })
      const [alertmanager, jaeger, prometheus, postgres, redis] = yield* Effect.all([
        Alertmanager.start(stack),
        Jaeger.start(stack),
        Prometheus.start(stack),
        Postgres.start(),
        Redis.start
      ], { concurrency: "unbounded" })
      const backend = yield* Backend.start(stack, {
        env: { ...jaeger.destinations.otlp, DATABASE_URL: postgres.url, REDIS_URL: redis.url }
      })
      yield* backend.warm
      const answer = yield* backend.call(Backend.execute("macro_cycles_overview"))
      expect(answer.status).toBe(200)

      const up = yield* Deadline.eventually(prometheus.query("up{job=\"dawsos-backend\"}"), {
        what: "the backend is scraped",
        until: (samples) => samples[0]?.value === 1
      })
      expect(up).toHaveLength(1)
      const traces = yield* Deadline.eventually(
        jaeger.find({ service: "dawsos-backend", operation: "pattern macro_cycles_overview" }),
        { what: "the trace is in Jaeger", until: (traces) => traces.length > 0 }
      )
      const { orphans, roots } = Jaeger.trees(traces[0]!)
      expect(orphans).toEqual([])
      console.log(roots.map((r) => Jaeger.outline(r)).join("\n"))
      console.log(yield* alertmanager.alerts, yield* redis.calls, yield* prometheus.rules)
      console.log(yield* postgres.active("dawsos"))
    }))
})
