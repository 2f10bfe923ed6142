import type { Dashboard } from "../../../mixin/Dashboard.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"
import { failed } from "../alerts/expressions.ts"
import type { Settings } from "../Settings.ts"
import { calls, fullestPool, make, measured, range, some, warning } from "./common.ts"
import { uids } from "./uids.ts"

const chosen = { table: PromQL.variable("table") }
const by = ["operation", "table"] as const

const active = PromQL.sum(PromQL.gauge(metrics.dbConnectionsActive), { by: ["job"] })
const maximum = PromQL.sum(PromQL.gauge(metrics.dbConnectionsMax), { by: ["job"] })

/** Queries that are being worked on at a time, on average. */
const busy = PromQL.sum(PromQL.rate(PromQL.total(metrics.dbQueryDuration, chosen), range), { by })

const connections = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Connections",
    description:
      "Connections in use and the pool's maximum. In use at the maximum: requests wait for one. Steps that never come down: transactions or streams that are left open.",
    unit: "none",
    queries: [Panel.query(active, "{{job}} in use"), Panel.query(maximum, "{{job}} maximum")]
  }),
  Panel.timeseries({
    title: "Pool in use",
    description:
      "Share of its pool that the fullest process of the job has in use; the line is where DatabaseConnectionsHigh begins. Above it: find the costliest query in the table below before the pool is made larger, which moves the queue into the database.",
    unit: "percentunit",
    max: 1,
    thresholds: warning(settings.connectionsRatio),
    queries: [Panel.query(fullestPool, "{{job}}")]
  })
]

const queries = (settings: Settings): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Queries by operation",
    description:
      "Queries a second. Far more than requests explain: a query in a loop. None while requests come in: nothing reaches the database, or everything is answered from caches.",
    unit: "ops",
    queries: [Panel.query(calls(metrics.dbQueriesTotal, ["operation"], chosen), "{{operation}}")]
  }),
  Panel.timeseries({
    title: "Time by table",
    description:
      "95th percentile of the time that queries take. One table: a missing index, a lock or many more rows. All: the database or the network. Click a point to open the trace of such a query.",
    unit: "s",
    queries: [
      Panel.query(
        PromQL.quantile(0.95, metrics.dbQueryDuration, { by, range, where: chosen }),
        "{{operation}} {{table}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Time spent in the database",
    description:
      "Queries that are being worked on at a time, by table: rate times duration. The greatest is what fills the pool, and where an index or a cache pays most.",
    unit: "short",
    stacked: true,
    queries: [
      Panel.query(
        PromQL.sum(PromQL.rate(PromQL.total(metrics.dbQueryDuration, chosen), range), { by: ["table"] }),
        "{{table}}"
      )
    ]
  }),
  Panel.timeseries({
    title: "Query errors",
    description:
      "Queries a second that failed. Of every table at once: connections are refused or time out. Of one: a constraint, a lock timeout, or a migration that has not run; the trace's span has the message.",
    unit: "ops",
    queries: [Panel.query(calls(metrics.dbQueryErrorsTotal, by, chosen), "{{operation}} {{table}}")]
  }),
  Panel.table({
    title: "Queries",
    description: "Every operation on a chosen table, the costliest first. A click on a table chooses it alone.",
    labels: { operation: "Operation", table: "Table" },
    columns: [
      { title: "At a time", unit: "short", expression: busy },
      { title: "Queries", unit: "ops", expression: some(calls(metrics.dbQueriesTotal, by, chosen)) },
      { title: "Mean", unit: "s", expression: PromQL.mean(metrics.dbQueryDuration, { by, range, where: chosen }) },
      { title: "95th percentile", unit: "s", expression: measured(0.95, metrics.dbQueryDuration, by, chosen) },
      {
        title: "Failing",
        unit: "percentunit",
        thresholds: warning(settings.queryErrorRatio),
        expression: PromQL.ratio(
          calls(metrics.dbQueryErrorsTotal, by, chosen),
          calls(metrics.dbQueriesTotal, by, chosen)
        )
      }
    ],
    sortBy: "At a time",
    drillDown: { title: "This table alone", dashboard: uids.database, variables: { table: "table" } }
  })
]

const redis = (): ReadonlyArray<Panel.Panel> => [
  Panel.timeseries({
    title: "Redis commands",
    description:
      "Commands a second of the shared cache. None: there is no REDIS_URL, and each process caches for itself. A fall while requests stay: the cache is not asked any more.",
    unit: "ops",
    queries: [Panel.query(calls(metrics.redisCommandsTotal, ["command"]), "{{command}}")]
  }),
  Panel.timeseries({
    title: "Redis failures",
    description:
      "Commands a second that failed. Providers are then asked more often, so watch their quotas. Look at whether Redis runs, and at its memory.",
    unit: "ops",
    queries: [Panel.query(calls(metrics.redisCommandsTotal, ["command"], { status: failed }), "{{command}}")]
  }),
  Panel.timeseries({
    title: "Redis time",
    description:
      "95th percentile of a command. More than some milliseconds: a slow command blocks all others, or the network does. Empty without REDIS_URL.",
    unit: "s",
    width: 24,
    queries: [
      Panel.query(PromQL.quantile(0.95, metrics.redisCommandDuration, { by: ["command"], range }), "{{command}}")
    ]
  })
]

/** What DawsOS asks of Postgres and Redis. */
export const database = (settings: Settings): Dashboard =>
  make({
    uid: uids.database,
    title: "DawsOS Database",
    description: "What DawsOS asks of Postgres and Redis, how fast they answer, and whether connections suffice.",
    variables: [{ name: "table", title: "Table", metric: metrics.dbQueriesTotal, of: "table" }],
    sections: [
      { title: "Connections", panels: connections(settings) },
      { title: "Queries", panels: queries(settings) },
      { title: "Redis", panels: redis() }
    ]
  })
