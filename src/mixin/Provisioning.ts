/**
 * Grafana's provisioning as data: the data sources that it starts with, and where its dashboards are.
 *
 * A point on a latency panel is an exemplar: its `trace_id` leads to the trace in Jaeger, and, where error tracking has a
 * page, to the events of that trace. In Jaeger, a span leads back to the metrics of what it measured.
 *
 * @example
 * import { PromQL, Provisioning } from "@dawsos/observability/mixin"
 * import { metrics } from "@dawsos/observability/dawsos"
 *
 * const executions = PromQL.counter(metrics.patternExecutionsTotal)
 *
 * export const files = [
 *   Provisioning.dataSources({
 *     prometheus: "http://prometheus:9090",
 *     jaeger: "http://jaeger:16686",
 *     scrapeInterval: "5 seconds",
 *     spanTags: { "dawsos.pattern_id": "pattern_id" },
 *     spanQueries: [{
 *       name: "Executions",
 *       expression: PromQL.sum(PromQL.rate(executions, "5 minutes"), { by: ["status"] })
 *     }]
 *   }),
 *   Provisioning.dashboards({ folder: "DawsOS", path: "/etc/grafana/dashboards" })
 * ]
 */
import type * as Duration from "effect/Duration"
import type { File } from "./File.ts"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import * as Node from "./promql/Node.ts"
import * as Render from "./promql/Render.ts"
import * as Yaml from "./Yaml.ts"

/** The uids of the data sources, by which they name one another. */
export const uids = { prometheus: "prometheus", jaeger: "jaeger", alertmanager: "alertmanager" } as const

/** The label of an exemplar that holds the id of its trace. */
export const traceIdLabel = "trace_id"

/** A query that a span offers in Jaeger: the series whose labels are the span's tags. */
export interface SpanQuery {
  readonly name: string
  readonly expression: PromQL.Expression
}

/** The programs behind Grafana, as it reaches them. */
export interface DataSources {
  readonly prometheus: string
  readonly jaeger: string
  readonly alertmanager?: string | undefined
  /** Prometheus's `scrape_interval`: `$__rate_interval` is at least four of them. */
  readonly scrapeInterval: Duration.Input
  /**
   * The page of error tracking that lists events, with `{trace_id}` where the id of the trace stands, such as
   * `https://sentry.example/issues/?query=trace%3A{trace_id}`. A point then leads there, too.
   */
  readonly errorEvents?: string | undefined
  /** Attributes of spans, with the labels that hold the same. */
  readonly spanTags?: Readonly<Record<string, string>> | undefined
  /** Queries that a span with one of these attributes offers. */
  readonly spanQueries?: ReadonlyArray<SpanQuery> | undefined
}

/** Grafana fills in variables of the environment; what is to stay is written with two signs. */
const escaped = (text: string): string => text.replaceAll("$", "$$$$")

const address = (where: string, url: string): string => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    refuse(where, `the address was ${JSON.stringify(url)}, allowed are those with http:// or https://`)
  }
  return url
}

const tagsOfSpan = "__the_tags_of_the_span"

/** Grafana puts `label="value"` of the span's tags where `$__tags` stands, between the braces of each selector. */
const spanQuery = ({ expression, name }: SpanQuery): Yaml.Value => {
  const marked: PromQL.Expression = {
    ...expression,
    node: Node.mapSelectors(expression.node, (selector) => ({
      ...selector,
      matchers: [...selector.matchers, { label: tagsOfSpan, operator: "=", value: "" }]
    }))
  }
  const query = PromQL.render(marked).replaceAll(`${tagsOfSpan}=${Render.quote("")}`, "$__tags").replace(
    /\s*\n\s*/g,
    " "
  )
  return { name, query: escaped(query) }
}

