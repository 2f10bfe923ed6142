import type { Dashboard } from "../../../mixin/Dashboard.ts"
import * as Foreign from "../../../mixin/Foreign.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"
import { countedRequests, failed } from "../alerts/expressions.ts"
import type { Settings } from "../Settings.ts"
import {
  calls,
  critical,
  firing,
  fullestPool,
  make,
  measured,
  quantiles,
  range,
  share,
  some,
  warning
} from "./common.ts"
import { uids } from "./uids.ts"

/** The eight panels of the base document, under its titles, in its order and of its kinds. */
const eight = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.stat({
    title: "API Request Rate",
    description:
      "Requests a second by route, now. All at nothing: users do not reach us, look at the proxy and at whether targets are up. One at nothing: its clients, or a release. A click opens the route.",
    unit: "reqps",
    width: 12,
    decimals: 2,
    queries: [
      Panel.query(calls(metrics.apiRequestsTotal, ["method", "endpoint"]), "{{method}} {{endpoint}}")
    ],
    drillDown: { title: "This route", dashboard: uids.api, variables: { endpoint: "endpoint" } }
  }),
  Panel.timeseries({
    title: "API Response Time",
    description:
      "How long requests take, all routes together; the line is where HighResponseTime begins for the 95th percentile of a single route. When it rises, find the slow route in the table below and follow a point to its trace: the longest span is the cause.",
    unit: "s",
    thresholds: warning(settings.responseTime),
    queries: quantiles.map(({ legend, q }) =>
      Panel.query(PromQL.quantile(q, metrics.apiRequestDuration, { range }), legend)
    ),
    drillDown: { title: "API", dashboard: uids.api }
  }),
  Panel.stat({
    title: "Pattern Execution Rate",
    description:
      "Executions a second by pattern and outcome, now. A pattern that shows error or defect: a click opens it. All at nothing while the API has requests: they are turned away before the orchestrator, look at the pricing pack.",
    unit: "ops",
    width: 12,
    decimals: 2,
    queries: [
      Panel.query(
        some(calls(metrics.patternExecutionsTotal, ["pattern_id", "status"])),
        "{{pattern_id}} {{status}}"
      )
    ],
    noValue: "none runs",
    drillDown: { title: "This pattern", dashboard: uids.patterns, variables: { pattern: "pattern_id" } }
  }),
  Panel.timeseries({
    title: "Database Query Performance",
    description:
      "95th percentile of the time that queries take, by operation and table. One table rises: a missing index or a lock. All rise together: the database itself, or the way to it. A point leads to its trace.",
    unit: "s",
    queries: [
      Panel.query(
        PromQL.quantile(0.95, metrics.dbQueryDuration, { by: ["operation", "table"], range }),
        "{{operation}} {{table}}"
      )
    ],
    drillDown: { title: "This table", dashboard: uids.database, variables: { table: "table" } }
  }),
  Panel.timeseries({
    title: "Provider API Performance",
    description:
      "95th percentile of the time until a provider answers, by endpoint, each attempt on its own. When one rises, its own status page knows first; requests wait for it, so the breaker may have to be opened.",
    unit: "s",
    queries: [
      Panel.query(
        PromQL.quantile(0.95, metrics.providerRequestDuration, { by: ["provider", "endpoint"], range }),
        "{{provider}} {{endpoint}}"
      )
    ],
    drillDown: { title: "This provider", dashboard: uids.providers, variables: { provider: "provider" } }
  }),
  Panel.stat({
    title: "Pricing Pack Freshness",
    description:
      "Time since the pricing pack was marked fresh; red where PricingPackStale fires. A nightly pack is up to a day old. Older: the nightly build failed, the pricing packs' dashboard says how. Unknown: no pack was ever seen.",
    unit: "s",
    noValue: "unknown",
    thresholds: critical(settings.packAge),
    queries: [
      Panel.query(PromQL.max(PromQL.gauge(metrics.pricingPackFreshness), { by: ["job"] }), "{{job}}")
    ],
    drillDown: { title: "Pricing packs", dashboard: uids.pricingPacks }
  }),
  Panel.stat({
    title: "Active Database Connections",
    description:
      "Connections in use and their maximum, of all processes, and the share that the fullest process has in use; coloured where DatabaseConnectionsHigh fires. Near the maximum requests queue: look for slow queries and for transactions that are left open.",
    unit: "none",
    noValue: "unknown",
    queries: [
      Panel.query(PromQL.sum(PromQL.gauge(metrics.dbConnectionsActive), { by: ["job"] }), "{{job}} in use"),
      Panel.query(PromQL.sum(PromQL.gauge(metrics.dbConnectionsMax), { by: ["job"] }), "{{job}} maximum"),
      Panel.query(
        fullestPool,
        "{{job}} fullest process",
        { unit: "percentunit", thresholds: warning(settings.connectionsRatio) }
      )
    ],
    drillDown: { title: "Database", dashboard: uids.database }
  }),
  Panel.timeseries({
    title: "Error Rate",
    description:
      "Share of requests that end with a server error (5xx). HighErrorRate begins where the share that it counts, averaged over five minutes, is above the line: by job, without 503 while a pack is warming, which passes by itself. When it rises, find the failing route or pattern below.",
    unit: "percentunit",
    max: 1,
    thresholds: critical(settings.errorRatio),
    queries: [
      Panel.query(
        share(metrics.apiRequestsTotal, [], { status_code: PromQL.matches("5..") }),
        "5xx errors"
      ),
      Panel.query(
        PromQL.ratio(countedRequests(range, { failed: true }), countedRequests(range), {
          above: settings.errorRatioTraffic
        }),
        "{{job}} counted by HighErrorRate"
      )
    ],
    drillDown: { title: "API", dashboard: uids.api }
  })
]

