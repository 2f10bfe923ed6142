/** What Grafana starts with: its data sources, and the dashboards' folder. */
import { PromQL, type Provisioning } from "../../mixin/index.ts"
import { metrics } from "../metrics.ts"
import { interval } from "./scraping.ts"
import type { Settings } from "./Settings.ts"

/** The attributes of spans that are labels, too; see the combinators. */
const spanTags = {
  "dawsos.pattern_id": "pattern_id",
  "dawsos.agent": "agent_name",
  "dawsos.capability": "capability",
  "dawsos.service": "service_name",
  "dawsos.provider": "provider",
  "db.operation.name": "operation",
  "db.collection.name": "table"
}

const rate = (series: PromQL.Increasing): PromQL.Expression =>
  PromQL.sum(PromQL.rate(series, "5 minutes"), { by: ["status"] })

/** Grafana's data sources. */
export const dataSources = (settings: Settings): Provisioning.DataSources => ({
  prometheus: "http://prometheus:9090",
  jaeger: "http://jaeger:16686",
  alertmanager: "http://alertmanager:9093",
  scrapeInterval: interval,
  errorEvents: settings.errorEvents,
  spanTags,
  spanQueries: [
    { name: "Executions of this pattern", expression: rate(PromQL.counter(metrics.patternExecutionsTotal)) },
    { name: "Calls of this capability", expression: rate(PromQL.counter(metrics.agentCapabilityCallsTotal)) },
    { name: "Calls of this service", expression: rate(PromQL.counter(metrics.serviceCallsTotal)) },
    { name: "Requests to this provider", expression: rate(PromQL.counter(metrics.providerRequestsTotal)) },
    {
      name: "Queries like this one",
      expression: PromQL.sum(PromQL.rate(PromQL.counter(metrics.dbQueriesTotal), "5 minutes"))
    }
  ]
})

/** Where Grafana finds the dashboards. */
export const folder: Provisioning.Dashboards = { folder: "DawsOS", path: "/etc/grafana/dashboards" }
