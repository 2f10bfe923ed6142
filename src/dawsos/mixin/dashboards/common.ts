/** What the dashboards of DawsOS have in common. */
import type * as Catalogue from "../../../Catalogue.ts"
import * as Dashboard from "../../../mixin/Dashboard.ts"
import * as Foreign from "../../../mixin/Foreign.ts"
import * as Panel from "../../../mixin/Panel.ts"
import * as PromQL from "../../../mixin/PromQL.ts"
import { metrics } from "../../metrics.ts"

/** The range of every rate: Grafana chooses it so that it holds enough samples at any zoom. */
export const range = PromQL.rateInterval

/** What happens rarely is averaged over at least this long. */
export const seldom = "1m"

/** The median and the tails, in the order in which they are drawn. */
export const quantiles = [
  { q: 0.95, legend: "95th percentile" },
  { q: 0.5, legend: "50th percentile" },
  { q: 0.99, legend: "99th percentile" }
] as const

/** How often something happens each second, apart for each set of the labels `by`. */
export const calls = <L extends Catalogue.Labels, const Names extends (keyof L & string) | PromQL.TargetLabel = never>(
  definition: Catalogue.Counter<L>,
  by: ReadonlyArray<Names>,
  where: PromQL.Where<L> = {}
): PromQL.Expression<Names> => PromQL.sum(PromQL.rate(PromQL.counter(definition, where), range), { by })

/** Which share of what happens is `part`, apart for each set of the labels `by`. */
export const share = <L extends Catalogue.Labels, const Names extends (keyof L & string) | PromQL.TargetLabel = never>(
  definition: Catalogue.Counter<L>,
  by: ReadonlyArray<Names>,
  part: PromQL.Where<L>,
  where: PromQL.Where<L> = {}
): PromQL.Expression<Names> => PromQL.ratio(calls(definition, by, { ...where, ...part }), calls(definition, by, where))

/** What has not happened at all is left out of a table. */
export const some = <L extends string>(value: PromQL.Expression<L>): PromQL.Expression<L> =>
  PromQL.greaterThan(value, 0)

/** A quantile where there are observations: else it is no number, which is left out of a table. */
export const measured = <
  L extends Catalogue.Labels,
  const Names extends (keyof L & string) | PromQL.TargetLabel = never
>(
  q: number,
  definition: Catalogue.Histogram<L>,
  by: ReadonlyArray<Names>,
  where: PromQL.Where<L> = {}
): PromQL.Expression<Names> =>
  PromQL.and(
    PromQL.quantile(q, definition, { by, range, where }),
    some(PromQL.sum(PromQL.rate(PromQL.observations(definition, where), range), { by }))
  )

/** The share of its pool that the fullest process of each job has in use, as DatabaseConnectionsHigh asks it. */
export const fullestPool = PromQL.max(
  PromQL.divide(
    PromQL.gauge(metrics.dbConnectionsActive),
    PromQL.greaterThan(PromQL.gauge(metrics.dbConnectionsMax), 0)
  ),
  { by: ["job"] }
)

/** The alerts that fire, but the one that always does. */
export const firing = PromQL.gauge(Foreign.alerts, { alertstate: "firing", alertname: PromQL.not("Watchdog") })

const annotations: ReadonlyArray<Dashboard.Annotation> = [
  {
    name: "Alert",
    expression: PromQL.sum(firing, { by: ["alertname", "severity"] }),
    text: "{{alertname}} ({{severity}})",
    colour: "red",
    everyJob: true
  },
  {
    name: "Restart",
    expression: PromQL.multiply(PromQL.max(PromQL.gauge(Foreign.processStartTime), { by: ["job"] }), 1000),
    text: "{{job}} began anew",
    colour: "blue",
    atValue: true
  }
]

/** What every dashboard of DawsOS has. */
export const shared = { tags: ["dawsos"], jobsOf: metrics.apiRequestsTotal, annotations }

/** A dashboard of DawsOS. */
export const make = (
  options: Pick<Dashboard.Dashboard, "uid" | "title" | "description" | "sections"> & {
    readonly variables?: ReadonlyArray<Dashboard.Variable>
  }
): Dashboard.Dashboard => Dashboard.make({ ...shared, ...options })

/** A threshold on values above a limit, as one of the alerts has it. */
export const critical = (limit: number): Panel.Thresholds => Panel.above({ critical: limit })

/** A threshold on values above a limit, as one of the alerts has it. */
export const warning = (limit: number): Panel.Thresholds => Panel.above({ warning: limit })
