// The six alerts of the base document, by promtool.
import { metrics } from "@dawsos/observability/dawsos"
import { describe } from "vitest"
import { cases, corrected, notices } from "./support/Case.ts"
import * as H from "./support/Healthy.ts"
import { age, counter, gauge, later, restarting, series } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

const { minutes } = H

/** Ten minutes of traffic, ten in which a pack is built and every request is told so, and traffic again. */
const nightlyBuild = {
  [H.execute("200")]: counter([10, 10], [10, 0], [70, 10]),
  [H.execute("503")]: counter([10, 0], [10, 10], [70, 0]),
  [H.pack("warming")]: gauge([10, 0], [10, 1], [70, 0]),
  [H.pack("fresh")]: gauge([10, 1], [10, 0], [70, 1])
}

describe("HighErrorRate", () => {
  cases("HighErrorRate", [
    {
      name: "fires two minutes after errors began and not before, and stays for five minutes after they ended",
      with: { [H.execute("500")]: counter([10, 0], [10, 3], [60, 0]) },
      fires: {
        "10m": [],
        "12m": [],
        "14m": ["HighErrorRate"],
        "21m": ["HighErrorRate", "ApiAvailabilityBurnRate"],
        "28m": ["HighErrorRate"],
        "32m": ["ApiAvailabilityBurnRate"],
        "60m": []
      }
    },
    { name: "is quiet on healthy traffic with expected 4xx", fires: { "14m": [], "60m": [] } },
    {
      name: "is quiet where there are no requests at all",
      noData: true,
      from: H.without(metrics.apiRequestsTotal.name, metrics.apiRequestDuration.name),
      fires: { "14m": [], "60m": [] }
    },
    {
      name: "is not fooled by counters that start anew",
      with: {
        [H.execute("200")]: restarting(7, minutes, 10),
        [H.execute("500")]: restarting(7, minutes, 0.02)
      },
      fires: { "20m": [], "50m": [] }
    },
    {
      name: "says nothing of two requests in five minutes, both failed",
      from: H.without(metrics.apiRequestsTotal.name),
      with: { [H.execute("200")]: counter([minutes, 0]), [H.execute("500")]: counter([10, 0], [2, 1 / 60], [78, 0]) },
      fires: { "12m": [], "14m": [], "16m": [] }
    },
    {
      name: "fires for a tenth of 1000 requests a second",
      with: { [H.execute("200")]: counter([minutes, 900]), [H.execute("500")]: counter([10, 0], [80, 100]) },
      fires: { "9m": [], "20m": ["HighErrorRate"], "40m": ["HighErrorRate", "ApiAvailabilityBurnRate"] }
    },
    {
      name: "counts 503 while no pack is warming",
      with: { [H.execute("200")]: counter([10, 10], [80, 0]), [H.execute("503")]: counter([10, 0], [80, 10]) },
      fires: { "20m": ["HighErrorRate", "ApiAvailabilityBurnRate"] }
    },
    {
      name: "pages for 500 during a nightly build",
      with: {
        [H.execute("200")]: counter([10, 10], [80, 0]),
        [H.execute("503")]: counter([10, 0], [10, 10], [70, 0]),
        [H.execute("500")]: counter([10, 0], [10, 2], [70, 0]),
        [H.pack("warming")]: gauge([10, 0], [10, 1], [70, 0])
      },
      fires: { "17m": ["HighErrorRate"] }
    }
  ])

  const quarter = { endpoint: "/v1/execute", method: "POST" }
  corrected([
    {
      name: "a total outage spread over five series fires, which the base rule misses",
      alert: "HighErrorRate",
      from: H.without(metrics.apiRequestsTotal.name),
      with: Object.fromEntries(
        ["/v1/execute", "/api/alerts", "/api/quotes/{symbol}", "/api/metrics/{portfolio_id}", "/api/patterns/list"].map(
          (
            endpoint
          ) => [
            series(metrics.apiRequestsTotal.name, { ...quarter, endpoint, status_code: "500" }),
            counter([minutes, 0.08])
          ]
        )
      ),
      at: "20m",
      ours: ["HighErrorRate", "ApiAvailabilityBurnRate"],
      base: false
    },
    {
      name: "0.02 % errors of 1000 requests a second are quiet, for which the base rule pages",
      alert: "HighErrorRate",
      with: { [H.execute("200")]: counter([minutes, 1000]), [H.execute("500")]: counter([minutes, 0.2]) },
      at: "20m",
      ours: [],
      base: true
    },
    {
      name: "a nightly build whose requests get 503 is quiet, for which the base rule pages",
      alert: "HighErrorRate",
      with: nightlyBuild,
      at: "19m",
      ours: [],
      base: true
    },
    {
      name: "the minutes after a nightly build are quiet too, though its 503 are still in the range",
      alert: "HighErrorRate",
      with: nightlyBuild,
      at: "23m",
      ours: [],
      base: true
    }
  ])
})

