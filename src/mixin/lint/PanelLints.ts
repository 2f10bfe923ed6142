/** Lints of panels: what a reader sees of each, and that Grafana can show it. */
import * as Json from "../Json.ts"
import type { Lint } from "./Context.ts"
import { withoutData } from "./DashboardLints.ts"
import type { DashboardText, Panel } from "./DashboardText.ts"
import type { Problem } from "./Finding.ts"

const eachPanel = (
  which: (panel: Panel) => boolean,
  problemOf: (panel: Panel) => string | undefined
): Lint["dashboard"] =>
({ panels }) =>
  panels.filter(which).flatMap((panel) => {
    const problem = problemOf(panel)
    return problem === undefined ? [] : [{ where: panel.where, problem }]
  })

const showsData = ({ type }: Panel): boolean => !withoutData.has(type)

/** The panels that come with Grafana 12 and 13. */
const currentTypes = new Set([
  "alertlist",
  "annolist",
  "barchart",
  "bargauge",
  "candlestick",
  "canvas",
  "dashlist",
  "datagrid",
  "flamegraph",
  "gauge",
  "geomap",
  "heatmap",
  "histogram",
  "logs",
  "news",
  "nodeGraph",
  "piechart",
  "row",
  "stat",
  "state-timeline",
  "status-history",
  "table",
  "text",
  "timeseries",
  "traces",
  "trend",
  "xychart"
])

const type: Lint = {
  name: "panel-type",
  says: "Every panel is of a type that current Grafana has: no `graph`, no `singlestat`.",
  dashboard: eachPanel(
    () => true,
    ({ type }) => currentTypes.has(type) ? undefined : `${JSON.stringify(type)} is no current type of panel`
  )
}

const title: Lint = {
  name: "panel-title",
  says: "Every panel and row has a title.",
  dashboard: eachPanel(
    ({ type }) => type !== "text",
    ({ fields }) => Json.text(fields.title).trim() === "" ? "it has no title" : undefined
  )
}

const description: Lint = {
  name: "panel-description",
  says: "Every panel that shows data has a description.",
  dashboard: eachPanel(
    showsData,
    ({ fields }) => Json.text(fields.description).trim() === "" ? "it has no description" : undefined
  )
}

/** Panels whose values are texts or structures. */
const withoutUnit = new Set([...withoutData, "logs", "traces", "nodeGraph", "flamegraph"])

const unitOf = ({ fields }: Panel): string => {
  const { defaults, overrides } = Json.fields(fields.fieldConfig)
  const overridden = Json.list(overrides).flatMap((override) => Json.list(Json.fields(override).properties))
    .map(Json.fields).find(({ id }) => id === "unit")
  const axis = Json.fields(Json.fields(fields.options).yAxis)
  return Json.text(Json.fields(defaults).unit) || Json.text(axis.unit) || Json.text(overridden?.value)
}

const unit: Lint = {
  name: "panel-unit",
  says: "Every panel that shows values says their unit; `none` where they are plain numbers.",
  dashboard: eachPanel(
    ({ type }) => !withoutUnit.has(type),
    (panel) => unitOf(panel) === "" ? "it has no unit" : undefined
  )
}

const hasQuery: Lint = {
  name: "panel-query",
  says: "Every panel that shows data asks for some.",
  dashboard: eachPanel(showsData, ({ targets }) => targets.length === 0 ? "it asks for nothing" : undefined)
}

const id: Lint = {
  name: "panel-id",
  says: "Every panel and row has an id of its own, a whole number from 1.",
  dashboard: ({ panels }) => {
    const repeated = Json.repeated(panels.map(({ fields }) => fields.id))
    return panels.flatMap(({ fields: { id }, where }) => {
      if (!Number.isInteger(id) || Number(id) < 1) return [{ where, problem: "its id is no whole number from 1" }]
      return repeated.includes(id) ? [{ where, problem: `its id ${Number(id)} is another panel's too` }] : []
    })
  }
}

const refId: Lint = {
  name: "ref-id",
  says: "Every query of a panel has a refId of its own.",
  dashboard: ({ panels }) =>
    panels.flatMap(({ targets, where }) => {
      const ids = targets.map(({ fields }) => Json.text(fields.refId))
      return [
        ...(ids.includes("") ? [{ where, problem: "a query has no refId" }] : []),
        ...Json.repeated(ids.filter((one) => one !== "")).map((one) => ({
          where,
          problem: `two queries have refId ${one}`
        }))
      ]
    })
}

const columns = 24

interface Box {
  readonly where: string
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

const boxOf = ({ fields, where }: Panel): Box => {
  const { h, w, x, y } = Json.fields(fields.gridPos)
  const whole = (value: unknown): number => Number.isInteger(value) ? Number(value) : Number.NaN
  return { where, x: whole(x), y: whole(y), w: whole(w), h: whole(h) }
}

const fits = ({ h, w, x, y }: Box): boolean => x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= columns

const overlap = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

const gridProblems = (panels: ReadonlyArray<Panel>): ReadonlyArray<Problem> => {
  const boxes = panels.map(boxOf)
  return [
    ...boxes.filter((box) => !fits(box)).map(({ where }) => ({
      where,
      problem: `its gridPos is not of whole numbers within ${columns} columns`
    })),
    ...boxes.flatMap((box, index) =>
      boxes.slice(index + 1).filter((other) => overlap(box, other)).map((other) => ({
        where: box.where,
        problem: `it overlaps ${other.where}`
      }))
    )
  ]
}

const grid: Lint = {
  name: "panel-grid",
  says: `Panels lie within ${columns} columns and none over another.`,
  dashboard: ({ panels }: DashboardText) => [...Map.groupBy(panels, ({ row }) => row).values()].flatMap(gridProblems)
}

/** Lints of panels. */
export const lints: ReadonlyArray<Lint> = [type, title, description, unit, hasQuery, id, refId, grid]
