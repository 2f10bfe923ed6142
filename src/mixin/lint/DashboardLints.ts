/** Lints of a dashboard as a whole: its shape, data source, variables, refresh and links. */
import * as Json from "../Json.ts"
import * as Variables from "../promql/Variables.ts"
import type { Context, Lint } from "./Context.ts"
import type { Problem } from "./Finding.ts"
import * as Links from "./Links.ts"

const here = (problem: string): Problem => ({ where: "dashboard", problem })

/** The schema of dashboards that every current Grafana reads from files. */
const schemaVersion = 42

/** A dashboard is the bare object that Grafana provisions from a file, not wrapped as its HTTP API wants it. */
const shape: Lint = {
  name: "dashboard-shape",
  says: `A dashboard is a bare object with uid, title, tags and schemaVersion ${schemaVersion}.`,
  dashboard: ({ fields, panels, uid, wrapped }) => {
    const tags = Json.list(fields.tags)
    return [
      ...(wrapped ? [here("it is wrapped in {\"dashboard\": …}, a file holds the bare object")] : []),
      ...(/^[a-zA-Z0-9_-]{1,40}$/.test(uid) ? [] : [here("uid is not 1 to 40 letters, digits, - and _")]),
      ...(Json.text(fields.title).trim() === "" ? [here("title is empty")] : []),
      ...(tags.length > 0 && tags.every((tag) => Json.text(tag) !== "") ? [] : [here("there are no tags")]),
      ...(fields.schemaVersion === schemaVersion ? [] : [here(`schemaVersion is not ${schemaVersion}`)]),
      ...(fields.id === undefined || fields.id === null ? [] : [here("id is set, which is Grafana's own to give")]),
      ...(panels.length > 0 ? [] : [here("there are no panels")])
    ]
  }
}

const dataSourceVariable: Lint = {
  name: "one-datasource-variable",
  says: "A dashboard has exactly one variable for its data source.",
  dashboard: ({ variables }) => {
    const sources = variables.filter(({ type }) => type === "datasource")
    return sources.length === 1 ? [] : [here(`there are ${sources.length} data-source variables, one is wanted`)]
  }
}

/** Data sources that Grafana itself is. */
const builtIn = /^-- (?:Grafana|Mixed|Dashboard) --$|^(?:grafana|__expr__)$/

const sourceProblems = (where: string, source: unknown): ReadonlyArray<Problem> => {
  if (source === undefined || source === null) return []
  const uid = typeof source === "string" ? source : Json.text(Json.fields(source).uid)
  return uid.startsWith("$") || builtIn.test(uid)
    ? []
    : [{ where, problem: `the data source is ${JSON.stringify(uid)}, not a variable` }]
}

/** The kinds of panel that show no data. */
export const withoutData = new Set(["row", "text", "dashlist", "alertlist", "annolist", "news"])

const noLiteralDataSource: Lint = {
  name: "no-literal-datasource",
  says: "Every data source is named by the variable, so that the dashboard works in every Grafana.",
  dashboard: ({ annotations, panels, variables }) => [
    ...panels.flatMap((panel) => [
      ...sourceProblems(panel.where, panel.fields.datasource),
      ...panel.targets.flatMap((target) => [
        ...sourceProblems(target.where, target.fields.datasource),
        ...(panel.fields.datasource === undefined && target.fields.datasource === undefined
          ? [{ where: target.where, problem: "no data source is named" }]
          : [])
      ])
    ]),
    ...variables.flatMap((variable) => [
      ...sourceProblems(variable.where, variable.fields.datasource),
      ...(variable.type === "query" && variable.fields.datasource === undefined
        ? [{ where: variable.where, problem: "no data source is named" }]
        : [])
    ]),
    ...annotations.flatMap(({ fields, where }) => sourceProblems(where, fields.datasource))
  ]
}

