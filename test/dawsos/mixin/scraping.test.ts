import { defaults, scraping, type Settings } from "@dawsos/observability/dawsos/mixin"
import { PrometheusConfig } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as Yaml from "yaml"

const text = (changes: Partial<Settings> = {}) => PrometheusConfig.render(scraping({ ...defaults, ...changes }))
const read = (changes: Partial<Settings> = {}) => Yaml.parse(text(changes))

const targets = (config: ReturnType<typeof read>): Readonly<Record<string, ReadonlyArray<string>>> =>
  Object.fromEntries(
    config.scrape_configs.map((job: ReturnType<typeof read>) => [job.job_name, job.static_configs[0].targets])
  )

describe("DawsOS's scraping", () => {
  it("scrapes the backend on the host, and everything that watches it", () => {
    assert.deepStrictEqual(targets(read()), {
      dawsos: ["host.docker.internal:8001"],
      prometheus: ["localhost:9090"],
      alertmanager: ["alertmanager:9093"],
      jaeger: ["jaeger:8888"]
    })
  })

  it("evaluates rules at most 10 seconds after a sample could be taken", () => {
    const { global } = read()
    const seconds = (text: string): number => Number(/^(\d+)s$/.exec(text)?.[1])
    assert.isAtMost(seconds(global.scrape_interval) + seconds(global.evaluation_interval), 10)
    assert.isBelow(seconds(global.scrape_timeout), seconds(global.scrape_interval))
  })

  it("keeps exemplars, loads the rules and tells Alertmanager", () => {
    const config = read()
    assert.isAbove(config.storage.exemplars.max_exemplars, 0)
    assert.deepStrictEqual(config.rule_files, ["alerts.yml"])
    assert.deepStrictEqual(config.alerting.alertmanagers, [{ static_configs: [{ targets: ["alertmanager:9093"] }] }])
  })

  it("shows a token to the backend alone, and only where one is configured", () => {
    assert.notInclude(text(), "authorization")
    const { scrape_configs: jobs } = read({ metricsTokenFile: "/run/secrets/metrics_token" })
    assert.deepStrictEqual(jobs[0].authorization, { type: "Bearer", credentials_file: "/run/secrets/metrics_token" })
    assert.lengthOf(jobs.filter((job: object) => "authorization" in job), 1)
  })

  it("scrapes several processes, and the gateway where it is used", () => {
    const config = read({ backends: ["host.docker.internal:8001", "host.docker.internal:8002"], gateway: true })
    assert.deepStrictEqual(targets(config)["dawsos"], ["host.docker.internal:8001", "host.docker.internal:8002"])
    assert.deepStrictEqual(targets(config)["gateway"], ["gateway:8888"])
  })

  it("sends samples to a store outside where one is configured", () => {
    assert.notInclude(text(), "remote_write")
    const config = read({ remoteWrite: [{ url: "https://store/write" }], externalLabels: { cluster: "eu" } })
    assert.deepStrictEqual(config.remote_write, [{ url: "https://store/write", send_exemplars: true }])
    assert.deepStrictEqual(config.global.external_labels, { cluster: "eu" })
  })
})