describe("HighResponseTime", () => {
  const slow = { 5: 12 }
  cases("HighResponseTime", [
    {
      name: "fires for the route whose 95th percentile is above two seconds for five minutes",
      with: H.answers("/v1/execute", [10, { 0.1: 12 }], [30, slow], [50, { 0.1: 12 }]),
      fires: {
        "10m": [],
        "14m": [],
        "20m": ["HighResponseTime"],
        "38m": ["HighResponseTime", "ApiLatencyBurnRate"],
        "80m": ["ApiLatencyBurnRate"]
      }
    },
    {
      name: "is quiet where one request in fifty is slow",
      with: H.answers("/v1/execute", [minutes, { 0.1: 11.76, 5: 0.24 }]),
      fires: { "20m": [] }
    },
    {
      name: "fires for one slow route among fast ones",
      with: H.answers("/api/alerts", [minutes, { 5: 0.1 }]),
      fires: { "20m": ["HighResponseTime"] }
    },
    {
      name: "says nothing of a route that is asked once in ten minutes",
      with: H.answers("/api/alerts", [minutes, { 5: 1 / 600 }]),
      fires: { "20m": [], "60m": [] }
    },
    {
      name: "is quiet where no times are known",
      noData: true,
      from: H.without(metrics.apiRequestDuration.name),
      fires: { "20m": [] }
    },
    {
      name: "is not fooled by counters that start anew",
      with: Object.fromEntries(
        Object.entries(H.answers("/v1/execute", [minutes, { 0.1: 12 }])).map(([name]) =>
          [
            name,
            restarting(7, minutes, name.includes("le=\"0.005\"") || name.includes("le=\"0.025\"") ? 0 : 12)
          ] as const
        )
      ),
      fires: { "20m": [], "50m": [] }
    }
  ])
  corrected([{
    name: "a route that one process answers slowly and another fast is one route, which the base rule looks at apart",
    alert: "HighResponseTime",
    with: {
      ...H.answers("/v1/execute", [minutes, { 0.1: 1000 }]),
      ...Object.fromEntries(
        Object.entries(H.answers("/v1/execute", [minutes, { 5: 0.001 }])).map(([name, values]) => [
          name.replace("a:8001", "b:8001"),
          values
        ])
      )
    },
    at: "20m",
    ours: [],
    base: true
  }])
})

describe("PricingPackStale", () => {
  cases("PricingPackStale", [
    {
      name: "fires one minute after the pack is older than 25 hours",
      with: { [H.freshness]: age(89_400, minutes) },
      fires: { "10m": [], "11m": [], "13m": ["PricingPackStale"] }
    },
    {
      name: "ends with the next pack",
      with: { [H.freshness]: `${age(89_400, 20)} ${age(0, 60)}` },
      fires: { "15m": ["PricingPackStale"], "25m": [] }
    },
    {
      name: "fires where one process of two serves an old pack",
      with: { [H.freshness.replace("a:8001", "b:8001")]: age(95_000, minutes) },
      fires: { "10m": ["PricingPackStale"] }
    },
    {
      name: "is quiet where the age is not known, which PricingPackMetricMissing says",
      noData: true,
      from: H.without(metrics.pricingPackFreshness.name),
      fires: { "5m": [], "20m": ["PricingPackMetricMissing"] }
    },
    {
      name: "is quiet after a restart, when the age is not known yet",
      with: { [H.freshness]: later(10, age(30_000, 80)) },
      fires: { "8m": [], "14m": [], "30m": [] }
    }
  ])
  corrected([{
    name: "a nightly pack in the evening is quiet, for which the base rule pages 23 hours a day",
    alert: "PricingPackStale",
    with: { [H.freshness]: age(70_000, minutes) },
    at: "20m",
    ours: [],
    base: true
  }])
})

