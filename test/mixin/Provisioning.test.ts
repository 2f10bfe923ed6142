import { metrics } from "@dawsos/observability/dawsos"
import { PromQL, Provisioning } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"
import * as Yaml from "yaml"

const base = {
  prometheus: "http://prometheus:9090",
  jaeger: "http://jaeger:16686",
  scrapeInterval: "5 seconds"
} as const

const sourcesOf = (options: Provisioning.DataSources) =>
  Yaml.parse(Provisioning.dataSources(options).content).datasources

/** What Grafana makes of a text of its provisioning files: `$$` is `$`, and `$name` is taken from the environment. */
const asGrafanaReads = (text: string): string =>
  text.replace(/\$\$|\$\{?\w+\}?/g, (found) => found === "$$" ? "$" : "(environment)")

describe("Provisioning.dataSources", () => {
  it("names Prometheus and Jaeger, each by the uid by which the other knows it, for nobody to change", () => {
    const file = Provisioning.dataSources(base)
    assert.strictEqual(file.path, "grafana/provisioning/datasources/datasources.yml")
    const [prometheus, jaeger, ...others] = Yaml.parse(file.content).datasources
    assert.deepStrictEqual(others, [])
    assert.deepStrictEqual(
      [prometheus.type, prometheus.uid, prometheus.url, prometheus.isDefault, prometheus.editable],
      ["prometheus", "prometheus", base.prometheus, true, false]
    )
    assert.deepStrictEqual([jaeger.type, jaeger.uid, jaeger.url, jaeger.editable], [
      "jaeger",
      "jaeger",
      base.jaeger,
      false
    ])
    assert.strictEqual(prometheus.jsonData.timeInterval, "5s")
    assert.deepStrictEqual(prometheus.jsonData.exemplarTraceIdDestinations, [
      { name: "trace_id", datasourceUid: "jaeger", urlDisplayLabel: "Trace in Jaeger" }
    ])
    assert.notProperty(jaeger.jsonData, "tracesToMetrics")
  })

  it("leads from an exemplar to the events of its trace, where error tracking has a page", () => {
    const { content } = Provisioning.dataSources({
      ...base,
      errorEvents: "https://sentry.example/issues/?query=trace%3A{trace_id}"
    })
    const [prometheus] = Yaml.parse(asGrafanaReads(content)).datasources
    assert.deepStrictEqual(prometheus.jsonData.exemplarTraceIdDestinations[1], {
      name: "trace_id",
      url: "https://sentry.example/issues/?query=trace%3A${__value.raw}",
      urlDisplayLabel: "Error events of this trace"
    })
  })

  it("leads from a span to the metrics whose labels are its attributes", () => {
    const errors = PromQL.rate(PromQL.counter(metrics.patternExecutionsTotal, { status: "error" }), "5 minutes")
    const { content } = Provisioning.dataSources({
      ...base,
      spanTags: { "dawsos.pattern_id": "pattern_id" },
      spanQueries: [{ name: "Failures", expression: PromQL.sum(errors) }]
    })
    const [, jaeger] = Yaml.parse(asGrafanaReads(content)).datasources
    const { datasourceUid, queries, tags } = jaeger.jsonData.tracesToMetrics
    assert.strictEqual(datasourceUid, "prometheus")
    assert.deepStrictEqual(tags, [{ key: "dawsos.pattern_id", value: "pattern_id" }])
    assert.deepStrictEqual(queries, [
      { name: "Failures", query: `sum(rate(dawsos_pattern_executions_total{status="error", $__tags}[5m]))` }
    ])
  })

  it("names Alertmanager where there is one", () => {
    const [, , alertmanager] = sourcesOf({ ...base, alertmanager: "http://alertmanager:9093" })
    assert.deepStrictEqual(
      [alertmanager.type, alertmanager.url, alertmanager.jsonData.implementation],
      ["alertmanager", "http://alertmanager:9093", "prometheus"]
    )
  })

  it("refuses what is no address, a page of events without a trace, and queries without an attribute", () => {
    const refused = (change: Partial<Provisioning.DataSources>, message: string) =>
      assert.throws(() => Provisioning.dataSources({ ...base, ...change }), message)
    refused({ prometheus: "prometheus:9090" }, `prometheus: the address was "prometheus:9090"`)
    refused({ jaeger: "" }, `jaeger: the address was ""`)
    refused({ errorEvents: "https://sentry.example/" }, "it must have {trace_id} in it")
    refused({ scrapeInterval: 0 }, "scrapeInterval: a length of time was 0")
    const expression = PromQL.sum(PromQL.rate(PromQL.counter(metrics.dbQueriesTotal), "5 minutes"))
    refused({ spanQueries: [{ name: "Queries", expression }] }, "spanTags: there are queries for spans")
  })
})

describe("Provisioning.dashboards", () => {
  it("finds dashboards in files that nobody can change in Grafana, outside the folder that it writes to", () => {
    const file = Provisioning.dashboards({ folder: "Shop", path: "/etc/grafana/dashboards" })
    assert.strictEqual(file.path, "grafana/provisioning/dashboards/dashboards.yml")
    const [provider] = Yaml.parse(file.content).providers
    assert.deepStrictEqual(
      [provider.folder, provider.type, provider.allowUiUpdates, provider.disableDeletion, provider.options.path],
      ["Shop", "file", false, true, "/etc/grafana/dashboards"]
    )
    for (const path of ["/var/lib/grafana/dashboards", "dashboards"]) {
      assert.throws(() => Provisioning.dashboards({ folder: "Shop", path }), `the folder was ${path}`)
    }
  })
})
