/** Lints of names by which a panel refers to its result: in legends, links and columns. */
import * as Json from "../Json.ts"
import type { Lint } from "./Context.ts"
import type { Panel } from "./DashboardText.ts"
import type { Problem } from "./Finding.ts"
import * as Links from "./Links.ts"
import * as Query from "./Query.ts"
import * as ResultLabels from "./ResultLabels.ts"
import type { AllSeries } from "./Series.ts"

const labelsOf = (query: Query.Query | undefined, series: AllSeries): ResultLabels.Labels => {
  const syntax = query === undefined ? undefined : Query.syntaxOf(query)
  return syntax === undefined ? undefined : ResultLabels.of(syntax, series)
}

/** The labels of all queries of a panel; undefined where those of one are not known, or there is none. */
const labelsOfPanel = ({ targets }: Panel, series: AllSeries): ResultLabels.Labels => {
  const all = targets.map(({ query }) => labelsOf(query, series))
  const known = all.filter((labels) => labels !== undefined)
  return all.length === 0 || known.length < all.length ? undefined : new Set(known.flatMap((labels) => [...labels]))
}

const templateProblems = (where: string, texts: ReadonlyArray<unknown>, labels: ResultLabels.Labels) =>
  labels === undefined ?
    [] :
    texts.flatMap((text) =>
      [...Json.text(text).matchAll(/\{\{\s*([^}\s]*)\s*\}\}/g)].flatMap(([, name = ""]): ReadonlyArray<Problem> =>
        labels.has(name) ? [] : [{ where, problem: `{{${name}}} is no label of the result` }]
      )
    )

const legendLabels: Lint = {
  name: "legend-labels",
  says: "Legends, and the texts of annotations, name labels that the result has.",
  dashboard: ({ annotations, panels }, { series }) => [
    ...panels.flatMap(({ targets }) =>
      targets.flatMap(({ fields, query, where }) =>
        templateProblems(where, [fields.legendFormat], labelsOf(query, series))
      )
    ),
    ...annotations.flatMap(({ fields, query, where }) =>
      templateProblems(where, [fields.titleFormat, fields.textFormat], labelsOf(query, series))
    )
  ]
}

const linkLabels: Lint = {
  name: "link-labels",
  says: "Links that pass on what was clicked on name labels that the result has.",
  dashboard: ({ panels }, { series }) =>
    panels.flatMap((panel) => {
      const labels = labelsOfPanel(panel, series)
      if (labels === undefined) return []
      return Links.ofPanel(panel).flatMap(({ fields, where }) =>
        [...Json.text(fields.url).matchAll(/\$\{__(?:field\.labels|data\.fields)(?:\.(\w+)|\["([^"]*)"\])/g)]
          .map((found) => found[1] ?? found[2] ?? "")
          .filter((name) => !labels.has(name))
          .map((name) => ({ where, problem: `the result has no label ${name}` }))
      )
    })
}

interface Columns {
  readonly known: ReadonlyArray<string>
  /** What `organize` is told of, by their own names. */
  readonly organized: ReadonlyArray<string>
  readonly renamed: ReadonlyArray<string>
}

/** The columns of a table; undefined where a transformation makes others. */
const columnsOf = (panel: Panel, series: AllSeries): Columns | undefined => {
  const labels = labelsOfPanel(panel, series)
  const transformations = Json.list(panel.fields.transformations).map(Json.fields)
  if (labels === undefined || !transformations.every(({ id }) => id === "merge" || id === "organize")) return undefined
  const options = transformations.map(({ options }) => Json.fields(options))
  const renames = options.map(({ renameByName }) => Json.fields(renameByName))
  return {
    known: ["Time", "Value", ...panel.targets.map(({ fields }) => `Value #${Json.text(fields.refId)}`), ...labels],
    organized: [
      ...renames.flatMap(Object.keys),
      ...options.flatMap(({ excludeByName, indexByName }) =>
        [excludeByName, indexByName].map(Json.fields).flatMap(Object.keys)
      )
    ],
    renamed: renames.flatMap((one) => Object.values(one).map(Json.text))
  }
}

const columnNames: Lint = {
  name: "column-names",
  says: "Tables order, rename and dress columns that there are.",
  dashboard: ({ panels }, { series }) =>
    panels.filter(({ type }) => type === "table").flatMap((panel) => {
      const columns = columnsOf(panel, series)
      if (columns === undefined) return []
      const dressed = Json.list(Json.fields(panel.fields.fieldConfig).overrides)
        .map((override) => Json.fields(Json.fields(override).matcher))
        .flatMap(({ id, options }) => id === "byName" ? [Json.text(options)] : [])
      const missing = [
        ...columns.organized.filter((name) => !columns.known.includes(name)),
        ...dressed.filter((name) => !columns.known.includes(name) && !columns.renamed.includes(name))
      ]
      return [...new Set(missing)].map((name) => ({ where: panel.where, problem: `there is no column ${name}` }))
    })
}

/** Lints of names by which a panel refers to its result. */
export const lints: ReadonlyArray<Lint> = [legendLabels, linkLabels, columnNames]
