/** What belongs to a field of a panel: its colours, its links, and what makes one series differ from the others. */
import type { DashboardLink, Threshold, ValueMapping } from "@grafana/grafana-foundation-sdk/dashboard"
import type * as Panel from "../Panel.ts"
import type { Sdk } from "./Sdk.ts"

const good = "green"
const warning = "orange"
const critical = "red"

/** Colours from a value on; what has no thresholds has one colour that says nothing. */
const steps = (thresholds: Panel.Thresholds | undefined): Array<Threshold> => {
  if (thresholds === undefined) return [{ color: "text", value: null }]
  const { bad } = thresholds
  const limits = [
    ...(thresholds.warning === undefined ? [] : [{ color: warning, value: thresholds.warning }]),
    ...(thresholds.critical === undefined ? [] : [{ color: critical, value: thresholds.critical }])
  ].sort((one, other) => one.value - other.value)
  if (bad === "above") return [{ color: good, value: null }, ...limits]
  // A step colours what is above it: below the least limit it is worst, above the greatest it is good.
  return [
    { color: limits[0]?.color ?? good, value: null },
    ...limits.map(({ value }, index) => ({ color: limits[index + 1]?.color ?? good, value }))
  ]
}

/** Thresholds by their absolute values. */
export const thresholds = (sdk: Sdk, limits: Panel.Thresholds | undefined) =>
  new sdk.dashboard.ThresholdsConfigBuilder().mode(sdk.dashboard.ThresholdsMode.Absolute).steps(steps(limits))

/** Words for values. */
export const mapping = (sdk: Sdk, words: Readonly<Record<string, string>>): ValueMapping => ({
  type: sdk.dashboard.MappingType.ValueToText,
  options: Object.fromEntries(Object.entries(words).map(([value, text], index) => [value, { text, index }]))
})

const url = ({ dashboard, variables = {} }: Panel.DrillDown, from: "series" | "line"): string => {
  const place = from === "series" ? "__field.labels" : "__data.fields"
  const chosen = Object.entries(variables).map(([name, label]) => `var-${name}=\${${place}.${label}:percentencode}`)
  return `/d/${dashboard}?${
    ["${datasource:queryparam}", "${job:queryparam}", ...chosen, "${__url_time_range}"].join("&")
  }`
}

const linkTo = (sdk: Sdk, drillDown: Panel.DrillDown, from: "series" | "line") =>
  new sdk.dashboard.DashboardLinkBuilder(drillDown.title).url(url(drillDown, from))

/** The links that a click on a series offers. */
export const links = (sdk: Sdk, drillDown: Panel.DrillDown | undefined, from: "series" | "line") =>
  drillDown === undefined ? [] : [linkTo(sdk, drillDown, from)]

interface Override {
  matcher: { id: string; options: string }
  properties: Array<{ id: string; value: unknown }>
}

/** A link of a field: a title, and where it leads. */
export const dataLink = ({ targetBlank, title, url }: DashboardLink) => ({ title, url, targetBlank })

/** Units and thresholds of series that differ from their panel's. */
export const overrides = (sdk: Sdk, queries: ReadonlyArray<Panel.Query>): Array<Override> =>
  queries.flatMap((query) => {
    const properties = [
      ...(query.unit === undefined ? [] : [{ id: "unit", value: query.unit }]),
      ...(query.thresholds === undefined
        ? []
        : [{ id: "thresholds", value: thresholds(sdk, query.thresholds).build() }])
    ]
    // Series are told apart by their names, as people see them; a name with labels in it by what is constant.
    return properties.length === 0 ? [] : [{ matcher: byLegend(query.legend), properties }]
  })

const byLegend = (legend: string): Override["matcher"] =>
  legend.includes("{{")
    ? {
      id: "byRegexp",
      options: `/^${
        legend.split(/\{\{.*?\}\}/).map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join(".*")
      }$/`
    }
    : { id: "byName", options: legend }

/** A column of a table that holds a label; a click on it follows the panel's link. */
export const labelColumn = (
  sdk: Sdk,
  drillDown: Panel.DrillDown | undefined,
  name: string,
  title: string
): Override => ({
  matcher: { id: "byName", options: title },
  properties: [
    { id: "unit", value: "string" },
    ...(drillDown === undefined ||
        (drillDown.variables !== undefined && !Object.values(drillDown.variables).includes(name))
      ? []
      : [{ id: "links", value: [dataLink(linkTo(sdk, drillDown, "line").build())] }])
  ]
})

/** A column of a table that holds a value. */
export const column = (sdk: Sdk, { thresholds: limits, title, unit }: Panel.Column): Override => ({
  matcher: { id: "byName", options: title },
  properties: [
    { id: "unit", value: unit },
    ...(limits === undefined ? [] : [
      { id: "thresholds", value: thresholds(sdk, limits).build() },
      { id: "custom.cellOptions", value: { type: "color-text" } }
    ])
  ]
})
