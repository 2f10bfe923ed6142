// Exemplars lead from a point of a graph to its trace: Prometheus has them, and Jaeger has what they name.
import { metrics } from "@dawsos/observability/dawsos"
import { expect, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Deadline from "./support/Deadline.ts"
import * as Grafana from "./support/Grafana.ts"
import * as Jaeger from "./support/Jaeger.ts"
import type * as Prometheus from "./support/Prometheus.ts"
import { Watched } from "./support/Watched.ts"

const traceIds = (series: ReadonlyArray<Prometheus.ExemplarSeries>): ReadonlyArray<string> => [
  ...new Set(series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["trace_id"] ?? "")))
]

/** The exemplars of an expression, once there are some. */
const exemplars = (expression: string, what: string) =>
  Effect.flatMap(
    Watched,
    ({ before, prometheus }) =>
      Deadline.eventually(prometheus.exemplars(expression, { start: before, end: Date.now() / 1000 }), {
        what: `${what} has exemplars`,
        until: (series) => series.some(({ exemplars }) => exemplars.length > 0)
      })
  )

const traceOf = (id: string) =>
  Effect.flatMap(Watched, ({ jaeger }) =>
    Deadline.eventually(jaeger.trace(id), {
      what: `the trace ${id} is in Jaeger`,
      until: (trace) => trace !== undefined
    }))

/** Every query of every dashboard that asks for exemplars, as Grafana asks for them: by the whole expression. */
const asked = Grafana.dashboards().flatMap((dashboard) =>
  dashboard.panels.flatMap((panel) =>
    panel.targets.flatMap((target) =>
      target.exemplar === true
        ? [{
          name: `${dashboard.title}: ${panel.title}`,
          expression: Grafana.fill(dashboard, target, { step: Grafana.scrapeInterval, range: 3600 })
        }]
        : []
    )
  )
)

layer(Watched.layer(15), { timeout: "240 seconds", excludeTestServices: true })("exemplars", (it) => {
  it.effect("of every panel that shows some are there, and the trace of the newest is in Jaeger", () =>
    Effect.gen(function*() {
      expect(asked.map(({ name }) => name)).toContain("DawsOS Overview: API Response Time")
      for (const { expression, name } of asked) {
        const series = yield* exemplars(expression, name)
        const newest = series.flatMap(({ exemplars }) => exemplars).toSorted((a, b) => b.timestamp - a.timestamp)[0]
        expect(newest?.labels["trace_id"], name).toMatch(/^[0-9a-f]{32}$/)
        yield* traceOf(newest?.labels["trace_id"] ?? "")
      }
    }))

  it.effect("of requests all name traces that Jaeger has, each of that route and about that long", () =>
    Effect.gen(function*() {
      const histogram = metrics.apiRequestDuration.name
      const series = yield* exemplars(`${histogram}_bucket`, histogram)
      expect(traceIds(series).length).toBeGreaterThan(10)
      for (const { exemplars, seriesLabels } of series) {
        const name = `${seriesLabels["method"]} ${seriesLabels["endpoint"]}`
        for (const { labels, value } of exemplars) {
          const trace = yield* traceOf(labels["trace_id"] ?? "")
          const [root] = Jaeger.trees(trace!).roots
          expect(root?.name).toBe(name)
          // Span and histogram read the clock one after the other, on a machine that may be busy.
          expect(Math.abs((root?.span.duration ?? NaN) / 1_000_000 - Number(value)), name).toBeLessThan(0.5)
          expect(Number(value)).toBeLessThanOrEqual(Number(seriesLabels["le"]))
        }
      }
    }))
})
