/**
 * Panels of a dashboard as data: what is asked, how it is drawn, what it means and what to do about it.
 *
 * @example
 * import { Panel, PromQL } from "@dawsos/observability/mixin"
 * import { metrics } from "@dawsos/observability/dawsos"
 *
 * export const requests = Panel.timeseries({
 *   title: "Requests",
 *   description: "Requests a second by route. A sudden fall with no change in traffic elsewhere: look at the proxy.",
 *   unit: "reqps",
 *   queries: [
 *     Panel.query(
 *       PromQL.sum(PromQL.rate(PromQL.counter(metrics.apiRequestsTotal), PromQL.rateInterval), { by: ["endpoint"] }),
 *       "{{endpoint}}"
 *     )
 *   ]
 * })
 */
import type * as Catalogue from "../Catalogue.ts"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import * as Node from "./promql/Node.ts"

/** Units by Grafana's names: a second's requests, operations or bytes, seconds, bytes, a share from 0 to 1, a number. */
export type Unit = "reqps" | "ops" | "Bps" | "s" | "bytes" | "percentunit" | "short" | "none"

/** Where a value begins to be bad, and how bad; the figures are those of the alerts. */
export interface Thresholds {
  /** Whether values above the limits are bad, or those below. */
  readonly bad: "above" | "below"
  /** Orange from here on. */
  readonly warning?: number | undefined
  /** Red from here on. */
  readonly critical?: number | undefined
}

/** Values above the limits are bad. */
export const above = (limits: Omit<Thresholds, "bad">): Thresholds => ({ bad: "above", ...limits })

/** Values below the limits are bad. */
export const below = (limits: Omit<Thresholds, "bad">): Thresholds => ({ bad: "below", ...limits })

/** A way from a panel to another dashboard. */
export interface DrillDown {
  readonly title: string
  /** The uid of the other dashboard. */
  readonly dashboard: string
  /** Variables of the other dashboard, each with the label of the clicked series that it takes its value from. */
  readonly variables?: Readonly<Record<string, string>> | undefined
}

/** An expression in a panel. */
export interface Query {
  readonly expression: PromQL.Expression
  /** The name of each series; `{{label}}` is replaced by the label's value. */
  readonly legend: string
  /** Exemplars are shown: points that lead to a trace. */
  readonly exemplars: boolean
  /** Asked of every job, not of those chosen in the dashboard: what Prometheus says of itself. */
  readonly everyJob: boolean
  /** The series' own unit and thresholds, where they differ from the panel's. */
  readonly unit?: Unit | undefined
  readonly thresholds?: Thresholds | undefined
}

