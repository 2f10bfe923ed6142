// What the programs keep is on their volumes: it is there after a restart.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Alertmanager from "./support/Alertmanager.ts"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Stack from "./support/Stack.ts"

describe("after a restart", () => {
  it.live("Prometheus has its samples and exemplars", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 5 })
      const prometheus = yield* Prometheus.start(stack)
      const count = yield* Effect.scoped(Effect.gen(function*() {
        const backend = yield* Backend.start(stack, { traffic: 20 })
        yield* backend.warm
        yield* Deadline.eventually(prometheus.exemplars("dawsos_api_request_duration_seconds_bucket"), {
          what: "there are exemplars",
          until: (series) => series.length > 0
        })
        return yield* Deadline.eventually(prometheus.value("sum(dawsos_api_requests_total)"), {
          what: "requests are counted",
          until: (value) => (value ?? 0) > 10
        })
      }))
      // The backend is gone: what there is was there before.
      const at = Date.now() / 1000
      const before = yield* prometheus.value("sum(max_over_time(dawsos_api_requests_total[5m]))", at)
      const exemplars = yield* prometheus.exemplars("dawsos_api_request_duration_seconds_bucket")
      yield* prometheus.restart
      expect(yield* prometheus.value("sum(max_over_time(dawsos_api_requests_total[5m]))", at)).toBe(before)
      expect(before).toBeGreaterThanOrEqual(count ?? Infinity)
      expect(yield* prometheus.exemplars("dawsos_api_request_duration_seconds_bucket")).toEqual(exemplars)
      expect(exemplars.length).toBeGreaterThan(0)
    }))

  it.live("Jaeger has its traces, after an end and after a crash", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const jaeger = yield* Jaeger.start(stack)
      const search = { service: "dawsos-backend", operation: "pattern macro_cycles_overview" }
      yield* Effect.scoped(Effect.gen(function*() {
        const backend = yield* Backend.start(stack, { env: jaeger.destinations.otlp })
        yield* backend.warm
        yield* backend.call(Backend.execute("macro_cycles_overview"))
      }))
      // The backend has flushed at its end.
      const [trace] = yield* Deadline.eventually(jaeger.find(search), {
        what: "the trace is there",
        until: (traces) => traces.length > 0
      })
      const ids = (found: Jaeger.Trace | undefined) => found?.spans.map(({ spanID }) => spanID).toSorted()
      for (const end of [jaeger.stop, jaeger.kill]) {
        yield* Effect.andThen(end, jaeger.start)
        expect(ids(yield* jaeger.trace(trace?.traceID ?? ""))).toEqual(ids(trace))
        expect((yield* jaeger.find(search)).map(({ traceID }) => traceID)).toEqual([trace?.traceID])
      }
    }))

  it.live("Alertmanager has its silences, and still applies them", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const alertmanager = yield* Alertmanager.start(stack)
      const id = yield* alertmanager.silence("HighErrorRate", 600, "a deployment")
      yield* alertmanager.restart
      expect(yield* alertmanager.silences).toMatchObject([{ id, comment: "a deployment", status: { state: "active" } }])
      yield* alertmanager.post({ labels: { alertname: "HighErrorRate", severity: "critical", job: "dawsos" } })
      const alerts = yield* Deadline.eventually(alertmanager.alerts, {
        what: "the alert is silenced",
        until: (alerts) => alerts.some(({ status }) => status.state === "suppressed")
      })
      expect(alerts.map(({ status }) => status.silencedBy)).toEqual([[id]])
    }))
})