const exemplarLinks = (errorEvents: string | undefined): ReadonlyArray<Yaml.Value> => {
  if (errorEvents === undefined) return []
  if (!errorEvents.includes("{trace_id}")) {
    refuse("errorEvents", `the address was ${JSON.stringify(errorEvents)}, it must have {trace_id} in it`)
  }
  const url = address("errorEvents", errorEvents).replaceAll("{trace_id}", "${__value.raw}")
  return [{ name: traceIdLabel, url: escaped(url), urlDisplayLabel: "Error events of this trace" }]
}

const tracesToMetrics = ({ spanQueries = [], spanTags = {} }: DataSources): Yaml.Value | undefined => {
  const tags = Object.entries(spanTags).map(([key, value]) => ({ key, value }))
  if (spanQueries.length === 0) return undefined
  if (tags.length === 0) refuse("spanTags", "there are queries for spans, but no attribute to tell them by")
  return {
    datasourceUid: uids.prometheus,
    // A span is shorter than what a rate needs: some minutes before and after it.
    spanStartTimeShift: "-15m",
    spanEndTimeShift: "15m",
    tags,
    queries: spanQueries.map(spanQuery)
  }
}

/** The file of data sources, which nobody can change in Grafana. Raises `MixinError` for what is no address. */
export const dataSources = (options: DataSources): File => {
  const toMetrics = tracesToMetrics(options)
  const sources: ReadonlyArray<Yaml.Value> = [
    {
      name: "Prometheus",
      uid: uids.prometheus,
      type: "prometheus",
      access: "proxy",
      url: address("prometheus", options.prometheus),
      isDefault: true,
      editable: false,
      jsonData: {
        httpMethod: "POST",
        prometheusType: "Prometheus",
        timeInterval: Render.duration(PromQL.milliseconds("scrapeInterval", options.scrapeInterval)),
        exemplarTraceIdDestinations: [
          { name: traceIdLabel, datasourceUid: uids.jaeger, urlDisplayLabel: "Trace in Jaeger" },
          ...exemplarLinks(options.errorEvents)
        ]
      }
    },
    {
      name: "Jaeger",
      uid: uids.jaeger,
      type: "jaeger",
      access: "proxy",
      url: address("jaeger", options.jaeger),
      editable: false,
      jsonData: {
        nodeGraph: { enabled: true },
        ...(toMetrics === undefined ? {} : { tracesToMetrics: toMetrics })
      }
    },
    ...(options.alertmanager === undefined ? [] : [{
      name: "Alertmanager",
      uid: uids.alertmanager,
      type: "alertmanager",
      access: "proxy",
      url: address("alertmanager", options.alertmanager),
      editable: false,
      jsonData: { implementation: "prometheus" }
    }])
  ]
  return {
    path: "grafana/provisioning/datasources/datasources.yml",
    content: Yaml.file(
      "Generated: Grafana's data sources. $$ is one $ once Grafana has read it.",
      {
        apiVersion: 1,
        datasources: sources
      }
    )
  }
}

/** Where Grafana finds dashboards. */
export interface Dashboards {
  /** The folder in Grafana. */
  readonly folder: string
  /** The folder of the files as Grafana sees it: not below `/var/lib/grafana`, which is its own to write. */
  readonly path: string
}

/** The file of the dashboards' provider: they come from files, and nobody can change or delete them in Grafana. */
export const dashboards = ({ folder, path }: Dashboards): File => {
  if (!path.startsWith("/") || path.startsWith("/var/lib/grafana")) {
    refuse("path", `the folder was ${path}, allowed are absolute ones that are not below /var/lib/grafana`)
  }
  return {
    path: "grafana/provisioning/dashboards/dashboards.yml",
    content: Yaml.file("Generated: where Grafana finds its dashboards.", {
      apiVersion: 1,
      providers: [
        {
          name: folder,
          folder,
          type: "file",
          disableDeletion: true,
          allowUiUpdates: false,
          updateIntervalSeconds: 30,
          options: { path, foldersFromFilesStructure: false }
        }
      ]
    })
  }
}
