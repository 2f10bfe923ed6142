import type { Dashboard } from "../../../mixin/Dashboard.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"
import type { Settings } from "../Settings.ts"
import { calls, critical, make, measured, quantiles, range, share, some, warning } from "./common.ts"
import { uids } from "./uids.ts"

/** The routes that are chosen. */
const chosen = { endpoint: PromQL.variable("endpoint") }

const failed = { status_code: PromQL.matches("5..") }

const requests = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Requests by route",
    description:
      "Requests a second. A fall of all routes: users do not reach us. A fall of one: its clients, or a release of theirs. A steep rise: a retry storm or a crawler, look at the status codes beside.",
    unit: "reqps",
    queries: [
      Panel.query(calls(metrics.apiRequestsTotal, ["method", "endpoint"], chosen), "{{method}} {{endpoint}}")
    ]
  }),
  Panel.timeseries({
    title: "Requests by status code",
    description:
      "What requests are answered with. 503 together with a warming pack passes by itself; 500 is a defect of ours, whose event is in error tracking; 499 is a client that left, because it waited too long.",
    unit: "reqps",
    stacked: true,
    queries: [
      Panel.query(some(calls(metrics.apiRequestsTotal, ["status_code"], chosen)), "{{status_code}}")
    ]
  }),
  Panel.timeseries({
    title: "Failing share by route",
    description:
      "Share of each route's requests that end with a server error (5xx); the line is where HighErrorRate begins for all routes together. One route: what it calls. All: database, pricing pack, or a release.",
    unit: "percentunit",
    max: 1,
    thresholds: critical(settings.errorRatio),
    queries: [
      Panel.query(
        share(metrics.apiRequestsTotal, ["method", "endpoint"], failed, chosen),
        "{{method}} {{endpoint}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Refused requests",
    description:
      "Requests that are answered with 4xx: not ours to mend, and nobody is paged. Many 401 or 403: expired credentials, or somebody who tries doors. Many 404: a client with an old address.",
    unit: "reqps",
    stacked: true,
    queries: [
      Panel.query(
        calls(metrics.apiRequestsTotal, ["endpoint", "status_code"], {
          ...chosen,
          status_code: PromQL.matches("4..")
        }),
        "{{status_code}} {{endpoint}}"
      )
    ]
  })
]

/** The share of the requests in the time that is shown that ended within a bound of the histogram. */
const within = (seconds: number): PromQL.Expression<never> =>
  PromQL.ratio(
    PromQL.sum(PromQL.increase(PromQL.within(metrics.apiRequestDuration, seconds, chosen), "$__range")),
    PromQL.sum(PromQL.increase(PromQL.observations(metrics.apiRequestDuration, chosen), "$__range"))
  )

const times = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Response time by route",
    description:
      "95th percentile; the line is where HighResponseTime begins. Click a point to open the trace of a request that took so long: its longest span without children is the cause.",
    unit: "s",
    thresholds: warning(settings.responseTime),
    queries: [
      Panel.query(
        PromQL.quantile(0.95, metrics.apiRequestDuration, { by: ["method", "endpoint"], range, where: chosen }),
        "{{method}} {{endpoint}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Response time, all chosen routes",
    description:
      "The median and the tails. The median rises too: everything is slow, look at the database and the event loop. Only the tail: one pattern or provider, follow a point to its trace.",
    unit: "s",
    thresholds: warning(settings.responseTime),
    queries: quantiles.map(({ legend, q }) =>
      Panel.query(PromQL.quantile(q, metrics.apiRequestDuration, { range, where: chosen }), legend)
    )
  }),
  Panel.stat({
    title: "Requests within the promise",
    description:
      "Share of the requests in the time that is shown that ended within 1.2 s (promised at the 95th percentile when warm) and within 2 s (when cold). Below 95 %: the promise is broken; the service levels say what that costs.",
    unit: "percentunit",
    width: 12,
    decimals: 2,
    noValue: "no traffic",
    queries: [Panel.query(within(1.2), "within 1.2 s"), Panel.query(within(2), "within 2 s")]
  }),
  Panel.timeseries({
    title: "Time spent on requests",
    description:
      "Requests that are being worked on at a time, on average, by route: rate times duration. The greatest is where making things faster pays most, and what fills the process when it is too slow.",
    unit: "short",
    stacked: true,
    queries: [
      Panel.query(
        PromQL.sum(PromQL.rate(PromQL.total(metrics.apiRequestDuration, chosen), range), {
          by: ["method", "endpoint"]
        }),
        "{{method}} {{endpoint}}"
      )
    ]
  })
]

const routes = (settings: Settings): Panel.Panel => {
  const by = ["method", "endpoint"] as const
  return Panel.table({
    title: "Routes",
    description:
      "Every chosen route with traffic, the most failing first. A click on a route chooses it alone, so that its points above lead to its traces.",
    labels: { method: "Method", endpoint: "Route" },
    columns: [
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: critical(settings.errorRatio),
        expression: share(metrics.apiRequestsTotal, by, failed, chosen)
      },
      { title: "Requests", unit: "reqps", expression: some(calls(metrics.apiRequestsTotal, by, chosen)) },
      { title: "Median", unit: "s", expression: measured(0.5, metrics.apiRequestDuration, by, chosen) },
      {
        title: "95th percentile",
        unit: "s",
        thresholds: warning(settings.responseTime),
        expression: measured(0.95, metrics.apiRequestDuration, by, chosen)
      },
      { title: "99th percentile", unit: "s", expression: measured(0.99, metrics.apiRequestDuration, by, chosen) }
    ],
    drillDown: { title: "This route alone", dashboard: uids.api, variables: { endpoint: "endpoint" } }
  })
}

/** What is asked of the API, how it answers and how long that takes. */
export const api = (settings: Settings): Dashboard =>
  make({
    uid: uids.api,
    title: "DawsOS API",
    description: "What is asked of the API, how it answers and how long that takes.",
    variables: [{ name: "endpoint", title: "Route", metric: metrics.apiRequestsTotal, of: "endpoint" }],
    sections: [
      { title: "Requests", panels: requests(settings) },
      { title: "Response time", panels: times(settings) },
      { title: "Routes", panels: [routes(settings)] }
    ]
  })
