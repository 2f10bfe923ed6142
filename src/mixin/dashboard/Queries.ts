/**
 * What a dashboard asks Prometheus, its variables filled in: to try each panel against a running Prometheus.
 */
import type * as Duration from "effect/Duration"
import * as Json from "../Json.ts"
import { refuse } from "../MixinError.ts"
import * as PromQL from "../PromQL.ts"
import { duration } from "../promql/Render.ts"
import * as Variables from "../promql/Variables.ts"

/** A query of a panel as Prometheus is asked it. */
export interface PanelQuery {
  /** The uid of the dashboard. */
  readonly dashboard: string
  /** The title of the panel. */
  readonly panel: string
  readonly refId: string
  /** The expression without variables. */
  readonly expr: string
  /** Asked for one moment, not for a range of time. */
  readonly instant: boolean
  /** Exemplars are asked for, too. */
  readonly exemplars: boolean
}

/** What variables stand for. */
export interface Filling {
  /** Values by the names of variables, as Grafana would write them into a regular expression; `.+` for every other. */
  readonly variables?: Readonly<Record<string, string>> | undefined
  /** `$__rate_interval`: at least four times the scrape interval. A minute by default. */
  readonly rateInterval?: Duration.Input | undefined
  /** `$__range`: the time that is shown. An hour by default. */
  readonly range?: Duration.Input | undefined
}

/** An expression with its variables filled in. */
export const fill = (expression: string, filling: Filling = {}): string => {
  const { range = "1 hour", rateInterval = "1 minute", variables = {} } = filling
  const interval = duration(PromQL.milliseconds("rateInterval", rateInterval))
  const provided: Readonly<Record<string, string>> = {
    __rate_interval: interval,
    __interval: interval,
    __range: duration(PromQL.milliseconds("range", range))
  }
  return Variables.fill(
    expression,
    (name) => provided[name] ?? variables[name] ?? (name.startsWith("__") ? undefined : ".+")
  )
}

/**
 * The queries of a dashboard in the order of its panels, from its JSON as a text or an object. Raises `MixinError` for
 * what is no dashboard.
 *
 * @example
 * import { Queries } from "@dawsos/observability/mixin"
 * import { readFileSync } from "node:fs"
 *
 * const dashboard = readFileSync("observability/grafana/dashboards/dawsos-overview.json", "utf8")
 *
 * for (const { expr, panel } of Queries.ofDashboard(dashboard, { variables: { job: "dawsos" } })) {
 *   console.log(panel, expr)
 * }
 */
export const ofDashboard = (dashboard: unknown, filling: Filling = {}): ReadonlyArray<PanelQuery> => {
  const json = Json.fields(typeof dashboard === "string" ? JSON.parse(dashboard) : dashboard)
  if (!Array.isArray(json.panels)) return refuse("dashboard", "it is no dashboard with panels")
  const uid = Json.text(json.uid)
  // Collapsed rows hold their panels.
  const panels = fieldsOf(json.panels).flatMap((panel) => [panel, ...fieldsOf(panel.panels)])
  return panels.flatMap((panel) =>
    fieldsOf(panel.targets).flatMap(({ exemplar, expr, instant, range, refId }) =>
      typeof expr !== "string" ? [] : [{
        dashboard: uid,
        panel: Json.text(panel.title),
        refId: Json.text(refId),
        expr: fill(expr, filling),
        instant: instant === true && range !== true,
        exemplars: exemplar === true
      }]
    )
  )
}

const fieldsOf = (value: unknown): ReadonlyArray<Json.Fields> => Json.list(value).map(Json.fields)
