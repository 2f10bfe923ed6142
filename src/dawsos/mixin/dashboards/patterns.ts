import type { Dashboard } from "../../../mixin/Dashboard.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"
import { failed } from "../alerts/expressions.ts"
import type { Settings } from "../Settings.ts"
import { calls, critical, make, measured, range, share, some, warning } from "./common.ts"
import { uids } from "./uids.ts"

const pattern = { pattern_id: PromQL.variable("pattern") }
const capability = { capability: PromQL.variable("capability") }
const service = { service_name: PromQL.variable("service") }

const patterns = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Executions by pattern",
    description:
      "Executions a second. None at all while the API has requests: they are turned away before the orchestrator, look at the pricing pack's status.",
    unit: "ops",
    queries: [Panel.query(calls(metrics.patternExecutionsTotal, ["pattern_id"], pattern), "{{pattern_id}}")]
  }),
  Panel.timeseries({
    title: "Executions by outcome",
    description:
      "error is a failure that the code knows, defect one that it does not, interrupted a client that left, degraded an answer from stale or partial data. Only error and defect raise alerts.",
    unit: "ops",
    stacked: true,
    queries: [Panel.query(calls(metrics.patternExecutionsTotal, ["status"], pattern), "{{status}}")]
  }),
  Panel.timeseries({
    title: "Failing share by pattern",
    description:
      "Share of executions that end with error or defect; the line is where PatternExecutionFailure begins. Its failing step is among the capabilities below; the reason is in the trace and in the error's event.",
    unit: "percentunit",
    max: 1,
    interval: "1m",
    thresholds: critical(settings.patternFailureRatio),
    queries: [
      Panel.query(
        share(metrics.patternExecutionsTotal, ["pattern_id"], { status: failed }, pattern),
        "{{pattern_id}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Time by pattern",
    description:
      "95th percentile of a pattern, all its steps together. Click a point to open a trace: its steps stand below one another, and the longest is the cause.",
    unit: "s",
    queries: [
      Panel.query(
        PromQL.quantile(0.95, metrics.patternExecutionDuration, { by: ["pattern_id"], range, where: pattern }),
        "{{pattern_id}}"
      )
    ]
  }),
  Panel.table({
    title: "Patterns",
    description: "Every chosen pattern that runs, the most failing first. A click on a pattern chooses it alone.",
    labels: { pattern_id: "Pattern" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: critical(settings.patternFailureRatio),
        expression: share(metrics.patternExecutionsTotal, ["pattern_id"], { status: failed }, pattern)
      },
      {
        title: "Executions",
        unit: "ops",
        expression: some(calls(metrics.patternExecutionsTotal, ["pattern_id"], pattern))
      },
      {
        title: "Median",
        unit: "s",
        expression: measured(0.5, metrics.patternExecutionDuration, ["pattern_id"], pattern)
      },
      {
        title: "95th percentile",
        unit: "s",
        expression: measured(0.95, metrics.patternExecutionDuration, ["pattern_id"], pattern)
      }
    ],
    drillDown: { title: "This pattern alone", dashboard: uids.patterns, variables: { pattern: "pattern_id" } }
  })
]

