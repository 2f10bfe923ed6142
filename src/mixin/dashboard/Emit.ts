/**
 * Dashboards in Grafana's words, by its SDK's builders, and put right where they are not fit for a file: they set no ids
 * and no refIds, lay wide panels past the grid, hide legends, and leave the calculation of a stat empty.
 */
import type {
  Dashboard as Json,
  Panel as PanelJson,
  RowPanel,
  VariableModel
} from "@grafana/grafana-foundation-sdk/dashboard"
import type { Annotation, Dashboard, Section, Variable } from "../Dashboard.ts"
import type * as Panel from "../Panel.ts"
import * as PromQL from "../PromQL.ts"
import type { Matcher } from "../promql/Node.ts"
import * as Fields from "./Fields.ts"
import * as Grid from "./Grid.ts"
import type { Sdk } from "./Sdk.ts"
import * as Tidy from "./Tidy.ts"

const dataSource = { type: "prometheus", uid: "${datasource}" }

const chosenJobs: Matcher = { label: "job", operator: "=~", value: "$job" }

const text = (expression: PromQL.Expression, everyJob: boolean): string =>
  PromQL.render(expression, { where: everyJob ? [] : [chosenJobs] })

/** `A`, `B`, … `Z`, `AA`, … as Grafana counts. */
const refId = (index: number): string =>
  index < 26 ? String.fromCharCode(65 + index) : refId(Math.floor(index / 26) - 1) + refId(index % 26)

const dataQuery = (sdk: Sdk, index: number, expr: string) =>
  new sdk.prometheus.DataqueryBuilder()
    .refId(refId(index))
    .datasource(dataSource)
    .editorMode(sdk.prometheus.QueryEditorMode.Code)
    .expr(expr)

const targets = (sdk: Sdk, queries: ReadonlyArray<Panel.Query>, now: boolean) =>
  queries.map((query, index) => {
    const target = dataQuery(sdk, index, text(query.expression, query.everyJob)).legendFormat(query.legend)
    return now ? target.instant() : query.exemplars ? target.range().exemplar(true) : target.range()
  })

/** What every kind of builder can do, in the order in which it reads best. */
interface Builder {
  title(title: string): unknown
  description(description: string): unknown
  datasource(ref: { type: string; uid: string }): unknown
  gridPos(place: { h: number; w: number; x: number; y: number }): unknown
  id(id: number): unknown
  interval(interval: string): unknown
  unit(unit: string): unknown
  decimals(decimals: number): unknown
  noValue(text: string): unknown
}

const common = (builder: Builder, panel: Panel.Panel, id: number, place: Grid.Place): void => {
  builder.id(id)
  builder.title(panel.title)
  builder.description(panel.description)
  builder.datasource(dataSource)
  builder.gridPos({ ...place })
  builder.unit(panel.unit)
  if (panel.interval !== undefined) builder.interval(panel.interval)
  if (panel.decimals !== undefined) builder.decimals(panel.decimals)
  if (panel.noValue !== undefined) builder.noValue(panel.noValue)
}

const reduce = (sdk: Sdk) => new sdk.common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).fields("").values(false)

