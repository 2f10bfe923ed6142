/** A dashboard's JSON as lints see it: whatever is missing or of another type is empty. */
import * as Json from "../Json.ts"
import * as Query from "./Query.ts"

/** A query of a panel. */
export interface Target {
  readonly where: string
  readonly fields: Json.Fields
  readonly query: Query.Query | undefined
  /** One value instead of a line. */
  readonly instant: boolean
  readonly exemplar: boolean
}

/** A panel or a row. */
export interface Panel {
  readonly where: string
  readonly fields: Json.Fields
  readonly type: string
  readonly targets: ReadonlyArray<Target>
  /** The collapsed row that it lies in; undefined on the dashboard itself. */
  readonly row: string | undefined
}

/** Marks on every graph. */
export interface Annotation {
  readonly where: string
  readonly fields: Json.Fields
  readonly query: Query.Query | undefined
}

/** A variable of a dashboard. */
export interface Variable {
  readonly where: string
  readonly name: string
  readonly type: string
  readonly fields: Json.Fields
}

/** A dashboard. */
export interface DashboardText {
  readonly fields: Json.Fields
  readonly uid: string
  readonly panels: ReadonlyArray<Panel>
  readonly variables: ReadonlyArray<Variable>
  readonly annotations: ReadonlyArray<Annotation>
  /** The JSON is that of Grafana's HTTP API: the dashboard is its field `dashboard`. */
  readonly wrapped: boolean
  /** Every expression: of panels, and of annotations. */
  readonly queries: ReadonlyArray<Query.Query>
}

const targetOf = (panel: string) => (value: unknown): Target => {
  const target = Json.fields(value)
  const where = `${panel}, query ${Json.text(target.refId) || "?"}`
  return {
    where,
    fields: target,
    query: typeof target.expr === "string" ? Query.ofDashboard(where, target.expr) : undefined,
    instant: target.instant === true && target.range !== true,
    exemplar: target.exemplar === true
  }
}

const panelsOf = (values: unknown, row?: string): ReadonlyArray<Panel> =>
  Json.list(values).flatMap((value) => {
    const panel = Json.fields(value)
    const title = Json.text(panel.title)
    const where = `panel ${Json.number(panel.id) ?? "?"}${title === "" ? "" : ` ${JSON.stringify(title)}`}`
    const own: Panel = {
      where,
      fields: panel,
      type: Json.text(panel.type),
      targets: Json.list(panel.targets).map(targetOf(where)),
      row
    }
    return [own, ...panelsOf(panel.panels, where)]
  })

const annotationOf = (value: unknown): Annotation => {
  const fields = Json.fields(value)
  const where = `annotation ${Json.text(fields.name)}`
  return {
    where,
    fields,
    query: typeof fields.expr === "string" ? Query.ofDashboard(where, fields.expr) : undefined
  }
}

const variableOf = (value: unknown): Variable => {
  const fields = Json.fields(value)
  const name = Json.text(fields.name)
  return { where: `variable ${name}`, name, type: Json.text(fields.type), fields }
}

/** A dashboard's JSON, parsed. */
export const of = (value: unknown): DashboardText => {
  const whole = Json.fields(value)
  const wrapped = Object.hasOwn(whole, "dashboard")
  const fields = wrapped ? Json.fields(whole.dashboard) : whole
  const panels = panelsOf(fields.panels)
  const annotations = Json.list(Json.fields(fields.annotations).list).map(annotationOf)
  return {
    fields,
    uid: Json.text(fields.uid),
    panels,
    variables: Json.list(Json.fields(fields.templating).list).map(variableOf),
    annotations,
    queries: [...panels.flatMap(({ targets }) => targets), ...annotations].flatMap(({ query }) => query ?? []),
    wrapped
  }
}
