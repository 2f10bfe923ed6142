import * as Catalogue from "../../src/Catalogue.ts"
import { catalogue } from "../../src/dawsos/metrics.ts"
import { type SelfMetrics, selfMetrics } from "../../src/metrics/SelfMetrics.ts"

/** What of `@dawsos/observability/dawsos` records each metric; a test runs combinators and recorders to compare. */
export const recordedBy: Readonly<Record<keyof typeof catalogue.metrics, ReadonlyArray<string>>> = {
  apiRequestsTotal: ["serve", "recordApiRequest"],
  apiRequestDuration: ["serve", "recordApiRequest"],
  patternExecutionsTotal: ["withPatternMetrics", "recordPatternExecution"],
  patternExecutionDuration: ["withPatternMetrics", "recordPatternExecution"],
  agentCapabilityCallsTotal: ["withCapabilityMetrics", "recordAgentCapability"],
  agentCapabilityDuration: ["withCapabilityMetrics", "recordAgentCapability"],
  serviceCallsTotal: ["withServiceMetrics", "recordServiceCall"],
  serviceCallDuration: ["withServiceMetrics", "recordServiceCall"],
  dbQueriesTotal: ["observeSql", "withDatabaseMetrics", "recordDbQuery"],
  dbQueryErrorsTotal: ["observeSql", "withDatabaseMetrics", "recordDbQuery"],
  dbQueryDuration: ["observeSql", "withDatabaseMetrics", "recordDbQuery"],
  dbConnectionsActive: ["observeSql", "updateDbConnections"],
  dbConnectionsMax: ["observeSql", "updateDbConnections"],
  providerRequestsTotal: ["observeProvider", "withProviderMetrics", "recordProviderRequest"],
  providerRequestDuration: ["observeProvider", "withProviderMetrics", "recordProviderRequest"],
  providerRateLimitRemaining: ["observeProvider", "recordProviderRateLimit"],
  providerRateLimitLimit: ["observeProvider", "recordProviderRateLimit"],
  pricingPackBuildDuration: ["recordPricingPackBuild"],
  pricingPackSizeBytes: ["updatePricingPackMetrics"],
  pricingPackFreshness: ["updatePricingPackMetrics"],
  pricingPackStatus: ["updatePricingPackMetrics"],
  pricingPackBuildsTotal: ["recordPricingPackBuild"],
  alertsEvaluatedTotal: ["recordAlertEvaluated"],
  alertsDeliveredTotal: ["recordAlertDelivered"],
  redisCommandsTotal: ["layerRedis"],
  redisCommandDuration: ["layerRedis"],
  systemInfo: ["layer", "recordSystemInfo"]
}

const toldBy: Readonly<Record<keyof SelfMetrics, string>> = {
  spansStarted: "the span pipeline",
  spansEnded: "the span pipeline",
  spansUnsampled: "the span pipeline",
  spansOpen: "the span pipeline",
  spansExported: "the span pipeline",
  spansDropped: "the span pipeline",
  spansNotSelected: "the span pipeline",
  spansQueued: "the span pipeline",
  spansInFlight: "the span pipeline",
  spansQueuedBytes: "the span pipeline",
  spansRetried: "the span pipeline",
  spansResent: "the span pipeline",
  spansCircuit: "the span pipeline",
  eventsCaptured: "the pipeline of error events",
  eventsSent: "the pipeline of error events",
  eventsDropped: "the pipeline of error events",
  eventsQueued: "the pipeline of error events",
  eventsQueuedBytes: "the pipeline of error events",
  eventsRetried: "the pipeline of error events",
  eventsCircuit: "the pipeline of error events",
  labelOverflow: "the metrics registry",
  faults: "the guard around every hook of the layer",
  nameClashes: "the metrics registry",
  scrapes: "the exposition",
  scrapeRefusals: "the metrics server",
  scrapeErrors: "the exposition",
  scrapeDuration: "the exposition",
  scrapeSize: "the exposition"
}

// A label's values or names may hold what Markdown reads as markup, never a backtick.
const code = (text: string): string => `\`${text}\``

