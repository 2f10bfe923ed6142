import { PrometheusConfig } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"

const shop: PrometheusConfig.Job = { name: "shop", targets: ["shop-1:8001", "[::1]:8001"] }
const base: PrometheusConfig.Config = { interval: "5 seconds", jobs: [shop] }
const refused = (changes: Partial<PrometheusConfig.Config>, message: string) =>
  assert.throws(() => PrometheusConfig.render({ ...base, ...changes }), message)

describe("PrometheusConfig", () => {
  it("renders everything that is given, in Prometheus's order", () => {
    assert.strictEqual(
      PrometheusConfig.render({
        interval: "15 seconds",
        externalLabels: { cluster: "eu", replica: "0" },
        ruleFiles: ["alerts.yml"],
        alertmanagers: ["alertmanager:9093"],
        exemplars: 5,
        jobs: [{ ...shop, path: "/m", scheme: "https", credentialsFile: "/run/secrets/token" }],
        remoteWrite: [{ url: "https://store/write", credentialsFile: "/run/secrets/store" }]
      }, "Of the test."),
      `# Of the test.
global:
  scrape_interval: 15s
  scrape_timeout: 14s
  evaluation_interval: 15s
  external_labels:
    cluster: eu
    replica: "0"
storage:
  exemplars:
    max_exemplars: 5
rule_files:
  - alerts.yml
alerting:
  alertmanagers:
    - static_configs:
        - targets:
            - alertmanager:9093
scrape_configs:
  - job_name: shop
    scheme: https
    metrics_path: /m
    authorization:
      type: Bearer
      credentials_file: /run/secrets/token
    static_configs:
      - targets:
          - shop-1:8001
          - "[::1]:8001"
remote_write:
  - url: https://store/write
    send_exemplars: true
    authorization:
      type: Bearer
      credentials_file: /run/secrets/store
`
    )
  })

  it("leaves out what is not given", () => {
    assert.strictEqual(
      PrometheusConfig.render(base, "Of the test."),
      `# Of the test.
global:
  scrape_interval: 5s
  scrape_timeout: 4s
  evaluation_interval: 5s
storage:
  exemplars:
    max_exemplars: 100000
scrape_configs:
  - job_name: shop
    static_configs:
      - targets:
          - shop-1:8001
          - "[::1]:8001"
`
    )
  })

  it("refuses what Prometheus would refuse, and says what is allowed", () => {
    refused({ interval: "1 second" }, "interval: it was 1s, allowed are 2s and more")
    refused({ jobs: [] }, "jobs: nothing is scraped")
    refused({ jobs: [shop, shop] }, "jobs: a name is there twice: shop, shop")
    refused({ jobs: [{ ...shop, name: "a b" }] }, "job: a name was a b, allowed are letters, digits, _ and -")
    refused({ jobs: [{ ...shop, targets: [] }] }, "shop: nothing is named that could be reached")
    refused({ jobs: [{ ...shop, targets: ["a:1", "a:1"] }] }, "shop: a target is named twice: a:1, a:1")
    refused({ jobs: [{ ...shop, path: "metrics" }] }, "shop: the path was metrics, allowed are absolute paths")
    refused({ jobs: [{ ...shop, credentialsFile: "token" }] }, "shop: the file of a secret was token")
    refused({ exemplars: -1 }, "exemplars: their number was -1, allowed are whole numbers from 0")
    refused({ alertmanagers: [] }, "alertmanagers: nothing is named that could be reached")
    refused(
      { remoteWrite: [{ url: "store" }] },
      "remoteWrite: an address was store, allowed are http and https addresses"
    )
    for (const target of ["http://a:1", "a", "a:0", "a:65536", "a:1/metrics", "a b:1", ":1", ""]) {
      refused({ jobs: [{ ...shop, targets: [target] }] }, `a target was ${target}, allowed are host:port`)
    }
  })
})
