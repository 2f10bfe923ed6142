/**
 * Dashboards as data, turned into the JSON that Grafana reads from a file.
 *
 * Every dashboard has a variable for its data source and one for its jobs, and every query asks for the chosen jobs.
 *
 * @example
 * import { Dashboard, Panel, PromQL } from "@dawsos/observability/mixin"
 * import { Catalogue } from "@dawsos/observability"
 *
 * const orders = Catalogue.counter({
 *   name: "shop_orders_total",
 *   help: "Orders placed",
 *   labels: { channel: Catalogue.Label.oneOf("web", "phone") }
 * })
 *
 * const dashboard = Dashboard.make({
 *   uid: "shop-orders",
 *   title: "Shop: orders",
 *   description: "Whether people can buy.",
 *   tags: ["shop"],
 *   jobsOf: orders,
 *   sections: [{
 *     panels: [
 *       Panel.timeseries({
 *         title: "Orders",
 *         description: "Orders a second. None in the daytime: try to place one.",
 *         unit: "ops",
 *         queries: [
 *           Panel.query(
 *             PromQL.sum(PromQL.rate(PromQL.counter(orders), PromQL.rateInterval), { by: ["channel"] }),
 *             "{{channel}}"
 *           )
 *         ]
 *       })
 *     ]
 *   }]
 * })
 *
 * export const files = await Dashboard.files([dashboard])
 */
import type * as Catalogue from "../Catalogue.ts"
import * as Emit from "./dashboard/Emit.ts"
import * as Sdk from "./dashboard/Sdk.ts"
import * as ServiceLevels from "./dashboard/ServiceLevels.ts"
import * as Telemetry from "./dashboard/Telemetry.ts"
import type { File } from "./File.ts"
import { refuse } from "./MixinError.ts"
import * as Panel from "./Panel.ts"
import type * as PromQL from "./PromQL.ts"
import type * as ServiceLevel from "./ServiceLevel.ts"

/** A choice above the panels: values of a label, all of them unless some are chosen. */
export interface Variable {
  readonly name: string
  readonly title: string
  /** The metric whose values of the label are offered. */
  readonly metric: Catalogue.Definition
  readonly of: string
}

/** Marks on every graph of a dashboard: when something happened. */
export interface Annotation {
  readonly name: string
  readonly expression: PromQL.Expression
  /** The text of a mark; `{{label}}` is replaced by the label's value. */
  readonly text: string
  readonly colour: "red" | "orange" | "blue"
  /** The value is when it happened, in milliseconds since the epoch; else it is while there is a value. */
  readonly atValue?: boolean | undefined
  /** Asked of every job, not of those chosen in the dashboard. */
  readonly everyJob?: boolean | undefined
}

/** Panels under a heading; the first section may go without. */
export interface Section {
  readonly title?: string | undefined
  readonly panels: ReadonlyArray<Panel.Panel>
}

/** A dashboard. */
export interface Dashboard {
  /** By which links name it, and the name of its file. */
  readonly uid: string
  readonly title: string
  readonly description: string
  /** Dashboards with the first of these tags are offered in the menu of each. */
  readonly tags: ReadonlyArray<string>
  /** How often it asks anew. */
  readonly refresh: string
  /** How far it looks back. */
  readonly from: string
  /** A metric that every job of interest has. */
  readonly jobsOf: Catalogue.Definition
  readonly variables: ReadonlyArray<Variable>
  readonly annotations: ReadonlyArray<Annotation>
  readonly sections: ReadonlyArray<Section>
}

type Optional = "refresh" | "from" | "variables" | "annotations"

type Options = Omit<Dashboard, Optional> & {
  /** `30s` by default. */
  readonly refresh?: string | undefined
  /** `now-1h` by default. */
  readonly from?: string | undefined
  /** None beside data source and job by default. */
  readonly variables?: ReadonlyArray<Variable> | undefined
  /** None by default. */
  readonly annotations?: ReadonlyArray<Annotation> | undefined
}

const reserved = ["datasource", "job"]

/** A dashboard. Raises `MixinError` when two panels have one title, or a variable can't be offered. */
export const make = (options: Options): Dashboard => {
  const { annotations = [], from = "now-1h", refresh = "30s", variables = [] } = options
  const dashboard: Dashboard = { ...options, annotations, from, refresh, variables }
  const { uid } = dashboard
  // Grafana takes 40 characters; the name is a file's too.
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(uid)) refuse(uid, "a uid is up to 40 small letters, digits and hyphens")
  if (dashboard.tags.length === 0) refuse(uid, "it has no tag")
  const titles = dashboard.sections.flatMap(({ panels }) => panels.map(({ title }) => title))
  if (titles.length === 0) refuse(uid, "it has no panel")
  const twice = titles.find((title, index) => titles.indexOf(title) !== index)
  if (twice !== undefined) refuse(uid, `two panels have the title ${twice}`)
  const names = [...reserved, ...dashboard.variables.map(({ name }) => name)]
  for (const [index, { metric, name, of }] of dashboard.variables.entries()) {
    if (!/^[a-z][a-z_]*$/.test(name)) refuse(uid, `variable ${name} is not in lower snake case`)
    if (names.indexOf(name) !== index + reserved.length) refuse(uid, `two variables have the name ${name}`)
    if (!Object.hasOwn(metric.labels, of)) refuse(uid, `variable ${name}: ${metric.name} has no label ${of}`)
  }
  return dashboard
}

