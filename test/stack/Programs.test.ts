// Every program starts with the committed files, is healthy, does its part and stops.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Yaml from "yaml"
import * as Alertmanager from "./support/Alertmanager.ts"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Jaeger from "./support/Jaeger.ts"
import * as Notifications from "./support/Notifications.ts"
import * as Postgres from "./support/Postgres.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Receiver from "./support/Receiver.ts"
import * as Redis from "./support/Redis.ts"
import * as Stack from "./support/Stack.ts"

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A value with whatever stands for an address or a mounted place masked, as in the container and as here. */
const masked = (value: unknown, folder: string): unknown =>
  typeof value === "string"
    ? value.replaceAll(folder, "").replace(/(localhost|0\.0\.0\.0|127\.0\.0\.1|[a-z.]+)?:\d+/g, "ADDRESS")
    : value

describe("the real programs", () => {
  it.live("start together with the committed files, watch the reference program, and are gone after the end", () =>
    Effect.gen(function*() {
      const pids = yield* Effect.scoped(Effect.gen(function*() {
        const stack = yield* Stack.make()
        const [notifications, alertmanager, jaeger, prometheus, postgres, redis] = yield* Effect.all([
          Notifications.start(stack),
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
        expect((yield* backend.call(Backend.execute("macro_cycles_overview"))).status).toBe(200)

        const targets = yield* Deadline.eventually(prometheus.targets, {
          what: "every target is up",
          until: (targets) => targets.length === 4 && targets.every(({ health }) => health === "up")
        })
        expect(targets.map(({ scrapeUrl }) => scrapeUrl)).toContain(backend.metrics)
        expect(targets.map(({ labels }) => labels["job"]).toSorted()).toEqual([
          "alertmanager",
          "dawsos",
          "jaeger",
          "prometheus"
        ])
        const [trace] = yield* Deadline.eventually(
          jaeger.find({ service: "dawsos-backend", operation: "pattern macro_cycles_overview" }),
          { what: "the request's trace is in Jaeger", until: (traces) => traces.length > 0 }
        )
        expect(trace?.spans.map(({ operationName }) => operationName)).toContain("POST /v1/execute")
        const programs = [notifications, alertmanager, jaeger, prometheus, postgres, redis, backend]
        return yield* Effect.all(programs.map(({ pid }) => pid))
      }))
      expect(pids.filter(alive)).toEqual([])
    }))

  it.live("take the committed files with other addresses and places, and nothing else", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      for (const service of ["prometheus", "alertmanager", "jaeger", "gateway"]) {
        const placed = yield* stack.place(service)
        const command = stack.compose.services[service]?.command ?? []
        expect(placed.args.map((arg) => masked(arg, placed.folder))).toEqual(command.map((arg) => masked(arg, "/none")))
        const changes = [...placed.changes.values()].flat()
        expect(changes).not.toEqual([])
        for (const { from, path, to } of changes) {
          if (typeof from === "number") expect(path.split(".").at(-1)).toBe("port")
          else if (from === "0.0.0.0") expect(to).toBe("127.0.0.1")
          else expect(masked(to, placed.folder)).toBe(masked(from, "/none"))
        }
      }
    }))

  it.live("scrape a program that offers OpenMetrics alone", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({
        factor: 5,
        edit: (path, text) => {
          if (path !== "/etc/prometheus/prometheus.yml") return text
          const document = Yaml.parseDocument(text)
          document.setIn(["global", "scrape_protocols"], ["OpenMetricsText1.0.0"])
          return document.toString()
        }
      })
      const prometheus = yield* Prometheus.start(stack)
      const backend = yield* Backend.start(stack)
      const target = yield* Deadline.eventually(prometheus.targets, {
        what: "the backend is scraped",
        until: (targets) =>
          targets.some(({ health, scrapeUrl }) => scrapeUrl === backend.metrics && health !== "unknown")
      }).pipe(Effect.map((targets) => targets.find(({ scrapeUrl }) => scrapeUrl === backend.metrics)))
      expect(target).toMatchObject({ health: "up", lastError: "" })
      yield* backend.warm
      yield* backend.call(Backend.execute("macro_cycles_overview"))
      const counted = yield* Deadline.eventually(
        prometheus.value("sum(dawsos_api_requests_total{endpoint=\"/v1/execute\"})"),
        { what: "the request is counted", until: (value) => value === 1 }
      )
      expect(counted).toBe(1)
    }))

  it.live("notify a webhook of an alert and of its end", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make({ factor: 10 })
      const webhook = yield* Receiver.web({ port: Notifications.portOf(stack) })
      const alertmanager = yield* Alertmanager.start(stack)
      const labels = { alertname: "Tried", severity: "critical", job: "dawsos" }
      const says = (status: string) => ({ json }: Receiver.Received) =>
        JSON.stringify(json).includes("\"alertname\":\"Tried\"") &&
        JSON.stringify(json).includes(`"status":"${status}"`)
      yield* alertmanager.post({ labels })
      yield* webhook.first("the alert", says("firing"))
      yield* alertmanager.post({ labels, endsAt: new Date() })
      yield* webhook.first("its end", says("resolved"), "60 seconds")
    }))
})