const refresh: Lint = {
  name: "refresh",
  says: "A dashboard for which a refresh is asked has it.",
  dashboard: ({ fields, uid }, context) => {
    const wanted = context.refresh?.[uid]
    const actual = Json.text(fields.refresh)
    return wanted === undefined || wanted === actual
      ? []
      : [here(`refresh is ${JSON.stringify(actual)}, wanted is ${JSON.stringify(wanted)}`)]
  }
}

const urlProblem = (url: string, { linked }: Context): string | undefined => {
  const uid = Links.uidIn(url)
  if (uid === undefined) {
    return /^(?:\/|\$\{?\w|https?:\/\/[^\s/])/.test(url) ? undefined : `${JSON.stringify(url)} leads nowhere`
  }
  const target = linked?.get(uid)
  if (linked === undefined || uid.includes("$")) return undefined
  if (target === undefined) return `there is no dashboard ${uid}`
  const missing = Links.variablesIn(url).find((name) => !target.variables.includes(name))
  return missing === undefined ? undefined : `dashboard ${uid} has no variable ${missing}`
}

const linksResolve: Lint = {
  name: "links-resolve",
  says: "Every link leads to a dashboard that there is, with variables that it has.",
  dashboard: (dashboard, context) =>
    Links.of(dashboard).flatMap(({ fields, where }) => {
      if (fields.type !== "dashboards") {
        const problem = urlProblem(Json.text(fields.url), context)
        return problem === undefined ? [] : [{ where, problem }]
      }
      const tags = Json.list(fields.tags).map(Json.text)
      const found = context.linked === undefined ||
        [...context.linked.values()].some((one) => tags.every((tag) => one.tags.includes(tag)))
      return found ? [] : [{ where, problem: `no dashboard has the tags ${tags.join(", ")}` }]
    })
}

/** Variables that Grafana provides in queries and titles. */
const provided = new Set([
  "__rate_interval",
  "__interval",
  "__interval_ms",
  "__range",
  "__range_s",
  "__range_ms",
  "__from",
  "__to",
  "__dashboard",
  "__name",
  "__org",
  "__user"
])

/** In links, Grafana further fills in the data that was clicked on. */
const providedInLinks = new Set(["__data", "__field", "__series", "__value", "__url_time_range", "__all_variables"])

const variablesDeclared: Lint = {
  name: "variables-declared",
  says: "Every variable that a query, title, legend or link names is declared, or one of Grafana's own.",
  dashboard: (dashboard) => {
    const declared = new Set(dashboard.variables.map(({ name }) => name))
    const unknown = (where: string, texts: ReadonlyArray<unknown>, link = false): ReadonlyArray<Problem> =>
      texts.flatMap((text) => Variables.names(Json.text(text)))
        .filter((name) => !declared.has(name) && !provided.has(name) && !(link && providedInLinks.has(name)))
        .map((name) => ({ where, problem: `there is no variable $${name}` }))
    return [
      ...dashboard.queries.flatMap(({ text, where }) => unknown(where, [text])),
      ...dashboard.variables.flatMap(({ fields, where }) =>
        unknown(where, [
          fields.definition,
          fields.query,
          Json.fields(fields.query).query,
          Json.fields(fields.datasource).uid
        ])
      ),
      ...dashboard.panels.flatMap(({ fields, targets, where }) => [
        ...unknown(where, [fields.title, Json.fields(fields.datasource).uid]),
        ...targets.flatMap(({ fields, where }) =>
          unknown(where, [fields.legendFormat, Json.fields(fields.datasource).uid])
        )
      ]),
      ...Links.of(dashboard).flatMap(({ fields, where }) => unknown(where, [fields.url], true))
    ]
  }
}

/** Lints of a dashboard as a whole. */
export const lints: ReadonlyArray<Lint> = [
  shape,
  dataSourceVariable,
  noLiteralDataSource,
  refresh,
  linksResolve,
  variablesDeclared
]