type Placeholders<Text extends string> = Text extends `${string}{{${infer Name}}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never

/** A legend whose placeholders are labels of the expression. */
export type Legend<Text extends string, L extends string> = Text & (Placeholders<Text> extends L ? unknown : never)

interface QueryOptions {
  /** On for the first quantile of a panel, unless it is said here. */
  readonly exemplars?: boolean | undefined
  /** Off by default. */
  readonly everyJob?: boolean | undefined
  readonly unit?: Unit | undefined
  readonly thresholds?: Thresholds | undefined
}

const isRecorded = (expression: PromQL.Expression): boolean =>
  Node.selectors(expression.node).some(({ name }) => name.includes(":"))

const isQuantile = ({ node }: PromQL.Expression): boolean =>
  node._tag === "Call" && node.function === "histogram_quantile"

/**
 * An expression with the name of its series. A placeholder that is no label of the expression is a type error, and raises
 * `MixinError` where the types don't know; so do exemplars of a recording rule, which has none.
 */
export const query = <L extends string, const Text extends string>(
  expression: PromQL.Expression<L>,
  legend: Legend<Text, L>,
  options: QueryOptions = {}
): Query => {
  for (const [, name = ""] of legend.matchAll(/\{\{\s*(.*?)\s*\}\}/g)) {
    if (!expression.labels.some((label) => label === name)) {
      refuse("legend", `${JSON.stringify(legend)} names ${name}, which ${PromQL.render(expression)} has not`)
    }
  }
  if (legend.trim() === "") refuse("legend", `${PromQL.render(expression)} has none`)
  if (options.exemplars === true && isRecorded(expression)) {
    refuse("exemplars", `${PromQL.render(expression)} is recorded, and recorded series have none`)
  }
  return {
    expression,
    legend,
    exemplars: options.exemplars ?? (isQuantile(expression) && !isRecorded(expression)),
    everyJob: options.everyJob ?? false,
    unit: options.unit,
    thresholds: options.thresholds
  }
}

interface Common {
  readonly title: string
  /** What the panel shows, and what to do when it looks wrong. */
  readonly description: string
  readonly unit: Unit
  /** Columns of the 24 that a dashboard has. */
  readonly width: number
  /** Lines of the grid, of about 30 pixels each. */
  readonly height: number
  readonly thresholds?: Thresholds | undefined
  readonly drillDown?: DrillDown | undefined
  /** What stands there when there is no value at all. */
  readonly noValue?: string | undefined
  readonly decimals?: number | undefined
  /** The shortest step between two points, such as `1m`: for what happens rarely. */
  readonly interval?: string | undefined
}

/** Lines over time. */
export interface TimeSeries extends Common {
  readonly _tag: "TimeSeries"
  readonly queries: ReadonlyArray<Query>
  /** Lines are areas on top of one another. */
  readonly stacked: boolean
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/** One number for each series, as it is now. */
export interface Stat extends Common {
  readonly _tag: "Stat"
  readonly queries: ReadonlyArray<Query>
  readonly mappings: Readonly<Record<string, string>>
}

/** One bar for each series, as it is now. */
export interface BarGauge extends Common {
  readonly _tag: "BarGauge"
  readonly queries: ReadonlyArray<Query>
  readonly min?: number | undefined
  readonly max?: number | undefined
}

/** A column of a table. */
export interface Column {
  readonly title: string
  readonly expression: PromQL.Expression
  readonly unit: Unit
  readonly thresholds?: Thresholds | undefined
}

/** A line for each set of labels, as it is now. */
export interface Table extends Common {
  readonly _tag: "Table"
  /** Labels in their order, with the titles of their columns. */
  readonly labels: Readonly<Record<string, string>>
  readonly columns: ReadonlyArray<Column>
  /** The title of the column that is sorted by, the greatest first. */
  readonly sortBy: string
  readonly everyJob: boolean
}

/** A panel of any kind. */
export type Panel = TimeSeries | Stat | BarGauge | Table

type Options<P extends Common, Optional extends keyof P> =
  & Omit<P, "_tag" | "width" | "height" | Optional>
  & { readonly [Name in "width" | "height" | Optional]?: P[Name] }

const check = (panel: Panel, drawn: ReadonlyArray<PromQL.Expression>): void => {
  const where = panel.title.trim() === "" ? "a panel" : panel.title
  if (panel.title.trim() === "") refuse(where, "it has no title")
  if (panel.description.trim() === "") refuse(where, "it has no description")
  if (drawn.length === 0) refuse(where, "it asks nothing")
  if (!Number.isInteger(panel.width) || panel.width < 1 || panel.width > 24) {
    refuse(where, `its width was ${panel.width}, allowed are whole numbers from 1 to 24`)
  }
  if (!Number.isInteger(panel.height) || panel.height < 1) {
    refuse(where, `its height was ${panel.height}, allowed are whole numbers from 1`)
  }
  const linked = Object.entries(panel.drillDown?.variables ?? {})
  for (const [variable, label] of linked) {
    if (!drawn.some(({ labels }) => labels.includes(label))) {
      refuse(where, `its link sets ${variable} to the label ${label}, which its series have not`)
    }
  }
}

const checked = <P extends Panel>(panel: P): P => {
  check(panel, panel._tag === "Table" ? panel.columns.map(({ expression }) => expression) : expressions(panel))
  return panel
}

const expressions = (panel: TimeSeries | Stat | BarGauge): ReadonlyArray<PromQL.Expression> =>
  panel.queries.map(({ expression }) => expression)

/** Exemplars of several quantiles of one panel would be the same points several times over. */
const firstExemplars = (queries: ReadonlyArray<Query>): ReadonlyArray<Query> => {
  const first = queries.find(({ exemplars }) => exemplars)
  return queries.map((query) => ({ ...query, exemplars: query === first }))
}

const withoutExemplars = (queries: ReadonlyArray<Query>): ReadonlyArray<Query> =>
  queries.map((query) => ({ ...query, exemplars: false }))

/** Lines over time, half as wide as the dashboard. Quantiles show exemplars, which lead to traces. */
export const timeseries = (options: Options<TimeSeries, "stacked">): TimeSeries =>
  checked({
    _tag: "TimeSeries",
    width: 12,
    height: 8,
    stacked: false,
    ...options,
    queries: firstExemplars(options.queries)
  })

/**
 * One number for each series, a quarter as wide as the dashboard. It is the value of this moment: of what is gone,
 * nothing is shown but `noValue`.
 */
export const stat = (options: Options<Stat, "mappings">): Stat =>
  checked({
    _tag: "Stat",
    width: 6,
    height: 8,
    mappings: {},
    ...options,
    queries: withoutExemplars(options.queries)
  })

/** One bar for each series, half as wide as the dashboard. */
export const barGauge = (options: Options<BarGauge, never>): BarGauge =>
  checked({ _tag: "BarGauge", width: 12, height: 8, ...options, queries: withoutExemplars(options.queries) })

/** A line for each set of labels, as wide as the dashboard. Every column has the same labels. */
export const table = (options: Omit<Options<Table, "sortBy" | "everyJob">, "unit">): Table => {
  const names = Object.keys(options.labels)
  for (const { expression, title } of options.columns) {
    const own = expression.labels
    if (own.length !== names.length || names.some((name) => !own.includes(name))) {
      refuse(options.title, `its column ${title} has the labels ${own.join(", ")}, the table has ${names.join(", ")}`)
    }
  }
  const first = options.columns[0]
  const sortBy = options.sortBy ?? first?.title ?? ""
  if (first !== undefined && !options.columns.some(({ title }) => title === sortBy)) {
    refuse(options.title, `it is sorted by ${sortBy}, which is no column of it`)
  }
  return checked({
    _tag: "Table",
    width: 24,
    height: 8,
    everyJob: false,
    ...options,
    sortBy,
    unit: first?.unit ?? "none"
  })
}

const unitOf = (definition: Catalogue.Definition): Unit =>
  definition.unit === "seconds"
    ? "s"
    : definition.unit === "bytes"
    ? "bytes"
    : definition.unit === "ratio"
    ? "percentunit"
    : "short"

/** `shop_request_duration_seconds` → `Request duration`: the name without its prefix, its unit and its suffix. */
const titleOf = (definition: Catalogue.Definition, prefix: string): string => {
  const bare = definition.name
    .replace(/_total$/, "")
    .replace(definition.unit === undefined ? /$^/ : new RegExp(`_${definition.unit}$`), "")
  const words = (bare.startsWith(`${prefix}_`) ? bare.slice(prefix.length + 1) : bare).replaceAll("_", " ")
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const legendOf = (labels: ReadonlyArray<string>, alone: string): string =>
  labels.length === 0 ? alone : labels.map((label) => `{{${label}}}`).join(" ")

/**
 * A panel for a metric as its definition describes it: a counter's rate, a gauge's greatest value for each job, a
 * histogram's 95th percentile, apart for each set of labels. To begin a dashboard with; words of your own say more.
 */
export const ofDefinition = (
  definition: Catalogue.Definition,
  options: { readonly prefix?: string | undefined; readonly advice?: string | undefined } = {}
): TimeSeries => {
  const by = Object.keys(definition.labels)
  const common = {
    title: titleOf(definition, options.prefix ?? ""),
    description: `${definition.help}.${options.advice === undefined ? "" : ` ${options.advice}`}`
  }
  switch (definition.kind) {
    case "counter":
      return timeseries({
        ...common,
        unit: definition.unit === "bytes" ? "Bps" : "ops",
        queries: [
          query(PromQL.sum(PromQL.rate(PromQL.counter(definition), PromQL.rateInterval), { by }), legendOf(by, "all"))
        ]
      })
    case "gauge":
      return timeseries({
        ...common,
        unit: unitOf(definition),
        queries: [query(PromQL.max(PromQL.gauge(definition), { by: ["job", ...by] }), legendOf(by, "{{job}}"))]
      })
    case "histogram":
      return timeseries({
        ...common,
        title: `${common.title} (95th percentile)`,
        unit: unitOf(definition),
        queries: [
          query(PromQL.quantile(0.95, definition, { by, range: PromQL.rateInterval }), legendOf(by, "95th percentile"))
        ]
      })
  }
}