describe("DatabaseConnectionsHigh", () => {
  cases("DatabaseConnectionsHigh", [
    {
      name: "fires two minutes after a pool of 20 has 17 connections in use",
      with: { [H.connections]: gauge([10, 5], [20, 17], [60, 5]) },
      fires: { "10m": [], "12m": [], "14m": ["DatabaseConnectionsHigh"], "40m": [] }
    },
    {
      name: "is quiet at exactly four of five",
      with: { [H.connections]: gauge([minutes, 16]) },
      fires: { "20m": [] }
    },
    {
      name: "fires where one process's pool is full and another's idle",
      with: {
        [H.connections.replace("a:8001", "b:8001")]: gauge([minutes, 20]),
        [H.pool.replace("a:8001", "b:8001")]: gauge([minutes, 20])
      },
      fires: { "10m": ["DatabaseConnectionsHigh"] }
    },
    {
      name: "is quiet at 81 of 200",
      with: { [H.connections]: gauge([minutes, 81]), [H.pool]: gauge([minutes, 200]) },
      fires: { "10m": [] }
    },
    {
      name: "fires above 80 where no maximum is known",
      from: H.without(metrics.dbConnectionsMax.name),
      with: { [H.connections]: gauge([minutes, 81]) },
      fires: { "10m": ["DatabaseConnectionsHigh"] }
    },
    {
      name: "is quiet at 80 where no maximum is known",
      from: H.without(metrics.dbConnectionsMax.name),
      with: { [H.connections]: gauge([minutes, 80]) },
      fires: { "10m": [] }
    },
    {
      name: "is quiet where nothing is known of connections",
      noData: true,
      from: H.without(metrics.dbConnectionsMax.name, metrics.dbConnectionsActive.name),
      fires: { "20m": [] }
    },
    {
      name: "is quiet on peaks of a minute",
      with: { [H.connections]: Array.from({ length: 91 }, (_, n) => n % 3 === 0 ? 20 : 5).join(" ") },
      fires: { "12m": [], "45m": [] }
    }
  ])
  corrected([{
    name: "a pool of 20 that is exhausted fires, which the base rule never sees",
    alert: "DatabaseConnectionsHigh",
    with: { [H.connections]: gauge([minutes, 20]) },
    at: "20m",
    ours: ["DatabaseConnectionsHigh"],
    base: false
  }])
})

describe("ProviderRateLimitLow", () => {
  const newsapi = {
    [H.provider("newsapi", "success")]: counter([minutes, 0.3]),
    [H.limit("newsapi")]: gauge([minutes, 30])
  }
  cases("ProviderRateLimitLow", [
    {
      name: "fires one minute after less than a tenth of a quota is left",
      with: { [H.remaining("fmp")]: gauge([10, 100], [10, 11], [70, 100]) },
      fires: { "10m": [], "11m": [], "13m": ["ProviderRateLimitLow"], "30m": [] }
    },
    {
      name: "is quiet for a provider that nobody asks",
      with: {
        [H.provider("fmp", "success")]: counter([5, 1], [85, 0]),
        [H.remaining("fmp")]: gauge([minutes, 1])
      },
      fires: { "15m": [], "60m": [] }
    },
    {
      name: "fires below 100 where no limit is known",
      from: H.without(metrics.providerRateLimitLimit.name),
      with: { [H.remaining("fmp")]: gauge([minutes, 99]) },
      fires: { "10m": ["ProviderRateLimitLow"] }
    },
    {
      name: "is quiet at 100 where no limit is known",
      from: H.without(metrics.providerRateLimitLimit.name),
      fires: { "10m": [] }
    },
    {
      name: "is quiet where no quota is known",
      noData: true,
      from: H.without(metrics.providerRateLimitLimit.name, metrics.providerRateLimitRemaining.name),
      fires: { "10m": [] }
    },
    {
      name: "fires for a provider that is asked 1000 times a second, of whose million hardly anything is left",
      with: {
        [H.provider("fmp", "success")]: counter([minutes, 1000]),
        [H.limit("fmp")]: gauge([minutes, 1_000_000]),
        [H.remaining("fmp")]: gauge([10, 500_000], [10, 90_000], [70, 500_000])
      },
      fires: { "10m": [], "13m": ["ProviderRateLimitLow"], "30m": [] }
    },
    {
      name: "is not fooled by a counter of requests that starts anew",
      with: {
        [H.provider("fmp", "success")]: restarting(7, minutes, 1),
        [H.remaining("fmp")]: gauge([minutes, 20])
      },
      fires: { "20m": [] }
    }
  ])
  corrected([{
    name: "a provider with a quota of 30 of which 28 are left is quiet, for which the base rule always fires",
    alert: "ProviderRateLimitLow",
    with: { ...newsapi, [H.remaining("newsapi")]: gauge([minutes, 28]), [H.remaining("fmp")]: gauge([minutes, 110]) },
    at: "20m",
    ours: [],
    base: true
  }])
})

