import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Durations from "./Durations.ts"
import * as Substitution from "./Substitution.ts"

const ports: Readonly<Record<string, number>> = {
  "prometheus:9090": 1001,
  "alertmanager:9093": 1002,
  "host:8001": 1003,
  "grafana:3000": 1004,
  "prometheus:4318": 1005,
  "prometheus:8888": 1006
}

const world: Substitution.World = {
  service: "prometheus",
  services: ["prometheus", "alertmanager", "grafana"],
  published: new Map([[3000, { service: "grafana", port: 3000 }], [9999, { service: "alertmanager", port: 9093 }]]),
  port: (service, port) => ports[`${service}:${port}`] ?? 0,
  mounts: [
    { target: "/etc/prometheus", path: "/tmp/x/etc/prometheus" },
    { target: "/etc/prometheus/secrets/token", path: "/tmp/y/token" },
    { target: "/prometheus", path: "/tmp/x/prometheus" }
  ]
}

const text = (input: string): string => Substitution.text(input, world)

describe("substitution", () => {
  it("replaces the addresses of the service itself, of other services and of the host", () => {
    expect(text("--web.listen-address=0.0.0.0:9090")).toBe("--web.listen-address=127.0.0.1:1001")
    expect(text("--web.listen-address=:9090")).toBe("--web.listen-address=127.0.0.1:1001")
    expect(text("http://localhost:9090/-/ready")).toBe("http://127.0.0.1:1001/-/ready")
    expect(text("alertmanager:9093")).toBe("127.0.0.1:1002")
    expect(text("host.docker.internal:8001")).toBe("127.0.0.1:1003")
    expect(text("${env:JAEGER_LISTEN_HOST:-localhost}:4318")).toBe("127.0.0.1:1005")
  })

  it("knows a published port of another service by localhost", () => {
    expect(text("http://localhost:3000/d/dawsos-overview")).toBe("http://127.0.0.1:1004/d/dawsos-overview")
    expect(text("localhost:9999")).toBe("127.0.0.1:1002")
  })

  it("replaces mounted paths, the innermost mount first", () => {
    expect(text("--config.file=/etc/prometheus/prometheus.yml")).toBe(
      "--config.file=/tmp/x/etc/prometheus/prometheus.yml"
    )
    expect(text("/etc/prometheus/secrets/token")).toBe("/tmp/y/token")
    expect(text("--storage.tsdb.path=/prometheus")).toBe("--storage.tsdb.path=/tmp/x/prometheus")
  })

  it("leaves everything else as it is", () => {
    for (
      const same of [
        "rate(dawsos_api_requests_total{job=~\"$job\"}[5m:30s])",
        "job:dawsos_api_errors:ratio_rate5m",
        "https://example.com:443/prometheus",
        "at 12:30 on 2026-11-22T10:00:00",
        "/usr/share/prometheus/consoles",
        "/prometheus-data",
        "sum by (job) (up) > 9090"
      ]
    ) expect(text(same)).toBe(same)
  })

  it("replaces a listener that is written as host and port", () => {
    const input = "reader:\n  host: 0.0.0.0 # everywhere\n  port: 8888\nsupport: 8888\n"
    expect(Substitution.yaml(input, Substitution.world(world))).toBe(
      "reader:\n  host: 127.0.0.1 # everywhere\n  port: 1006\nsupport: 8888\n"
    )
  })

  it("lists every value that was changed, and no other", () => {
    const input = "a:\n  - x: prometheus:9090\n    y: same\n  - /etc/prometheus/rules\n"
    const output = Substitution.yaml(input, Substitution.world(world))
    expect(Substitution.changes(input, output)).toEqual([
      { path: "0.a.0.x", from: "prometheus:9090", to: "127.0.0.1:1001" },
      { path: "0.a.1", from: "/etc/prometheus/rules", to: "/tmp/x/etc/prometheus/rules" }
    ])
  })
})

describe("scaled durations", () => {
  const promql = "rate(a[5m] offset 1h) > 300 and max_over_time(b{c=\"5m\"}[1h30m:30s]) < 0.5"

  it("divide ranges, steps and offsets of an expression, and no number, label or name", () => {
    expect(Durations.expression(promql, 30)).toBe(
      "rate(a[10s] offset 120s) > 300 and max_over_time(b{c=\"5m\"}[180s:1s]) < 0.5"
    )
  })

  it("divide the times of rules, and keep scrapes and evaluations a second apart", () => {
    const edit = Durations.edit(30)
    expect(edit("5m", ["groups", "rules", "for"])).toBe("10s")
    expect(edit("5s", ["groups", "interval"])).toBe("1s")
    expect(edit("15s", ["global", "scrape_interval"])).toBe("1s")
    expect(edit("0s", ["route", "group_wait"])).toBe("0s")
    expect(edit("fires for 5m", ["annotations", "description"])).toBe("fires for 5m")
    expect(edit("up[5m]", ["groups", "rules", "expr"])).toBe("up[10s]")
  })

  it("change nothing by the factor 1, and refuse a factor that is too large", () => {
    expect(Durations.edit(1)(promql, ["expr"])).toBe(promql)
    expect(() => Durations.edit(31)).toThrow("Allowed: a number from 1 to 30.")
    expect(() => Durations.edit(0.5)).toThrow("factor 0.5")
  })

  it("are read as they were written", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 10 ** 10 }), (duration) => {
      expect(Durations.parse(Durations.format(duration))).toBe(duration)
    }))
  })
})