const timeSeries = (sdk: Sdk, panel: Panel.TimeSeries, id: number, place: Grid.Place): PanelJson => {
  const builder = new sdk.timeSeries.PanelBuilder()
  common(builder, panel, id, place)
  builder
    .targets(targets(sdk, panel.queries, false))
    .legend(
      new sdk.common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(sdk.common.LegendDisplayMode.Table)
        .placement(sdk.common.LegendPlacement.Bottom)
        .calcs(["lastNotNull", "max"])
    )
    .tooltip(
      new sdk.common.VizTooltipOptionsBuilder()
        .mode(sdk.common.TooltipDisplayMode.Multi)
        .sort(sdk.common.SortOrder.Descending)
    )
    .lineWidth(1)
    .fillOpacity(panel.stacked ? 40 : 10)
    .showPoints(sdk.common.VisibilityMode.Never)
    .min(panel.min ?? 0)
    .dataLinks(Fields.links(sdk, panel.drillDown, "series"))
    .overrides(Fields.overrides(sdk, panel.queries))
  if (panel.max !== undefined) builder.max(panel.max)
  if (panel.stacked) builder.stacking(new sdk.common.StackingConfigBuilder().mode(sdk.common.StackingMode.Normal))
  if (panel.thresholds !== undefined) {
    builder
      .thresholds(Fields.thresholds(sdk, panel.thresholds))
      .thresholdsStyle(
        new sdk.common.GraphThresholdsStyleConfigBuilder().mode(sdk.common.GraphThresholdsStyleMode.Dashed)
      )
  }
  return builder.build()
}

const stat = (sdk: Sdk, panel: Panel.Stat, id: number, place: Grid.Place): PanelJson => {
  const builder = new sdk.stat.PanelBuilder()
  common(builder, panel, id, place)
  builder
    .targets(targets(sdk, panel.queries, true))
    .reduceOptions(reduce(sdk))
    .graphMode(sdk.common.BigValueGraphMode.None)
    .textMode(sdk.common.BigValueTextMode.ValueAndName)
    .colorMode(sdk.common.BigValueColorMode.Value)
    .dataLinks(Fields.links(sdk, panel.drillDown, "series"))
    .overrides(Fields.overrides(sdk, panel.queries))
    .thresholds(Fields.thresholds(sdk, panel.thresholds))
  if (Object.keys(panel.mappings).length > 0) builder.mappings([Fields.mapping(sdk, panel.mappings)])
  return builder.build()
}

const barGauge = (sdk: Sdk, panel: Panel.BarGauge, id: number, place: Grid.Place): PanelJson => {
  const builder = new sdk.barGauge.PanelBuilder()
  common(builder, panel, id, place)
  builder
    .targets(targets(sdk, panel.queries, true))
    .reduceOptions(reduce(sdk))
    .orientation(sdk.common.VizOrientation.Horizontal)
    .displayMode(sdk.common.BarGaugeDisplayMode.Basic)
    .min(panel.min ?? 0)
    .dataLinks(Fields.links(sdk, panel.drillDown, "series"))
    .overrides(Fields.overrides(sdk, panel.queries))
    .thresholds(Fields.thresholds(sdk, panel.thresholds))
  if (panel.max !== undefined) builder.max(panel.max)
  return builder.build()
}

const table = (sdk: Sdk, panel: Panel.Table, id: number, place: Grid.Place): PanelJson => {
  const builder = new sdk.table.PanelBuilder()
  common(builder, panel, id, place)
  const labels = Object.entries(panel.labels)
  // Grafana names the columns of Prometheus's tables after labels, and a value after its query where there are several.
  const only = panel.columns.length === 1
  const values = panel.columns.map(({ title }, index) => [only ? "Value" : `Value #${refId(index)}`, title] as const)
  const names = [...labels, ...values]
  return builder
    .targets(
      panel.columns.map(({ expression }, index) =>
        dataQuery(sdk, index, text(expression, panel.everyJob)).format(sdk.prometheus.PromQueryFormat.Table).instant()
      )
    )
    .transformations([
      { id: "merge", options: {} },
      {
        id: "organize",
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries(names.map(([name], index) => [name, index])),
          renameByName: Object.fromEntries(names)
        }
      }
    ])
    .sortBy([new sdk.common.TableSortByFieldStateBuilder().displayName(panel.sortBy).desc(true)])
    .overrides([
      ...labels.map(([name, title]) => Fields.labelColumn(sdk, panel.drillDown, name, title)),
      ...panel.columns.map((column) => Fields.column(sdk, column))
    ])
    .build()
}