const state = (): ReadonlyArray<Panel.Panel> => [
  Panel.stat({
    title: "Alerts firing",
    description:
      "Alerts that fire now, the watchdog left out. Above nothing: Alertmanager lists them, each with its runbook and its dashboard.",
    unit: "none",
    thresholds: warning(1),
    queries: [Panel.query(PromQL.orZero(PromQL.sum(firing)), "firing", { everyJob: true })]
  }),
  Panel.stat({
    title: "Backends up",
    description:
      "Share of each job's processes that Prometheus can scrape. Below all of them: those are down, or their metrics port can't be reached; everything else on this page is silent about them.",
    unit: "percentunit",
    thresholds: Panel.below({ critical: 1 }),
    noValue: "no target",
    queries: [Panel.query(PromQL.avg(PromQL.gauge(Foreign.up), { by: ["job"] }), "{{job}}")],
    drillDown: { title: "Observability itself", dashboard: uids.observability }
  })
]

/** A line for each thing that can fail, now: what it is asked, how often it fails, how slow it is. */
const tables = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.table({
    title: "Routes",
    description:
      "Every route with traffic: the share of its requests that fail (5xx) and its 95th percentile. Sorted by failures; a click on a route opens it on the API's dashboard, where points lead to traces.",
    width: 12,
    labels: { method: "Method", endpoint: "Route" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: critical(settings.errorRatio),
        expression: share(metrics.apiRequestsTotal, ["method", "endpoint"], { status_code: PromQL.matches("5..") })
      },
      {
        title: "95th percentile",
        unit: "s",
        thresholds: warning(settings.responseTime),
        expression: measured(0.95, metrics.apiRequestDuration, ["method", "endpoint"])
      },
      {
        title: "Requests",
        unit: "reqps",
        expression: some(calls(metrics.apiRequestsTotal, ["method", "endpoint"]))
      }
    ],
    drillDown: { title: "This route", dashboard: uids.api, variables: { endpoint: "endpoint" } }
  }),
  Panel.table({
    title: "Patterns",
    description:
      "Every pattern that runs: the share of its executions that fail, and its 95th percentile. Sorted by failures; a click on a pattern opens it with its capabilities.",
    width: 12,
    labels: { pattern_id: "Pattern" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: critical(settings.patternFailureRatio),
        expression: share(metrics.patternExecutionsTotal, ["pattern_id"], { status: failed })
      },
      {
        title: "95th percentile",
        unit: "s",
        expression: measured(0.95, metrics.patternExecutionDuration, ["pattern_id"])
      },
      { title: "Executions", unit: "ops", expression: some(calls(metrics.patternExecutionsTotal, ["pattern_id"])) }
    ],
    drillDown: { title: "This pattern", dashboard: uids.patterns, variables: { pattern: "pattern_id" } }
  }),
  Panel.table({
    title: "Capabilities",
    description:
      "Every capability that is called: the share of its calls that fail, and its 95th percentile. Of a failing pattern, this is the step that broke; a click opens it, and a point there leads to the span.",
    width: 12,
    labels: { agent_name: "Agent", capability: "Capability" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: warning(settings.capabilityFailureRatio),
        expression: share(metrics.agentCapabilityCallsTotal, ["agent_name", "capability"], { status: failed })
      },
      {
        title: "95th percentile",
        unit: "s",
        expression: measured(0.95, metrics.agentCapabilityDuration, ["agent_name", "capability"])
      },
      {
        title: "Calls",
        unit: "ops",
        expression: some(calls(metrics.agentCapabilityCallsTotal, ["agent_name", "capability"]))
      }
    ],
    drillDown: { title: "This capability", dashboard: uids.patterns, variables: { capability: "capability" } }
  }),
  Panel.table({
    title: "Providers",
    description:
      "Every provider's endpoint in use: the share of requests that fail, and the 95th percentile. Sorted by failures; a click on a provider opens it with what is left of its quota.",
    width: 12,
    labels: { provider: "Provider", endpoint: "Endpoint" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: warning(settings.providerFailureRatio),
        expression: share(metrics.providerRequestsTotal, ["provider", "endpoint"], { status: failed })
      },
      {
        title: "95th percentile",
        unit: "s",
        expression: measured(0.95, metrics.providerRequestDuration, ["provider", "endpoint"])
      },
      {
        title: "Requests",
        unit: "reqps",
        expression: some(calls(metrics.providerRequestsTotal, ["provider", "endpoint"]))
      }
    ],
    drillDown: { title: "This provider", dashboard: uids.providers, variables: { provider: "provider" } }
  })
]

/** Which version is it? The first question after "what changed". */
const running = (): Panel.Panel =>
  Panel.table({
    title: "What runs",
    description:
      "The versions that run, with their processes. Two versions at a time: a release is under way, or stopped half-way. Trouble that began with a new version: roll back first, look for the cause afterwards.",
    height: 5,
    labels: { job: "Job", version: "Version", environment: "Environment", node_version: "Node" },
    columns: [
      {
        title: "Processes",
        unit: "none",
        expression: PromQL.count(PromQL.gauge(metrics.systemInfo), {
          by: ["job", "version", "environment", "node_version"]
        })
      }
    ]
  })

/** "DawsOS Overview": the base document's eight panels, and below them a way to whatever is wrong. */
export const overview = (settings: Settings): Dashboard =>
  make({
    uid: uids.overview,
    title: "DawsOS Overview",
    description: "Whether DawsOS is well, and where to look when it is not.",
    sections: [
      { panels: [...eight(settings), ...state()] },
      { title: "What is wrong: a click leads to it", panels: [...tables(settings), running()] }
    ]
  })