const label = (name: string, kind: Catalogue.Label): string =>
  kind._tag === "OneOf"
    ? `${code(name)}: ${kind.values.map(code).join(", ")}`
    : `${code(name)}: up to ${kind.max} values, further ones are ${code(Catalogue.overflowValue)}`

const labels = (definition: Catalogue.Definition): ReadonlyArray<string> => {
  const entries = Object.entries(definition.labels)
  return entries.length === 0
    ? ["- Labels: none"]
    : ["- Labels:", ...entries.map(([name, kind]) => `  - ${label(name, kind)}`)]
}

const start = (definition: Catalogue.Definition): string => {
  if (definition.kind === "gauge") return "absent until it is first set"
  const sets = definition.known.length
  if (Object.keys(definition.labels).length === 0) return "shows 0"
  return sets === 0 ? "no label set shows" : `${sets} known label sets show 0`
}

const buckets = (definition: Catalogue.Definition): ReadonlyArray<string> =>
  definition.kind === "histogram"
    ? [`- Buckets (${definition.unit ?? "count"}): ${definition.buckets.join(", ")}. Why: ${definition.bucketsReason}.`]
    : []

const kindOf = (definition: Catalogue.Definition): string =>
  definition.kind === "gauge" && definition.exposes === "age"
    ? "gauge (set to a moment, exposed as the seconds since, computed at each scrape)"
    : definition.kind

const section = (definition: Catalogue.Definition, ...more: ReadonlyArray<string>): string =>
  [
    `### ${definition.name}`,
    "",
    `${definition.help}.`,
    "",
    `- Type: ${kindOf(definition)}`,
    `- Unit: ${definition.unit ?? "none, it is a count or a state"}`,
    ...labels(definition),
    ...buckets(definition),
    ...more
  ].join("\n")

const row = (definition: Catalogue.Definition): string =>
  `| [${definition.name}](#${definition.name}) | ${definition.kind} | ${definition.unit ?? ""} | ${
    Object.keys(definition.labels).map(code).join(", ")
  } |`

const table = (definitions: ReadonlyArray<Catalogue.Definition>): string =>
  ["| Metric | Type | Unit | Labels |", "| --- | --- | --- | --- |", ...definitions.map(row)].join("\n")

const keysOf = <R extends object>(record: R): ReadonlyArray<keyof R> => Object.keys(record) as Array<keyof R>

/** The text of `docs/metrics.md`: every metric of DawsOS and every one of the layer's own. */
export const metricsPage = (): string => {
  const own = selfMetrics(catalogue.prefix)
  return `${
    [
      "# Metrics",
      "Generated from `src/dawsos/metrics.ts` and `src/metrics/SelfMetrics.ts` by `npm run generate`: change those.",
      "`/metrics` shows these, what the program counts with Effect's own `Metric`, and Node's runtime metrics " +
      "(`nodejs_…`, `process_…`). Counters and histograms of known label sets are there from the start, at 0, so that " +
      `the first event is an increase. A metric has at most ${
        Catalogue.maxSeriesPerMetric.toLocaleString("en-US")
      } series; what lies beyond a bound is counted under \`${Catalogue.overflowValue}\` and in ` +
      `\`${own.labelOverflow.name}\`.`,
      "## DawsOS",
      table(Object.values(catalogue.metrics)),
      ...keysOf(catalogue.metrics).map((key) =>
        section(
          catalogue.metrics[key],
          `- At the start: ${start(catalogue.metrics[key])}`,
          `- Recorded by: ${recordedBy[key].map((name) => code(`DawsOs.${name}`)).join(", ")}`
        )
      ),
      "## The layer itself",
      "What the layer loses, holds back or gets wrong. For spans and events the books balance at any moment: " +
      "started = open + unsampled + ended; for each sink ended = not selected + exported + dropped + queued + in " +
      "flight; captured = sent + dropped + queued.",
      table(Object.values(own)),
      ...keysOf(own).map((key) => section(own[key], `- Told by: ${toldBy[key]}, at each scrape`))
    ].join("\n\n")
  }\n`
}