const capabilities = (settings: Settings): ReadonlyArray<Panel.Panel> => {
  const by = ["agent_name", "capability"] as const
  return [
    Panel.timeseries({
      title: "Calls by agent",
      description:
        "Calls of each agent's capabilities a second. An agent at nothing while patterns run: it is not registered, and patterns that need it fail with agent_not_found.",
      unit: "ops",
      queries: [Panel.query(calls(metrics.agentCapabilityCallsTotal, ["agent_name"], capability), "{{agent_name}}")]
    }),
    Panel.timeseries({
      title: "Failing share by capability",
      description:
        "Share of calls that end with error or defect; the line is where CapabilityFailing begins. All capabilities of one agent: what they share, such as a provider. One: its code or its input; the trace has the failing span.",
      unit: "percentunit",
      max: 1,
      thresholds: warning(settings.capabilityFailureRatio),
      interval: "1m",
      queries: [
        Panel.query(
          share(metrics.agentCapabilityCallsTotal, by, { status: failed }, capability),
          "{{agent_name}} {{capability}}"
        )
      ]
    }),
    Panel.timeseries({
      title: "Time by capability",
      description:
        "95th percentile of a call. 1.2 s is the whole budget of a warm request. Click a point to open a trace: below the capability stand the queries and requests that it waited for.",
      unit: "s",
      queries: [
        Panel.query(
          PromQL.quantile(0.95, metrics.agentCapabilityDuration, { by, range, where: capability }),
          "{{agent_name}} {{capability}}"
        )
      ]
    }),
    Panel.timeseries({
      title: "Degraded answers by capability",
      description:
        "Calls a second that were answered from stale or partial data: users see figures that look right and are old. Look at the provider behind the capability, and tell users where it lasts.",
      unit: "ops",
      interval: "1m",
      queries: [
        Panel.query(
          calls(metrics.agentCapabilityCallsTotal, by, { ...capability, status: "degraded" }),
          "{{agent_name}} {{capability}}"
        )
      ]
    }),
    Panel.table({
      title: "Capabilities",
      description: "Every chosen capability that is called, the most failing first. A click chooses it alone.",
      labels: { agent_name: "Agent", capability: "Capability" },
      columns: [
        {
          title: "Failing",
          unit: "percentunit",
          thresholds: warning(settings.capabilityFailureRatio),
          expression: share(metrics.agentCapabilityCallsTotal, by, { status: failed }, capability)
        },
        { title: "Calls", unit: "ops", expression: some(calls(metrics.agentCapabilityCallsTotal, by, capability)) },
        { title: "Median", unit: "s", expression: measured(0.5, metrics.agentCapabilityDuration, by, capability) },
        {
          title: "95th percentile",
          unit: "s",
          expression: measured(0.95, metrics.agentCapabilityDuration, by, capability)
        }
      ],
      drillDown: { title: "This capability alone", dashboard: uids.patterns, variables: { capability: "capability" } }
    })
  ]
}

const services = (): ReadonlyArray<Panel.Panel> => {
  const by = ["service_name", "method"] as const
  return [
    Panel.timeseries({
      title: "Calls by service",
      description:
        "Calls a second. Far more of one service than patterns explain: something asks in a loop what it could ask once.",
      unit: "ops",
      queries: [Panel.query(calls(metrics.serviceCallsTotal, ["service_name"], service), "{{service_name}}")]
    }),
    Panel.timeseries({
      title: "Failing share by service",
      description:
        "Share of calls that end with error or defect. All methods of a service: its database or provider. One method: its own code; follow the time panel's points to a trace.",
      unit: "percentunit",
      max: 1,
      interval: "1m",
      queries: [
        Panel.query(
          share(metrics.serviceCallsTotal, by, { status: failed }, service),
          "{{service_name}}.{{method}}"
        )
      ]
    }),
    Panel.timeseries({
      title: "Time by service",
      description:
        "95th percentile of a call. A service is one or a few queries: when it is slow and its queries are not, it waits for a connection; look at the pool on the database's dashboard.",
      unit: "s",
      width: 24,
      queries: [
        Panel.query(
          PromQL.quantile(0.95, metrics.serviceCallDuration, { by, range, where: service }),
          "{{service_name}}.{{method}}"
        )
      ]
    })
  ]
}

/** What the orchestrator runs: patterns, the capabilities that are their steps, and the services below these. */
export const patternsAndCapabilities = (settings: Settings): Dashboard =>
  make({
    uid: uids.patterns,
    title: "DawsOS Patterns and capabilities",
    description: "Patterns, the capabilities that are their steps, and the services below these.",
    variables: [
      { name: "pattern", title: "Pattern", metric: metrics.patternExecutionsTotal, of: "pattern_id" },
      { name: "capability", title: "Capability", metric: metrics.agentCapabilityCallsTotal, of: "capability" },
      { name: "service", title: "Service", metric: metrics.serviceCallsTotal, of: "service_name" }
    ],
    sections: [
      { title: "Patterns", panels: patterns(settings) },
      { title: "Capabilities", panels: capabilities(settings) },
      { title: "Services", panels: services() }
    ]
  })
