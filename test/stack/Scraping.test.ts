// Prometheus scrapes the program in either format and with its token, and serves what alerts link to.
import { defaults } from "@dawsos/observability/dawsos/mixin"
import { describe, expect, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { writeFileSync } from "node:fs"
import * as Path from "node:path"
import * as Yaml from "yaml"
import * as Backend from "./support/Backend.ts"
import * as Deadline from "./support/Deadline.ts"
import * as Generation from "./support/Generation.ts"
import * as Grafana from "./support/Grafana.ts"
import * as Http from "./support/Http.ts"
import * as Prometheus from "./support/Prometheus.ts"
import * as Stack from "./support/Stack.ts"

/** The formats by what a scraper asks for. */
const formats = { openmetrics: "OpenMetricsText1.0.0", text: "PrometheusText0.0.4" } as const

const token = "4f1c-a-token-for-scrapes"
const tokenFile = "/run/secrets/metrics_token"
const strangersFile = "/run/secrets/strangers_token"
const correctedFile = "/run/secrets/corrected_token"

/** The backend's job once for each format, with other tokens, and with none, beside the generated one. */
const moreJobs = (path: string, text: string): string => {
  if (path !== "/etc/prometheus/prometheus.yml") return text
  const document = Yaml.parseDocument(text)
  const jobs = document.get("scrape_configs")
  const [backend] = Yaml.isSeq(jobs) ? jobs.items : []
  if (!Yaml.isSeq(jobs) || !Yaml.isMap(backend)) throw new Error(`${path} scrapes nothing`)
  const add = (name: string, edit: (job: Yaml.YAMLMap) => void): void => {
    const job = backend.clone()
    if (!Yaml.isMap(job)) throw new Error(`${path} is not understood`)
    job.set("job_name", name)
    edit(job)
    jobs.add(job)
  }
  for (const [name, protocol] of Object.entries(formats)) add(name, (job) => job.set("scrape_protocols", [protocol]))
  add("stranger", (job) => job.setIn(["authorization", "credentials_file"], strangersFile))
  add("corrected", (job) => job.setIn(["authorization", "credentials_file"], correctedFile))
  add("nobody", (job) => job.delete("authorization"))
  return document.toString()
}

/** A series without what Prometheus says of the target. */
const identity = ({ labels }: Prometheus.Sample): string =>
  Object.entries(labels).filter(([name]) => name !== "job" && name !== "instance").toSorted().map(([name, value]) =>
    `${name}=${value}`
  ).join(",")

class Scraped extends Context.Service<Scraped, {
  readonly stack: Stack.Stack
  readonly prometheus: Prometheus.Prometheus
  readonly backend: Backend.Backend
}>()("test/Scraped") {
  static readonly layer = Layer.effect(
    Scraped,
    Effect.gen(function*() {
      const stack = yield* Stack.make({
        files: yield* Generation.make({ ...defaults, metricsTokenFile: tokenFile }),
        secrets: {
          "prometheus/metrics_token": `${token}\n`,
          "prometheus/strangers_token": "another-token\n",
          "prometheus/corrected_token": "another-token\n"
        },
        edit: moreJobs
      })
      const [prometheus, backend] = yield* Effect.all([
        Prometheus.start(stack),
        Backend.start(stack, { env: { METRICS_TOKEN: token } })
      ], { concurrency: "unbounded" })
      yield* backend.warm
      yield* backend.call(Backend.execute("macro_cycles_overview"))
      yield* backend.call(Backend.execute("no_such_pattern"))
      return Scraped.of({ stack, prometheus, backend })
    })
  )
}

layer(Scraped.layer, { timeout: "120 seconds", excludeTestServices: true })("scraping", (it) => {
  it.effect("works with OpenMetrics alone and with text alone: the program is up, and its requests are counted", () =>
    Effect.gen(function*() {
      const { prometheus } = yield* Scraped
      const ups = yield* Deadline.eventually(prometheus.query("up{job=~\"dawsos|openmetrics|text\"}"), {
        what: "all three are up",
        until: (samples) => samples.length === 3 && samples.every(({ value }) => value === 1)
      })
      expect(ups.map(({ labels }) => labels["job"]).toSorted()).toEqual(["dawsos", "openmetrics", "text"])
      for (const job of ["dawsos", ...Object.keys(formats)]) {
        yield* Deadline.eventually(
          prometheus.value(`sum(dawsos_api_requests_total{job="${job}", endpoint="/v1/execute"})`),
          { what: `two executions are counted by ${job}`, until: (value) => value === 2 }
        )
      }
    }))

  it.effect("brings the same series in both formats", () =>
    Effect.gen(function*() {
      const { prometheus } = yield* Scraped
      const seriesOf = (job: string) =>
        Effect.map(
          // But for what Prometheus says of a target and of rules.
          prometheus.query(`{job="${job}", __name__!~"up|scrape_.*|ALERTS.*|.*:.*"}`),
          (samples) => samples.map(identity).toSorted()
        )
      // A series that has just come is in one of them first.
      const { dawsos, openmetrics, text } = yield* Deadline.eventually(
        Effect.all({ dawsos: seriesOf("dawsos"), openmetrics: seriesOf("openmetrics"), text: seriesOf("text") }),
        {
          what: "there are as many series",
          until: ({ dawsos, openmetrics, text }) =>
            dawsos.length > 1000 && dawsos.length === openmetrics.length && openmetrics.length === text.length
        }
      )
      expect(text).toEqual(openmetrics)
      expect(dawsos).toEqual(openmetrics)
    }))

  it.effect("brings exemplars in OpenMetrics, and none in text, which has no place for them", () =>
    Effect.gen(function*() {
      const { prometheus } = yield* Scraped
      const jobs = yield* Deadline.eventually(
        Effect.map(
          prometheus.exemplars("dawsos_api_request_duration_seconds_bucket{job=~\"dawsos|openmetrics|text\"}"),
          (series) =>
            [
              ...new Set(
                series.flatMap(({ exemplars, seriesLabels }) => exemplars.length > 0 ? [seriesLabels["job"]] : [])
              )
            ].toSorted()
        ),
        { what: "there are exemplars", until: (jobs) => jobs.length >= 2 }
      )
      expect(jobs).toEqual(["dawsos", "openmetrics"])
    }))

  it.effect("needs the token that is set: without it, and with another, the program is down", () =>
    Effect.gen(function*() {
      const { prometheus } = yield* Scraped
      const targets = yield* Deadline.eventually(
        Effect.map(
          prometheus.targets,
          (targets) =>
            targets.flatMap(({ health, labels, lastError }) =>
              /^(dawsos|stranger|nobody)$/.test(labels["job"] ?? "") ? [`${labels["job"]}: ${health} ${lastError}`] : []
            ).toSorted()
        ),
        {
          what: "all three were scraped since the backend is up",
          until: (targets) => targets.length === 3 && !targets.some((target) => /unknown|connection/.test(target))
        }
      )
      expect(targets).toEqual([
        "dawsos: up ",
        "nobody: down server returned HTTP status 401 Unauthorized",
        "stranger: down server returned HTTP status 401 Unauthorized"
      ])
      yield* Deadline.eventually(prometheus.query("up{job=~\"dawsos|stranger|nobody\"}"), {
        what: "up says the same",
        until: (samples) =>
          samples.length === 3 && samples.every(({ labels, value }) => value === (labels["job"] === "dawsos" ? 1 : 0))
      })
    }))

  it.effect("takes the token from a file that is read anew, and shows it to nobody", () =>
    Effect.gen(function*() {
      const { backend, prometheus, stack } = yield* Scraped
      writeFileSync(Path.join(stack.folder, "prometheus", correctedFile), `${token}\n`)
      yield* Deadline.eventually(prometheus.value("up{job=\"corrected\"}"), {
        what: "the right token is taken",
        until: (up) => up === 1
      })
      expect(yield* Http.text(`${prometheus.url}/api/v1/status/config`)).not.toContain(token)
      expect(yield* prometheus.output).not.toContain(token)
      expect(yield* backend.output).not.toContain(token)
    }))
})

const Rules = Schema.Struct({
  data: Schema.Struct({
    groups: Schema.Array(Schema.Struct({
      rules: Schema.Array(
        Schema.Struct({ name: Schema.String, annotations: Schema.Record(Schema.String, Schema.String) })
      )
    }))
  })
})

describe("each alert", () => {
  it.live("links to a page that Prometheus serves and to a dashboard that there is", () =>
    Effect.gen(function*() {
      const stack = yield* Stack.make()
      const prometheus = yield* Prometheus.start(stack)
      const { data: { groups } } = yield* Http.json(Rules, `${prometheus.url}/api/v1/rules?type=alert`)
      const alerts = groups.flatMap(({ rules }) => rules)
      const uids = Grafana.dashboards().map(({ uid }) => uid)
      expect(alerts.length).toBeGreaterThan(6)
      for (const { annotations, name } of alerts) {
        expect(uids).toContain(new URL(annotations["dashboard"] ?? "").pathname.replace(/^\/d\//, ""))
        // Whoever opens the link on this machine reaches Prometheus: its port is published under the same number.
        const address = annotations["runbook_url"] ?? ""
        expect(address).toBe(`${prometheus.url}/user/${name}.md`)
        const page = yield* Http.text(address)
        expect(page, address).toContain(`# ${name}\n`)
        expect(page.length, address).toBeGreaterThan(200)
      }
    }))
})
