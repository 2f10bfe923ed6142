/** What the run has shown, checked: metrics as a scrape sees them, what the receivers got, and the books at the end. */
import { Accounting, type ErrorTracking } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import type { ReceivedEvent } from "../receiver/SentryEnvelope.ts"
import * as Faults from "./Faults.ts"
import type { Figures } from "./view/Figures.ts"
import { eventBooks, eventLine } from "./view/LiveView.ts"

const { metrics } = DawsOs

/** The metrics of the base document. */
export const baseFamilies = [
  metrics.apiRequestsTotal,
  metrics.apiRequestDuration,
  metrics.patternExecutionsTotal,
  metrics.patternExecutionDuration,
  metrics.agentCapabilityCallsTotal,
  metrics.agentCapabilityDuration,
  metrics.serviceCallsTotal,
  metrics.serviceCallDuration,
  metrics.dbQueriesTotal,
  metrics.dbQueryDuration,
  metrics.dbConnectionsActive,
  metrics.providerRequestsTotal,
  metrics.providerRequestDuration,
  metrics.providerRateLimitRemaining,
  metrics.pricingPackBuildDuration,
  metrics.pricingPackSizeBytes,
  metrics.pricingPackFreshness,
  metrics.alertsEvaluatedTotal,
  metrics.alertsDeliveredTotal,
  metrics.systemInfo
]

export interface Check {
  readonly result: "ok" | "FAILED" | "not checked"
  readonly text: string
}

export interface Evidence {
  readonly fault: Faults.Fault | undefined
  /** Whether it was over before the last scrape. */
  readonly faultEnded: boolean
  /** The last scrape of `/metrics`. */
  readonly figures: Figures
  /** The books after the end of the layer. */
  readonly spans: Accounting.Accounting
  readonly events: ErrorTracking.ErrorAccounting
  /** Whether spans go to a destination that is not the program's own. */
  readonly spansGoElsewhere: boolean
  /** The traces of error events that arrived, and the events; or why the receivers cannot know. */
  readonly receivedTraces: ReadonlySet<string> | string
  readonly receivedEvents: ReadonlyArray<ReceivedEvent> | string
}

const check = (holds: boolean, text: string): Check => ({ result: holds ? "ok" : "FAILED", text })

// A counter that shows at 0 from the start was not caused by the program; a gauge is absent until it is set.
const hasSample = (figures: Figures, { kind, name }: (typeof baseFamilies)[number]): boolean =>
  kind === "gauge" ? figures.of(name).length > 0 : figures.total(kind === "histogram" ? `${name}_count` : name) > 0

const families = (figures: Figures): Check => {
  const missing = baseFamilies.filter((family) => !hasSample(figures, family)).map(({ name }) => name)
  return check(
    missing.length === 0,
    `${baseFamilies.length - missing.length} of ${baseFamilies.length} metrics of the base document have samples` +
      (missing.length === 0 ? "" : `; missing: ${missing.join(", ")}`)
  )
}

const atLeast = (minimum: number, count: number, what: string): Check =>
  check(count >= minimum, `${what}: ${count} (at least ${minimum})`)

const errorEvent = ({ receivedEvents, receivedTraces }: Evidence): Check => {
  if (typeof receivedEvents === "string") return { result: "not checked", text: `the error event: ${receivedEvents}` }
  const last = receivedEvents.at(-1)
  if (last === undefined) return check(false, "no error event was received")
  if (typeof receivedTraces === "string") {
    return { result: "not checked", text: `the trace of the error event: ${receivedTraces}; ${eventLine(last)}` }
  }
  const linked = receivedEvents.filter(({ traceId }) => traceId !== undefined && receivedTraces.has(traceId))
  const shown = linked.at(-1) ?? last
  return check(
    linked.length > 0,
    `${receivedEvents.length} error events received, the traces of ${linked.length} too; ${eventLine(shown)}`
  )
}

const spanBooks = ({ fault, spans, spansGoElsewhere }: Evidence): Check => {
  const left = spans.open + spans.sinks.reduce((sum, { inFlight, queued }) => sum + inFlight + queued, 0)
  const lost = spans.sinks.reduce((sum, sink) => sum + Accounting.droppedTotal(sink), 0)
  const wrong = Accounting.imbalances(spans)
  // A real destination may be down: what it did not take is in the books, and no fault of this program.
  const mayLose = spansGoElsewhere || fault === "collector-down"
  const text = wrong.length === 0 ? Accounting.format(spans) : `the books of spans do not balance: ${wrong.join("; ")}`
  return check(wrong.length === 0 && left === 0 && spans.started > 0 && (mayLose || lost === 0), text)
}

const eventBalance = ({ events }: Evidence): Check => {
  const dropped = Object.values(events.dropped).reduce((sum, count) => sum + count, 0)
  return check(events.captured === events.sent + dropped + events.queued && events.queued === 0, eventBooks(events))
}

const shown = (prefix: string, { shows, text }: Faults.Symptom, ended: boolean): Check =>
  ended || shows === undefined
    ? { result: "not checked", text: `${prefix}${ended ? "has ended, " : ""}${text}` }
    : check(shows, prefix + text)

/** Every check of a run. */
export const checks = (evidence: Evidence): ReadonlyArray<Check> => {
  const { fault, figures } = evidence
  const described = fault === undefined ? undefined : Faults.describe(fault)
  const unless = (spoiled: Faults.Spoiled, made: Check): Check =>
    made.result === "FAILED" && described?.spoils?.includes(spoiled) === true
      ? { result: "not checked", text: `${made.text}: --fault ${fault}` }
      : made
  const symptom = described?.symptom(figures)
  const answered = figures.total("dawsos_api_requests_total") - figures.failedRequests()
  const executed = new Set(
    ["success", "degraded"].flatMap((status) => figures.of("dawsos_pattern_executions_total", { status }))
      .flatMap(({ labels, value }) => value > 0 ? [labels["pattern_id"]] : [])
  )
  return [
    unless("pack", families(figures)),
    unless("requests", atLeast(30, answered, "requests answered without a server error")),
    unless("requests", atLeast(5, executed.size, "patterns executed with success")),
    unless(
      "pack",
      atLeast(1, figures.total("dawsos_pricing_pack_builds_total", { status: "success" }), "pricing packs built")
    ),
    unless(
      "pack",
      atLeast(1, figures.total("dawsos_alerts_delivered_total", { status: "success" }), "alerts delivered")
    ),
    unless("event", errorEvent(evidence)),
    spanBooks(evidence),
    eventBalance(evidence),
    ...(symptom === undefined || described === undefined
      ? []
      : [shown(`--fault ${fault} → ${described.alert}: `, symptom, evidence.faultEnded)])
  ]
}