/**
 * A dashboard with a panel for each metric of a catalogue, as its definition describes it: to begin with, before you know
 * what to look for.
 *
 * @example
 * import { Dashboard } from "@dawsos/observability/mixin"
 * import { catalogue } from "@dawsos/observability/dawsos"
 *
 * export const all = Dashboard.ofCatalogue(catalogue, { uid: "everything", title: "Everything", tags: ["dawsos"] })
 */
export const ofCatalogue = (
  catalogue: Catalogue.Catalogue,
  options: { readonly uid: string; readonly title: string; readonly tags: ReadonlyArray<string> }
): Dashboard => {
  const all = Object.values(catalogue.metrics)
  const first = all.find(({ kind }) => kind === "counter") ?? all[0] ?? refuse(options.uid, "the catalogue is empty")
  return make({
    ...options,
    description: `Every metric whose name begins with ${catalogue.prefix}_.`,
    jobsOf: first,
    sections: [{ panels: all.map((metric) => Panel.ofDefinition(metric, { prefix: catalogue.prefix })) }]
  })
}

type Named = Pick<Options, "uid" | "title" | "tags" | "jobsOf"> & Partial<Pick<Options, "description" | "annotations">>

/**
 * The dashboard of the telemetry itself: targets, spans and error events by what became of them, the exposition, the
 * process, and those who watch it. `prefix` is the catalogue's.
 *
 * @example
 * import { Dashboard } from "@dawsos/observability/mixin"
 * import { catalogue, metrics } from "@dawsos/observability/dawsos"
 *
 * export const own = Dashboard.ofTelemetry(catalogue.prefix, {
 *   uid: "telemetry",
 *   title: "Telemetry",
 *   tags: ["dawsos"],
 *   jobsOf: metrics.apiRequestsTotal,
 *   limits: { eventLoopLag: 0.5 }
 * })
 */
export const ofTelemetry = (
  prefix: string,
  options: Named & { readonly limits?: Telemetry.Limits | undefined }
): Dashboard => {
  const { limits = {}, ...rest } = options
  return make({
    description: "Whether the telemetry itself is alive: what it delivers, what it loses, and what it costs.",
    ...rest,
    sections: Telemetry.sections(prefix, limits)
  })
}

/**
 * The dashboard of service levels: what is left of each budget, and how fast it is being spent. Its series are those of
 * the levels' recording rules.
 *
 * @example
 * import { Dashboard, ServiceLevel } from "@dawsos/observability/mixin"
 * import { metrics } from "@dawsos/observability/dawsos"
 *
 * const patterns = ServiceLevel.make({
 *   id: "patterns",
 *   alert: "PatternsBurnRate",
 *   title: "Patterns",
 *   target: 0.99,
 *   window: "30 days",
 *   by: ["job"],
 *   indicator: ServiceLevel.latency({ histogram: metrics.patternExecutionDuration, within: 2, by: ["job"] }),
 *   dashboard: "levels",
 *   runbook: { meaning: "…", firstLook: ["…"], usualCauses: ["…"], actions: ["…"] }
 * })
 *
 * export const dashboard = Dashboard.ofServiceLevels([patterns], {
 *   uid: "levels",
 *   title: "Service levels",
 *   tags: ["dawsos"],
 *   jobsOf: metrics.apiRequestsTotal
 * })
 */
export const ofServiceLevels = (
  levels: ReadonlyArray<ServiceLevel.ServiceLevel>,
  options: Named
): Dashboard =>
  make({
    description: "What was promised, what is left of it, and how fast it is being spent.",
    ...options,
    sections: ServiceLevels.sections(levels)
  })

/** Links between dashboards, each of which must lead to one of them and set variables that it has. */
const checkLinks = (dashboards: ReadonlyArray<Dashboard>): void => {
  const known = new Map(dashboards.map((dashboard) => [dashboard.uid, dashboard]))
  if (known.size < dashboards.length) refuse("dashboards", "two have one uid")
  for (const { sections, uid } of dashboards) {
    for (const { drillDown, title } of sections.flatMap(({ panels }) => panels)) {
      if (drillDown === undefined) continue
      const target = known.get(drillDown.dashboard)
      if (target === undefined) return refuse(uid, `${title} leads to ${drillDown.dashboard}, which there is not`)
      for (const name of Object.keys(drillDown.variables ?? {})) {
        if (!target.variables.some((variable) => variable.name === name)) {
          refuse(uid, `${title} sets the variable ${name}, which ${target.uid} has not`)
        }
      }
    }
  }
}

/**
 * The files of dashboards that link to one another, in `grafana/dashboards/`. Loads Grafana's SDK. Fails with `MixinError`
 * when a link leads nowhere.
 */
export const files = async (dashboards: ReadonlyArray<Dashboard>): Promise<ReadonlyArray<File>> => {
  checkLinks(dashboards)
  const sdk = await Sdk.load()
  return dashboards.map((dashboard) => ({
    path: `grafana/dashboards/${dashboard.uid}.json`,
    content: `${JSON.stringify(Emit.dashboard(sdk, dashboard), null, 2)}\n`
  }))
}
