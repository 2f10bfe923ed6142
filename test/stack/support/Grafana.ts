/**
 * Dashboards as Grafana would show them: their files read, variables filled in, and each query sent as Grafana sends it.
 *
 * Grafana itself can't run here; what it asks of Prometheus can.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import * as Path from "node:path"
import * as Variables from "../../../src/mixin/promql/Variables.ts"
import * as Compose from "./Compose.ts"
import * as Durations from "./Durations.ts"
import type * as Http from "./Http.ts"
import type * as Prometheus from "./Prometheus.ts"

const Target = Schema.Struct({
  refId: Schema.String,
  expr: Schema.String,
  legendFormat: Schema.optionalKey(Schema.String),
  instant: Schema.optionalKey(Schema.Boolean),
  range: Schema.optionalKey(Schema.Boolean),
  exemplar: Schema.optionalKey(Schema.Boolean)
})

const Panel = Schema.Struct({
  title: Schema.String,
  type: Schema.String,
  /** The shortest step, where a panel has its own. */
  interval: Schema.optionalKey(Schema.String),
  targets: Schema.Array(Target)
})

const Variable = Schema.Struct({
  name: Schema.String,
  type: Schema.String,
  allValue: Schema.optionalKey(Schema.String)
})

const File = Schema.Struct({
  uid: Schema.String,
  title: Schema.String,
  templating: Schema.Struct({ list: Schema.Array(Variable) }),
  annotations: Schema.Struct({ list: Schema.Array(Schema.Struct({ name: Schema.String, expr: Schema.String })) }),
  panels: Schema.Array(Schema.Struct({ type: Schema.String }))
})

export type Target = typeof Target.Type
export type Panel = typeof Panel.Type

export interface Dashboard {
  readonly uid: string
  readonly title: string
  /** The value of each variable as long as nobody chooses one: all. */
  readonly variables: ReadonlyMap<string, string>
  readonly panels: ReadonlyArray<Panel>
  /** The marks on its graphs, as panels. */
  readonly annotations: ReadonlyArray<Panel>
}

/** What a viewer looks at: the time that ends at `to`, in Unix seconds. */
export interface View {
  readonly from: number
  readonly to: number
}

/** The committed dashboards. */
export const folder = Path.join(Compose.root, "observability/grafana/dashboards")

const read = (path: string): Dashboard => {
  const json: unknown = JSON.parse(readFileSync(path, "utf8"))
  const { annotations, templating, title, uid } = Schema.decodeUnknownSync(File)(json)
  const { panels } = Schema.decodeUnknownSync(Schema.Struct({ panels: Schema.Array(Schema.Unknown) }))(json)
  const isRow = Schema.is(Schema.Struct({ type: Schema.Literal("row") }))
  return {
    uid,
    title,
    variables: new Map(
      templating.list.flatMap(({ allValue, name, type }) => type === "query" ? [[name, allValue ?? ".*"] as const] : [])
    ),
    panels: panels.filter((panel) => !isRow(panel)).map((panel) => Schema.decodeUnknownSync(Panel)(panel)),
    annotations: annotations.list.map(({ expr, name }) => ({
      title: name,
      type: "annotation",
      targets: [{ refId: "A", expr }]
    }))
  }
}

/** Every dashboard of the folder, by the names of their files. */
export const dashboards = (): ReadonlyArray<Dashboard> =>
  readdirSync(folder).filter((name) => name.endsWith(".json")).toSorted().map((name) => read(Path.join(folder, name)))

/** A panel of a dashboard; none is a mistake of the test. */
export const panel = (dashboard: Dashboard, title: string): Panel => {
  const found = dashboard.panels.find((panel) => panel.title === title)
  if (found === undefined) throw new Error(`${dashboard.title} has no panel ${title}`)
  return found
}

/** Seconds between two scrapes, as the data source is told (`timeInterval`). */
export const scrapeInterval = 5

/** Points that fit next to one another in a panel of half the width of a screen. */
const maxPoints = 900

/** Seconds between two points of a panel. */
export const stepOf = (panel: Panel, { from, to }: View): number => {
  const shortest = panel.interval === undefined ? scrapeInterval : (Durations.parse(panel.interval) ?? 0) / 1000
  return Math.max(shortest, Math.ceil((to - from) / maxPoints))
}

/** `$__rate_interval` in seconds: enough for four scrapes, and for no gap between two points. */
export const rateInterval = (step: number): number => Math.max(step + scrapeInterval, 4 * scrapeInterval)

export interface Filled {
  readonly step: number
  /** The seconds that the view spans. */
  readonly range: number
  /** In place of Grafana's own, in milliseconds: for figures over a whole run. */
  readonly rateInterval?: number
}

/** The expression of a target without variables. Throws where one is left. */
export const fill = (dashboard: Dashboard, target: Target, { range, rateInterval: own, step }: Filled): string => {
  const rate = own === undefined ? `${rateInterval(step)}s` : `${own}ms`
  const values = new Map([
    ...dashboard.variables,
    ["__rate_interval", rate],
    ["__interval", `${step}s`],
    ["__range", `${Math.round(range)}s`]
  ])
  return Variables.fill(target.expr, (name) => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`${dashboard.uid}: ${name} has no value in ${target.expr}`)
    return value
  })
}

interface Asked {
  readonly expression: string
  /** One moment, or undefined for the whole view. */
  readonly at: number | undefined
  readonly window: Prometheus.Window
}

const asked = (dashboard: Dashboard, panel: Panel, target: Target, view: View): Asked => {
  const step = stepOf(panel, view)
  // Grafana asks for whole multiples of the step.
  const align = (moment: number): number => Math.floor(moment / step) * step
  return {
    expression: fill(dashboard, target, { step, range: view.to - view.from }),
    at: target.instant === true ? view.to : undefined,
    window: { start: align(view.from), end: align(view.to), step }
  }
}

/** The address that Grafana would ask for a target. */
export const url = (
  prometheus: Prometheus.Prometheus,
  dashboard: Dashboard,
  panel: Panel,
  target: Target,
  view: View
): string => {
  const { at, expression, window } = asked(dashboard, panel, target, view)
  const moments = at === undefined ? Object.entries(window) : [["time", at] as const]
  const parameters = moments.map(([name, value]) => [name, String(value)])
  return `${prometheus.url}/api/v1/query${at === undefined ? "_range" : ""}?${new URLSearchParams([[
    "query",
    expression
  ], ...parameters])}`
}

/** The last value of each series of a target, with the labels; a value that is no number is none. */
export const answer = (
  prometheus: Prometheus.Prometheus,
  dashboard: Dashboard,
  panel: Panel,
  target: Target,
  view: View
): Effect.Effect<ReadonlyArray<Prometheus.Sample>, Http.AskFailed> => {
  const { at, expression, window } = asked(dashboard, panel, target, view)
  const numbers = (samples: ReadonlyArray<Prometheus.Sample>) => samples.filter(({ value }) => Number.isFinite(value))
  if (at !== undefined) return Effect.map(prometheus.query(expression, at), numbers)
  return Effect.map(prometheus.range(expression, window), (series) =>
    series.flatMap(({ labels, points }) => {
      const last = points.findLast(({ value }) => Number.isFinite(value))
      return last === undefined ? [] : [{ labels, value: last.value }]
    }))
}