const panelOf = (sdk: Sdk, panel: Panel.Panel, id: number, place: Grid.Place): PanelJson => {
  switch (panel._tag) {
    case "TimeSeries":
      return timeSeries(sdk, panel, id, place)
    case "Stat":
      return stat(sdk, panel, id, place)
    case "BarGauge":
      return barGauge(sdk, panel, id, place)
    case "Table":
      return table(sdk, panel, id, place)
  }
}

const panels = (sdk: Sdk, sections: ReadonlyArray<Section>): Array<PanelJson | RowPanel> => {
  const all: Array<PanelJson | RowPanel> = []
  let top = 0
  for (const { panels, title } of sections) {
    if (title !== undefined) {
      all.push(
        new sdk.dashboard.RowBuilder(title)
          .id(all.length + 1)
          .gridPos({ h: Grid.headingHeight, w: Grid.columns, x: 0, y: top })
          .build()
      )
      top += Grid.headingHeight
    }
    const { bottom, places } = Grid.place(panels, top)
    places.forEach((place, index) => {
      const panel = panels[index]
      if (panel !== undefined) all.push(panelOf(sdk, panel, all.length + 1, place))
    })
    top = bottom
  }
  return all
}

/** All values are chosen to begin with. `.+` asks for every one, the ones not offered yet included. */
const choice = (sdk: Sdk, name: string, title: string, query: string) =>
  new sdk.dashboard.QueryVariableBuilder(name)
    .label(title)
    .datasource(dataSource)
    .query(query)
    .definition(query)
    .refresh(sdk.dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(sdk.dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current({ selected: true, text: ["All"], value: ["$__all"] })

/** The series by which the values of a label are told: of a histogram, its counts. */
const seriesOf = ({ metric }: Pick<Variable, "metric">): string =>
  metric.kind === "histogram" ? `${metric.name}_count` : metric.name

const variables = (sdk: Sdk, dashboard: Dashboard): ReadonlyArray<VariableModel> => [
  new sdk.dashboard.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus").build(),
  choice(sdk, "job", "Job", `label_values(${seriesOf({ metric: dashboard.jobsOf })}, job)`).build(),
  ...dashboard.variables.map((variable) =>
    choice(
      sdk,
      variable.name,
      variable.title,
      `label_values(${seriesOf(variable)}{job=~"$job"}, ${variable.of})`
    ).build()
  )
]

const annotation = (sdk: Sdk, one: Annotation) => {
  const builder = new sdk.dashboard.AnnotationQueryBuilder()
    .name(one.name)
    .datasource(dataSource)
    .enable(true)
    .iconColor(one.colour)
    .expr(text(one.expression, one.everyJob ?? false))
    .titleFormat(one.name)
    .textFormat(one.text)
  return one.atValue === true ? builder.useValueForTime(true) : builder
}

/** A menu of the dashboards with the same tag; the choices and the time go along. */
const menu = (sdk: Sdk, tag: string, title: string) =>
  new sdk.dashboard.DashboardLinkBuilder(title)
    .type(sdk.dashboard.DashboardLinkType.Dashboards)
    .icon("external link")
    .tooltip("The other dashboards, with the same data source, jobs and time")
    .tags([tag])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true)

/** The dashboard as Grafana reads it from a file. */
export const dashboard = (sdk: Sdk, source: Dashboard): Json => {
  const json = new sdk.dashboard.DashboardBuilder(source.title)
    .uid(source.uid)
    .description(source.description)
    .tags([...source.tags])
    .readonly()
    .tooltip(sdk.dashboard.DashboardCursorSync.Crosshair)
    .time({ from: source.from, to: "now" })
    .refresh(source.refresh)
    .annotations(source.annotations.map((one) => annotation(sdk, one)))
    .links(source.tags.slice(0, 1).map((tag) => menu(sdk, tag, "Dashboards")))
    .build()
  return Tidy.dashboard({
    ...json,
    templating: { list: [...variables(sdk, source)] },
    panels: panels(sdk, source.sections)
  })
}
