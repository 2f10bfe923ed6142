import type { Dashboard } from "../../../mixin/Dashboard.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"
import { failed } from "../alerts/expressions.ts"
import type { Settings } from "../Settings.ts"
import { calls, make, measured, range, share, some, warning } from "./common.ts"
import { uids } from "./uids.ts"

const chosen = { provider: PromQL.variable("provider") }
const by = ["provider", "endpoint"] as const

/** The least share of a provider's quota that a process has left in its present window, as ProviderRateLimitLow asks it. */
const quotaLeft = PromQL.min(
  PromQL.divide(
    PromQL.gauge(metrics.providerRateLimitRemaining, chosen),
    PromQL.greaterThan(PromQL.gauge(metrics.providerRateLimitLimit, chosen), 0)
  ),
  { by: ["job", "provider"] }
)

const requests = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Requests by provider",
    description:
      "Requests a second, each attempt counted. A rise without more traffic: retries, so look at the failures. None at all: the breaker is open, or nothing asks for fresh data.",
    unit: "reqps",
    queries: [Panel.query(calls(metrics.providerRequestsTotal, ["provider"], chosen), "{{provider}}")]
  }),
  Panel.timeseries({
    title: "Requests by outcome",
    description:
      "error is an answer or a connection that failed, degraded one that was answered from the cache instead. Rising errors with steady success: retries still save it, but the quota is spent faster.",
    unit: "reqps",
    stacked: true,
    queries: [
      Panel.query(some(calls(metrics.providerRequestsTotal, ["provider", "status"], chosen)), "{{provider}} {{status}}")
    ]
  }),
  Panel.timeseries({
    title: "Failing share by endpoint",
    description:
      "Share of requests that fail; the line is where ProviderFailing begins for all endpoints of a provider together. All endpoints of a provider: its status page, our key, or the network. One endpoint: it has changed. Until it is mended the cache answers, so tell users that figures are old.",
    unit: "percentunit",
    max: 1,
    thresholds: warning(settings.providerFailureRatio),
    queries: [
      Panel.query(
        share(metrics.providerRequestsTotal, by, { status: failed }, chosen),
        "{{provider}} {{endpoint}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Time by endpoint",
    description:
      "95th percentile of the time until a provider's answer begins, each attempt on its own. Click a point to open a trace: it shows who waited for it, and how often it was tried.",
    unit: "s",
    queries: [
      Panel.query(
        PromQL.quantile(0.95, metrics.providerRequestDuration, { by, range, where: chosen }),
        "{{provider}} {{endpoint}}"
      )
    ]
  })
]

const quotas = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.barGauge({
    title: "Quota left now",
    description:
      "Share of each provider's quota that is left in its present window, by job; orange where ProviderRateLimitLow fires as long as the provider is asked. Low: cache for longer, or ask for less; at nothing the provider answers 429 until its window ends.",
    unit: "percentunit",
    max: 1,
    thresholds: Panel.below({ warning: settings.rateLimitRatio }),
    noValue: "no provider says",
    queries: [Panel.query(quotaLeft, "{{provider}} ({{job}})")]
  }),
  Panel.timeseries({
    title: "Quota left",
    description:
      "The same over time; the line is where ProviderRateLimitLow begins. A saw tooth is a window that begins anew; teeth that reach the ground each time mean that the quota is too small for the traffic.",
    unit: "percentunit",
    max: 1,
    thresholds: Panel.below({ warning: settings.rateLimitRatio }),
    queries: [Panel.query(quotaLeft, "{{provider}} ({{job}})")]
  }),
  Panel.timeseries({
    title: "Requests left",
    description:
      "Requests that each provider still allows in its present window. Of a provider that names no limit, this is all that is known; the alert then looks at the number itself.",
    unit: "short",
    queries: [
      Panel.query(
        PromQL.min(PromQL.gauge(metrics.providerRateLimitRemaining, chosen), { by: ["provider"] }),
        "{{provider}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Degraded answers",
    description:
      "Requests a second that were answered with stale or partial data. Users see figures that look right: find the failing endpoint above, and tell users where it lasts.",
    unit: "reqps",
    queries: [
      Panel.query(
        calls(metrics.providerRequestsTotal, by, { ...chosen, status: "degraded" }),
        "{{provider}} {{endpoint}}"
      )
    ]
  })
]

const endpoints = (settings: Settings): Panel.Panel =>
  Panel.table({
    title: "Endpoints",
    description: "Every endpoint in use, the most failing first. A click on a provider chooses it alone.",
    labels: { provider: "Provider", endpoint: "Endpoint" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: warning(settings.providerFailureRatio),
        expression: share(metrics.providerRequestsTotal, by, { status: failed }, chosen)
      },
      { title: "Requests", unit: "reqps", expression: some(calls(metrics.providerRequestsTotal, by, chosen)) },
      { title: "Median", unit: "s", expression: measured(0.5, metrics.providerRequestDuration, by, chosen) },
      { title: "95th percentile", unit: "s", expression: measured(0.95, metrics.providerRequestDuration, by, chosen) }
    ],
    drillDown: { title: "This provider alone", dashboard: uids.providers, variables: { provider: "provider" } }
  })

/** What market data costs us in time, failures and quota. */
export const providers = (settings: Settings): Dashboard =>
  make({
    uid: uids.providers,
    title: "DawsOS Providers",
    description: "Providers of market data: whether they answer, how fast, and what is left of their quotas.",
    variables: [{ name: "provider", title: "Provider", metric: metrics.providerRequestsTotal, of: "provider" }],
    sections: [
      { title: "Requests", panels: requests(settings) },
      { title: "Quotas and old answers", panels: quotas(settings) },
      { title: "Endpoints", panels: [endpoints(settings)] }
    ]
  })
