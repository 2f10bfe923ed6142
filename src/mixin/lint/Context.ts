/** What lints hold dashboards and rules against. */
import type * as Catalogue from "../../Catalogue.ts"
import * as Json from "../Json.ts"
import * as Syntax from "../promql/Syntax.ts"
import * as DashboardText from "./DashboardText.ts"
import type { Problem } from "./Finding.ts"
import * as Query from "./Query.ts"
import * as ResultLabels from "./ResultLabels.ts"
import * as RulesText from "./RulesText.ts"
import * as Series from "./Series.ts"

/** A unit test of an alert, as the lint of tests needs to know it. */
export interface AlertTest {
  readonly alert: string
  /** The alert fires, stays quiet on healthy traffic, or sees no data at all. */
  readonly shows: "firing" | "quiet" | "no-data"
}

/** What is given; a thing that is left out is not checked. */
export interface Options {
  /** The product's own metrics, with exemplars on their histograms. */
  readonly catalogue: Catalogue.Catalogue
  /** Metrics of others that may be asked for: the layer's own, Prometheus's, Node's. */
  readonly foreign?: Iterable<Catalogue.Definition> | undefined
  /** Files of rules (YAML) whose recording rules may be asked for. */
  readonly rules?: ReadonlyArray<string> | undefined
  /** All dashboards (JSON) to which a link may lead. */
  readonly dashboards?: ReadonlyArray<string> | undefined
  /** The addresses of all runbook pages. */
  readonly runbooks?: ReadonlyArray<string> | undefined
  /** The names of the jobs that are scraped. */
  readonly jobs?: ReadonlyArray<string> | undefined
  /** The refresh that a dashboard must have, by its uid. */
  readonly refresh?: Readonly<Record<string, string>> | undefined
  /** The unit tests of all alerts. */
  readonly tests?: ReadonlyArray<AlertTest> | undefined
  /** Alerts that always fire, to show that alerting works: `Watchdog` unless given. */
  readonly watchdogs?: ReadonlyArray<string> | undefined
}

/** A dashboard that links may lead to. */
interface Linked {
  readonly variables: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
}

/** What lints are held against, prepared. */
export interface Context extends Omit<Options, "catalogue" | "foreign" | "rules" | "dashboards" | "watchdogs"> {
  readonly series: Series.AllSeries
  readonly linked: ReadonlyMap<string, Linked> | undefined
  readonly watchdogs: ReadonlyArray<string>
}

/** The series with what the recording rules of a file add, each being able to ask for those before it. */
export const withRecorded = (series: Series.AllSeries, file: RulesText.RulesText): Series.AllSeries => {
  const all = new Map(series)
  for (const { labels, query, record } of file.rules) {
    const syntax = Query.syntaxOf(query)
    if (record === "" || syntax === undefined) continue
    const own = ResultLabels.of(syntax, all)
    all.set(record, {
      kind: "recorded",
      labels: new Set([...own ?? Series.targetLabels, ...Object.keys(labels)]),
      valuesOf: (label) => typeof labels[label] === "string" ? [labels[label]] : undefined,
      exemplars: false,
      traffic: Syntax.some(
        syntax,
        (one) =>
          one._tag === "Call" && ["rate", "irate", "increase"].includes(one.function) ||
          one._tag === "Selector" && all.get(one.name ?? "")?.traffic === true
      )
    })
  }
  return all
}

/** A JSON text, or why it is none. */
export const parseJson = (text: string): { readonly value: unknown } | { readonly problem: string } => {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

const linkedOf = (text: string): ReadonlyArray<readonly [string, Linked]> => {
  const parsed = parseJson(text)
  if ("problem" in parsed) return []
  const { fields, uid, variables } = DashboardText.of(parsed.value)
  return [[uid, { variables: variables.map(({ name }) => name), tags: Json.list(fields.tags).map(Json.text) }]]
}

/** Prepares what lints are held against. */
export const make = (options: Options): Context => {
  const { catalogue, dashboards, foreign = [], jobs, rules = [], watchdogs = ["Watchdog"], ...others } = options
  const defined = new Map([
    ...Series.make(foreign, { jobs, exemplars: false }),
    ...Series.make(Object.values(catalogue.metrics), { jobs, exemplars: true })
  ])
  return {
    ...others,
    jobs,
    watchdogs,
    series: rules.map(RulesText.of).reduce(withRecorded, defined),
    linked: dashboards === undefined ? undefined : new Map(dashboards.flatMap(linkedOf))
  }
}

/** One lint: a name to pick it by, what it asks for, and how it looks. */
export interface Lint {
  readonly name: string
  /** What it asks for, in a sentence. */
  readonly says: string
  readonly dashboard?:
    | ((dashboard: DashboardText.DashboardText, context: Context) => ReadonlyArray<Problem>)
    | undefined
  readonly rules?: ((file: RulesText.RulesText, context: Context) => ReadonlyArray<Problem>) | undefined
}
