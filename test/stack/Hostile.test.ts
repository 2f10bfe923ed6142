// A real Prometheus scrapes what nobody would write on purpose, and a million values of every bounded label.
import { Catalogue, Guard, Metrics, Scrubber } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { expect, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import { spawnSync } from "node:child_process"
import * as Yaml from "yaml"
import * as MetricsLive from "../../src/metrics/MetricsLive.ts"
import * as ExpositionText from "../support/ExpositionText.ts"
import { collectGarbage } from "../support/Garbage.ts"
import * as Million from "../support/Million.ts"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Http from "./support/Http.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Stack from "./support/Stack.ts"
import * as Tool from "./support/Tool.ts"

const formats = { openmetrics: "OpenMetricsText1.0.0", text: "PrometheusText0.0.4" } as const

/** Texts that mean something to a format, to Prometheus, or to nobody. */
const texts: ReadonlyArray<string> = [
  "\"",
  "\\",
  "\\\\\"",
  "\n",
  "\r",
  "\r\n",
  "\0",
  "a\0b",
  "\u0001\u007f\u0085",
  "lone \ud800",
  "a\udc00b",
  "\ufffd",
  "\ufeff",
  "\u2028\u2029",
  "😀👩‍👩‍👧",
  "# EOF",
  "\n# EOF\n",
  "\n# HELP hostile_value other\n# TYPE hostile_value counter\n",
  "\"} 1\nforged{a=\"b",
  "{}",
  "le=\"+Inf\"",
  " # {trace_id=\"1\"} 1",
  "__name__",
  "__overflow__",
  "NaN",
  "x".repeat(256),
  "é".repeat(256)
]

const value = Catalogue.gauge({
  name: "hostile_value",
  help: "Its label is the text, its value the text's number",
  labels: { text: Catalogue.Label.bounded(texts.length) }
})

const helps = texts.map((text, index) => Catalogue.gauge({ name: `hostile_help_${index}`, help: `h${text}` }))

const megabyte = "x\"\n".repeat(350_000)

const million = 1_000_000

/** What a program of `records` distinct values for each bounded label exposes, told for the documents. */
const report = (what: Readonly<Record<string, number | string>>) =>
  Effect.sync(() => process.stderr.write(`${JSON.stringify(what)}\n`))

class Hostile extends Context.Service<Hostile, {
  readonly metrics: Metrics.Service
  readonly guard: Guard.Guard
  readonly url: string
  readonly prometheus: Prometheus.Prometheus
}>()("test/Hostile") {
  static readonly layer = Layer.effect(
    Hostile,
    Effect.gen(function*() {
      const stack = yield* Stack.make({
        edit: (path, text) => {
          if (path !== "/etc/prometheus/prometheus.yml") return text
          const document = Yaml.parseDocument(text)
          const jobs = Object.entries(formats).map(([job_name, protocol]) => ({
            job_name,
            scrape_interval: "2s",
            scrape_timeout: "2s",
            scrape_protocols: [protocol],
            static_configs: [{ targets: [`host.docker.internal:${Backend.metricsPort}`] }]
          }))
          document.set("scrape_configs", document.createNode(jobs))
          return document.toString()
        }
      })
      const guard = Guard.make()
      const metrics = Context.get(
        yield* Layer.build(MetricsLive.layer({
          catalogue: DawsOs.vocabulary.catalogue,
          scrubber: Scrubber.make(DawsOs.vocabulary.scrubber),
          guard,
          config: { host: "127.0.0.1", port: stack.port("host", Backend.metricsPort), token: Option.none() }
        })),
        Metrics.Metrics
      )
      const { host, port } = Option.getOrThrow(metrics.address)
      const prometheus = yield* Prometheus.start(stack)
      return Hostile.of({ metrics, guard, prometheus, url: `http://${host}:${port}/metrics` })
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
}

const byJob = <A>(ask: (job: keyof typeof formats) => Effect.Effect<A, Http.AskFailed>) =>
  Effect.all({ openmetrics: ask("openmetrics"), text: ask("text") })

layer(Hostile.layer, { timeout: "120 seconds", excludeTestServices: true })("a hostile exposition", (it) => {
  it.effect("is scraped in both formats, and every text comes back through the query API", () =>
    Effect.gen(function*() {
      const { metrics, prometheus } = yield* Hostile
      texts.forEach((text, index) => metrics.gauge(value, { text }).set(index))
      metrics.gauge(value, { text: megabyte }).set(-1)
      helps.forEach((definition, index) => metrics.gauge(definition, {}).set(index))
      metrics.gauge(Catalogue.gauge({ name: "hostile_help_long", help: megabyte }), {}).set(1)
      const told = yield* Deadline.eventually(
        byJob((job) => prometheus.query(`hostile_value{job="${job}"}`)),
        {
          what: "both formats are scraped",
          until: (told) => Object.values(told).every((samples) => samples.length === texts.length)
        }
      )
      const expected = Object.fromEntries(texts.map((text, index) => [text.toWellFormed(), index]))
      // Whatever is too long for a label falls where this one is.
      expected["__overflow__"] = -1
      for (const samples of Object.values(told)) {
        expect(Object.fromEntries(samples.map(({ labels, value }) => [labels["text"] ?? "", value]))).toEqual(expected)
      }
      const counts = yield* byJob((job) => prometheus.query(`{__name__=~"hostile_help_.*", job="${job}"}`))
      for (const samples of Object.values(counts)) expect(samples.length).toBe(texts.length + 1)
      expect(yield* prometheus.query("forged")).toEqual([])
      expect((yield* prometheus.targets).map(({ lastError }) => lastError)).toEqual(["", ""])
    }))

  it.effect("is understood by promtool as it is by the parser of our tests", () =>
    Effect.gen(function*() {
      const { url } = yield* Hostile
      const text = yield* Http.text(url)
      ExpositionText.parse(text, "prometheus")
      const promtool = yield* Tool.path("promtool")
      const { status, stderr } = spawnSync(promtool, ["check", "metrics"], { input: text, encoding: "utf8" })
      // 3: it has remarks, on names such as Node's own; 1: it can't read it.
      expect([0, 3], stderr).toContain(status)
      expect(stderr).not.toMatch(/hostile_|parsing error/)
      const broken = spawnSync(promtool, ["check", "metrics"], { input: `${text}broken{ 1\n`, encoding: "utf8" })
      expect(broken.status).toBe(1)
    }))

  it.effect(
    "of a million values in each bounded label is small, and its sums are those of all records",
    () =>
      Effect.gen(function*() {
        const { guard, metrics, prometheus, url } = yield* Hostile
        collectGarbage()
        const before = process.memoryUsage().heapUsed
        const started = performance.now()
        for (const { record } of Million.recorders) {
          yield* Effect.provideService(Million.times(million, record), Metrics.Metrics, metrics)
        }
        const took = performance.now() - started
        collectGarbage()
        const heap = process.memoryUsage().heapUsed - before
        const text = yield* Http.text(url)
        const read = ExpositionText.parse(text, "prometheus")
        expect(Million.truth(read, million)).toEqual({ unbounded: [], untold: [], wrong: [] })
        expect(heap).toBeLessThan(40_000_000)
        expect(text.split("\n").length).toBeLessThan(25_000)
        expect(text.length).toBeLessThan(3_000_000)
        expect(guard.faults().get("recorder")).toBe(0)
        const records = 2 * million
        yield* Deadline.eventually(
          byJob((job) => prometheus.value(`sum(dawsos_pattern_executions_total{job="${job}"})`)),
          { what: "Prometheus has the sum", until: (sums) => Object.values(sums).every((sum) => sum === records) }
        )
        yield* report({
          records: Million.recorders.length * million,
          microsecondsPerRecord: took * 1000 / (Million.recorders.length * million),
          lines: text.split("\n").length,
          bytes: text.length,
          heapGrowthBytes: heap,
          scrapeSeconds: read.value("dawsos_observability_scrape_duration_seconds") ?? NaN,
          series: [...read.families.values()].reduce((sum, { samples }) => sum + samples.length, 0)
        })
      }),
    900_000
  )
})