describe("PatternExecutionFailure", () => {
  cases("PatternExecutionFailure", [
    {
      name: "fires two minutes after a tenth of the executions of a pattern fail",
      with: { [H.pattern("portfolio_overview", "error")]: counter([10, 0], [20, 0.6], [60, 0]) },
      fires: { "10m": [], "20m": ["PatternExecutionFailure"], "60m": [] }
    },
    {
      name: "counts defects as failures",
      with: { [H.pattern("portfolio_overview", "defect")]: counter([10, 0], [20, 0.6], [60, 0]) },
      fires: { "20m": ["PatternExecutionFailure"] }
    },
    {
      name: "does not count executions that were interrupted or degraded",
      with: {
        [H.pattern("portfolio_overview", "interrupted")]: counter([minutes, 3]),
        [H.pattern("portfolio_overview", "degraded")]: counter([minutes, 3])
      },
      fires: { "20m": [] }
    },
    {
      name: "says nothing of two failures in ten minutes",
      with: { [H.pattern("buffett_checklist", "error")]: counter([10, 0], [2, 1 / 60], [78, 0]) },
      fires: { "13m": [], "16m": [] }
    },
    {
      name: "is quiet at 1 % of many executions",
      with: {
        [H.pattern("portfolio_overview", "success")]: counter([minutes, 100]),
        [H.pattern("portfolio_overview", "error")]: counter([minutes, 1])
      },
      fires: { "20m": [] }
    },
    {
      name: "is quiet where no pattern is executed",
      noData: true,
      from: H.without(metrics.patternExecutionsTotal.name),
      fires: { "20m": [] }
    },
    {
      name: "is not fooled by counters that start anew",
      with: {
        [H.pattern("portfolio_overview", "success")]: restarting(9, minutes, 5),
        [H.pattern("portfolio_overview", "error")]: restarting(9, minutes, 0.05)
      },
      fires: { "25m": [], "60m": [] }
    }
  ])
  corrected([{
    name: "a pattern that runs once a minute and always fails fires, which the base rule never sees",
    alert: "PatternExecutionFailure",
    with: { [H.pattern("buffett_checklist", "error")]: counter([minutes, 1 / 60]) },
    at: "20m",
    ours: ["PatternExecutionFailure"],
    base: false
  }])
})

describe("what a person reads", () => {
  notices([
    {
      alert: "HighErrorRate",
      with: { [H.execute("500")]: counter([minutes, 4]) },
      at: "20m",
      labels: { job: "dawsos", severity: "critical" },
      summary: "API requests fail",
      description: "25% of the API requests of dawsos end with a server error.",
      dashboard: "dawsos-overview"
    },
    {
      alert: "HighResponseTime",
      with: H.answers("/v1/execute", [minutes, { 5: 12 }]),
      at: "20m",
      labels: { job: "dawsos", endpoint: "/v1/execute", severity: "warning" },
      summary: "API responses are slow",
      description: "The 95th percentile of the response time of /v1/execute (dawsos) is 4.85s.",
      dashboard: "dawsos-overview"
    },
    {
      alert: "PricingPackStale",
      with: { [H.freshness]: age(92_400, minutes) },
      at: "20m",
      labels: { job: "dawsos", severity: "critical" },
      summary: "The pricing pack is stale",
      description: "dawsos serves a pricing pack that was marked fresh 1d 2h 0m 0s ago.",
      dashboard: "dawsos-pricing-packs"
    },
    {
      alert: "DatabaseConnectionsHigh",
      with: { [H.connections]: gauge([minutes, 19]) },
      at: "20m",
      labels: { job: "dawsos", severity: "warning" },
      summary: "Nearly all database connections are in use",
      description: "The fullest database pool of dawsos is at 95% of its connections.",
      dashboard: "dawsos-database"
    },
    {
      alert: "DatabaseConnectionsHigh",
      from: H.without(metrics.dbConnectionsMax.name),
      with: { [H.connections]: gauge([minutes, 90]) },
      at: "20m",
      labels: { job: "dawsos", severity: "warning" },
      summary: "Nearly all database connections are in use",
      description: "The fullest database pool of dawsos is at 90 connections (its maximum is not known).",
      dashboard: "dawsos-database"
    },
    {
      alert: "ProviderRateLimitLow",
      with: { [H.remaining("fmp")]: gauge([minutes, 6]) },
      at: "20m",
      labels: { job: "dawsos", provider: "fmp", severity: "warning" },
      summary: "A provider's quota is nearly used up",
      description: "fmp allows dawsos only 5% of its quota.",
      dashboard: "dawsos-providers"
    },
    {
      alert: "ProviderRateLimitLow",
      from: H.without(metrics.providerRateLimitLimit.name),
      with: { [H.remaining("fmp")]: gauge([minutes, 60]) },
      at: "20m",
      labels: { job: "dawsos", provider: "fmp", severity: "warning" },
      summary: "A provider's quota is nearly used up",
      description: "fmp allows dawsos 60 more requests (its limit is not known).",
      dashboard: "dawsos-providers"
    },
    {
      alert: "PatternExecutionFailure",
      with: { [H.pattern("buffett_checklist", "error")]: counter([minutes, 1]) },
      at: "20m",
      labels: { job: "dawsos", pattern_id: "buffett_checklist", severity: "critical" },
      summary: "A pattern fails",
      description: "100% of the executions of buffett_checklist (dawsos) failed in the last ten minutes.",
      dashboard: "dawsos-patterns"
    }
  ])
})

describe("the tests of this file", () => {
  Tested.tested("Base")
})
