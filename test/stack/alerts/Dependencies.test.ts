// The database, the providers and the capabilities: failing shares, each with the same demands.
import { metrics } from "@dawsos/observability/dawsos"
import { describe } from "vitest"
import { cases, notices } from "./support/Case.ts"
import * as H from "./support/Healthy.ts"
import { counter, restarting } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

const { minutes } = H

interface Sharing {
  readonly alert: string
  /** The series of failures and of what it is a share of. */
  readonly failures: string
  readonly others: string
  /** Of which metric nothing is known when data are absent. */
  readonly metric: string
  /** Whether failures are counted among the others, too. */
  readonly within: boolean
}

const sharing: ReadonlyArray<Sharing> = [
  {
    alert: "DatabaseQueryErrors",
    failures: H.queryErrors,
    others: H.queries,
    metric: "dawsos_db_quer",
    within: true
  },
  {
    alert: "ProviderFailing",
    failures: H.provider("fmp", "error"),
    others: H.provider("fmp", "success"),
    metric: metrics.providerRequestsTotal.name,
    within: false
  },
  {
    alert: "CapabilityFailing",
    failures: H.capability("error"),
    others: H.capability("success"),
    metric: metrics.agentCapabilityCallsTotal.name,
    within: false
  }
]

for (const { alert, failures, metric, others, within } of sharing) {
  const whole = (perSecond: number, failed: number) => (within ? perSecond + failed : perSecond)
  describe(alert, () => {
    cases(alert, [
      {
        name: "fires where half fail, and ends when they no longer do",
        with: {
          [failures]: counter([10, 0], [20, 1], [60, 0]),
          [others]: counter([10, 1], [20, whole(1, 1)], [60, 1])
        },
        fires: { "10m": [], "16m": [alert], "60m": [] }
      },
      {
        name: "fires for 500 failures of 1000 a second",
        with: { [failures]: counter([minutes, 500]), [others]: counter([minutes, whole(500, 500)]) },
        fires: { "16m": [alert] }
      },
      {
        name: "is quiet for 1 failure of 100 a second",
        with: { [failures]: counter([minutes, 1]), [others]: counter([minutes, whole(99, 1)]) },
        fires: { "16m": [] }
      },
      {
        name: "fires for what is done once a minute and always fails",
        with: { [failures]: counter([minutes, 1 / 60]), [others]: counter([minutes, whole(0, 1 / 60)]) },
        fires: { "16m": [alert] }
      },
      {
        name: "says nothing of two failures, though nothing else was done",
        with: {
          [failures]: counter([10, 0], [2, 1 / 60], [78, 0]),
          [others]: counter([10, 0], [2, whole(0, 1 / 60)], [78, 0])
        },
        fires: { "13m": [], "16m": [] }
      },
      {
        name: "is quiet where nothing is known",
        noData: true,
        from: H.without(metric),
        fires: { "16m": [], "60m": [] }
      },
      {
        name: "is not fooled by counters that start anew",
        with: { [failures]: restarting(7, minutes, 0.01), [others]: restarting(7, minutes, whole(1, 0.01)) },
        fires: { "20m": [], "50m": [] }
      }
    ])
  })
}

describe("ProviderFailing and CapabilityFailing", () => {
  cases(["ProviderFailing", "CapabilityFailing"], [
    {
      name: "do not count answers that were degraded or interrupted",
      with: {
        [H.capability("degraded")]: counter([minutes, 50]),
        [H.capability("interrupted")]: counter([minutes, 50]),
        [H.provider("fmp", "degraded")]: counter([minutes, 50]),
        [H.provider("fmp", "interrupted")]: counter([minutes, 50])
      },
      fires: { "20m": [] }
    },
    {
      name: "count defects",
      with: {
        [H.capability("defect")]: counter([minutes, 5]),
        [H.provider("fmp", "defect")]: counter([minutes, 5])
      },
      fires: { "20m": ["CapabilityFailing", "ProviderFailing"] }
    }
  ])
})

describe("what a person reads", () => {
  notices([
    {
      alert: "DatabaseQueryErrors",
      with: { [H.queryErrors]: counter([minutes, 5]) },
      at: "20m",
      labels: { job: "dawsos", table: "lots", severity: "warning" },
      summary: "Database statements fail",
      description: "10% of the statements on lots (dawsos) failed in the last ten minutes.",
      dashboard: "dawsos-database"
    },
    {
      alert: "ProviderFailing",
      with: { [H.provider("fmp", "error")]: counter([minutes, 3]) },
      at: "20m",
      labels: { job: "dawsos", provider: "fmp", severity: "warning" },
      summary: "A market data provider fails",
      description: "75% of the requests of dawsos to fmp failed in the last ten minutes.",
      dashboard: "dawsos-providers"
    },
    {
      alert: "CapabilityFailing",
      with: {
        [H.capability("degraded")]: counter([minutes, 0]),
        [H.capability("defect")]: counter([minutes, 5])
      },
      at: "20m",
      labels: {
        job: "dawsos",
        agent_name: "financial_analyst",
        capability: "ledger.positions",
        severity: "warning"
      },
      summary: "A capability of an agent fails",
      description: "50% of the calls of ledger.positions (financial_analyst, dawsos) failed in the last ten minutes.",
      dashboard: "dawsos-patterns"
    }
  ])
})

describe("the tests of this file", () => {
  Tested.tested("Dependencies")
})
