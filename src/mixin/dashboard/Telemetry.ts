/** Panels of the telemetry itself: what the layer counts of its own, the process, and who watches it. */
import { selfMetrics } from "../../metrics/SelfMetrics.ts"
import type { Section } from "../Dashboard.ts"
import * as Foreign from "../Foreign.ts"
import * as Panel from "../Panel.ts"
import * as PromQL from "../PromQL.ts"

const range = PromQL.rateInterval

const gauge = PromQL.gauge

/** Limits of the alerts, where there are some. */
export interface Limits {
  /** The 99th percentile of the event loop's delay, in seconds. */
  readonly eventLoopLag?: number | undefined
  /** The share of the spans meant for a sink that may be lost. */
  readonly spansDroppedRatio?: number | undefined
  /** Seconds that a group of rules may take. */
  readonly ruleGroupDuration?: number | undefined
}

const targets = (): Section => ({
  title: "Targets",
  panels: [
    Panel.stat({
      title: "Targets up",
      description:
        "Every target of Prometheus. One that is down: nothing is known of it, and all its panels and alerts are silent. Look whether its process runs, and whether its port can be reached from Prometheus.",
      unit: "none",
      width: 12,
      thresholds: Panel.below({ critical: 1 }),
      mappings: { 1: "up", 0: "down" },
      queries: [
        Panel.query(PromQL.min(gauge(Foreign.up), { by: ["job", "instance"] }), "{{job}} {{instance}}", {
          everyJob: true
        })
      ]
    }),
    Panel.timeseries({
      title: "Scrape time",
      description:
        "How long Prometheus waits for each target. Near the scrape's timeout, samples are lost: look at the exposition's size and at the event loop below.",
      unit: "s",
      queries: [
        Panel.query(PromQL.max(gauge(Foreign.scrapeDuration), { by: ["job"] }), "{{job}}", { everyJob: true })
      ]
    })
  ]
})

type Own = ReturnType<typeof selfMetrics>

const each = (definition: Parameters<typeof PromQL.counter>[0]) => PromQL.rate(PromQL.counter(definition), range)

const bySink = { by: ["sink"] } as const

/** The share of the spans meant for a sink that are lost. */
const lost = (own: Own): PromQL.Expression<"sink"> => {
  const dropped = PromQL.sum(PromQL.rate(PromQL.counter(own.spansDropped), range), bySink)
  const exported = PromQL.sum(PromQL.rate(PromQL.counter(own.spansExported), range), bySink)
  return PromQL.divide(dropped, PromQL.greaterThan(PromQL.add(dropped, exported), 0))
}

const limit = (value: number | undefined): Panel.Thresholds | undefined =>
  value === undefined ? undefined : Panel.above({ warning: value })

const spans = (own: Own, limits: Limits): Section => ({
  title: "Spans",
  panels: [
    Panel.timeseries({
      title: "Spans started and ended",
      description:
        "Spans a second: started = open + unsampled + ended, at any moment. Started without ended for long: operations that never end. All at nothing while there is traffic: tracing is off.",
      unit: "ops",
      queries: [
        Panel.query(PromQL.sum(each(own.spansStarted)), "started"),
        Panel.query(PromQL.sum(each(own.spansEnded)), "ended"),
        Panel.query(PromQL.sum(each(own.spansUnsampled)), "unsampled")
      ]
    }),
    Panel.timeseries({
      title: "Spans delivered",
      description:
        "Spans a second that each sink's destination accepted, and those that a sink does not want. A fall to nothing while spans end: the export fails, the reasons are beside.",
      unit: "ops",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(own.spansExported), range), { by: ["sink"] }),
          "{{sink}} exported"
        ),
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(own.spansNotSelected), range), { by: ["sink"] }),
          "{{sink}} not selected"
        )
      ]
    }),
    Panel.timeseries({
      title: "Spans dropped by reason",
      description:
        "Spans a second that were lost: traces have holes. queue_full: more than the destination takes. unreachable, timeout: it is down. rejected: it refuses, see its log. too_large: attributes are too long.",
      unit: "ops",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(own.spansDropped), range), { by: ["sink", "reason"] }),
          "{{sink}} {{reason}}"
        )
      ]
    }),
    Panel.timeseries({
      title: "Share of spans lost",
      description:
        "Of the spans that are meant for a sink, the share that is dropped; the line is where SpansDropped begins. Traces in Jaeger have holes as large as this.",
      unit: "percentunit",
      max: 1,
      thresholds: limit(limits.spansDroppedRatio),
      queries: [Panel.query(lost(own), "{{sink}}")]
    }),
    Panel.timeseries({
      title: "Spans waiting",
      description:
        "Spans that are open, that wait for a sink, and that are on their way. Waiting that only grows: the destination is too slow or away, and spans will be dropped soon. Open that only grows: a leak.",
      unit: "none",
      queries: [
        Panel.query(PromQL.sum(gauge(own.spansOpen)), "open"),
        Panel.query(PromQL.sum(gauge(own.spansQueued), { by: ["sink"] }), "{{sink}} queued"),
        Panel.query(PromQL.sum(gauge(own.spansInFlight), { by: ["sink"] }), "{{sink}} in flight")
      ]
    }),
    Panel.timeseries({
      title: "Size of the spans waiting",
      description:
        "What waits and is on its way takes at most 8 MiB in each process and for each sink. Near that with few spans: attributes are too long.",
      unit: "bytes",
      queries: [Panel.query(PromQL.max(gauge(own.spansQueuedBytes), { by: ["sink"] }), "{{sink}}")]
    }),
    Panel.timeseries({
      title: "Spans sent again",
      description:
        "Spans a second that are sent again because the destination could not take them before, and those that may have arrived twice because a connection broke. Many again: the destination is overloaded or restarts.",
      unit: "ops",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(own.spansRetried), range), { by: ["sink"] }),
          "{{sink}} again"
        ),
        Panel.query(PromQL.sum(PromQL.rate(PromQL.counter(own.spansResent), range), { by: ["sink"] }), "{{sink}} twice")
      ]
    }),
    Panel.stat({
      title: "Way to the destination",
      description:
        "Whether spans are sent to each sink's destination, by the worst process. Stopped: after five failures in a row nothing is sent but a small trial now and then, at least every half a minute; it begins again by itself.",
      unit: "none",
      width: 12,
      thresholds: Panel.above({ warning: 1 }),
      mappings: { 0: "open", 1: "stopped", 2: "trial" },
      queries: [Panel.query(PromQL.max(gauge(own.spansCircuit), { by: ["sink"] }), "{{sink}}")]
    })
  ]
})

const events = (own: Own): Section => ({
  title: "Error events",
  panels: [
    Panel.timeseries({
      title: "Error events",
      description:
        "Error events a second: captured = sent + dropped + queued. Many captured: something new is broken, error tracking groups them. Captured without sent: they don't arrive, see the reasons beside.",
      unit: "ops",
      interval: "1m",
      queries: [
        Panel.query(PromQL.sum(each(own.eventsCaptured)), "captured"),
        Panel.query(PromQL.sum(each(own.eventsSent)), "sent"),
        Panel.query(PromQL.sum(gauge(own.eventsQueued)), "queued now", { unit: "none" })
      ]
    }),
    Panel.timeseries({
      title: "Error events dropped by reason",
      description:
        "Error events a second that were held back or lost. rate_limited and throttled are meant to be, in a storm; unreachable, timeout and rejected mean that error tracking does not get them.",
      unit: "ops",
      interval: "1m",
      queries: [
        Panel.query(PromQL.sum(PromQL.rate(PromQL.counter(own.eventsDropped), range), { by: ["reason"] }), "{{reason}}")
      ]
    }),
    Panel.timeseries({
      title: "Size of the error events waiting",
      description:
        "What waits and is on its way takes at most 4 MiB in each process. Near that with few events: they carry too much, look at their extra data.",
      unit: "bytes",
      interval: "1m",
      queries: [Panel.query(PromQL.max(gauge(own.eventsQueuedBytes)), "waiting")]
    }),
    Panel.timeseries({
      title: "Error events sent again",
      description:
        "Error events a second that are sent again because the error tracker could not take them before. Many: it throttles, restarts or is away.",
      unit: "ops",
      interval: "1m",
      queries: [Panel.query(PromQL.sum(each(own.eventsRetried)), "again")]
    }),
    Panel.stat({
      title: "Way to the error tracker",
      description:
        "Whether error events are sent, by the worst process. Stopped: after five failures in a row nothing is sent but one event now and then, at least every half a minute; it begins again by itself.",
      unit: "none",
      width: 24,
      thresholds: Panel.above({ warning: 1 }),
      mappings: { 0: "open", 1: "stopped", 2: "trial" },
      queries: [Panel.query(PromQL.max(gauge(own.eventsCircuit)), "error events")]
    })
  ]
})

const exposition = (own: Own): Section => ({
  title: "Metrics",
  panels: [
    Panel.timeseries({
      title: "Exposition time",
      description:
        "How long the process takes to write its metrics, during which it does nothing else. Above some 50 ms: too many series, look at the size and at label overflow.",
      unit: "s",
      queries: [Panel.query(PromQL.max(gauge(own.scrapeDuration), { by: ["job"] }), "{{job}}")]
    }),
    Panel.timeseries({
      title: "Exposition size",
      description:
        "The size of the metrics' text. It grows with new values of labels, up to their bounds; without end it can't.",
      unit: "bytes",
      queries: [Panel.query(PromQL.max(gauge(own.scrapeSize), { by: ["job"] }), "{{job}}")]
    }),
    Panel.barGauge({
      title: "Label overflow",
      description:
        "Records that fell into __overflow__ in the time that is shown, because a label has more values than its bound: they are counted, but not told apart. Something open, such as an id or a path, is used as a label's value.",
      unit: "none",
      decimals: 0,
      queries: [
        Panel.query(
          PromQL.top(
            10,
            PromQL.sum(PromQL.increase(PromQL.counter(own.labelOverflow), "$__range"), { by: ["metric", "label"] })
          ),
          "{{metric}} {{label}}"
        )
      ]
    }),
    Panel.timeseries({
      title: "Faults kept out of the program",
      description:
        "Faults a second of the telemetry's own, by hook. The program did not notice them, but what the hook was to record is lost. The first of each is in the log; it is a defect to report.",
      unit: "ops",
      interval: "1m",
      queries: [
        Panel.query(PromQL.sum(PromQL.rate(PromQL.counter(own.faults), range), { by: ["hook"] }), "{{hook}}")
      ]
    }),
    Panel.timeseries({
      title: "Scrapes",
      description:
        "Expositions a second by format, metrics that could not be written and were left out, and names that are taken twice. The last two are defects of a definition or collector; the log names it.",
      unit: "ops",
      queries: [
        Panel.query(PromQL.sum(PromQL.rate(PromQL.counter(own.scrapes), range), { by: ["format"] }), "{{format}}"),
        Panel.query(PromQL.orZero(PromQL.sum(PromQL.rate(PromQL.counter(own.scrapeErrors), range))), "left out"),
        Panel.query(PromQL.sum(PromQL.rate(PromQL.counter(own.nameClashes), range)), "name clashes")
      ]
    }),
    Panel.timeseries({
      title: "Requests turned away at the metrics port",
      description:
        "Requests and connections a second that the metrics server refused, by reason. unauthorized: a scraper has no token, or a wrong one. slow_reader, slow_request, too_many_connections: someone else reaches the port; close it to them.",
      unit: "ops",
      interval: "1m",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(own.scrapeRefusals), range), { by: ["reason"] }),
          "{{reason}}"
        )
      ]
    })
  ]
})

const processes = (limits: Limits): Section => ({
  title: "Process",
  panels: [
    Panel.timeseries({
      title: "Event-loop lag",
      description:
        "How late the event loop is, its 99th percentile and its worst. High: something computes for long without a pause, and every request waits. Take a CPU profile; traces show a gap between spans.",
      unit: "s",
      thresholds: limit(limits.eventLoopLag),
      queries: [
        Panel.query(PromQL.max(gauge(Foreign.eventLoopLag), { by: ["job"] }), "{{job}} 99th percentile"),
        Panel.query(PromQL.max(gauge(Foreign.eventLoopLagMax), { by: ["job"] }), "{{job}} worst")
      ]
    }),
    Panel.timeseries({
      title: "Processor",
      description:
        "Processors in use by each process on average; JavaScript can use one. Near 1: it is saturated, start another process or find what computes.",
      unit: "short",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(Foreign.processCpu), range), { by: ["job", "instance"] }),
          "{{job}} {{instance}}"
        )
      ]
    }),
    Panel.timeseries({
      title: "Memory",
      description:
        "Resident memory, and V8's heap. A heap that grows through days and falls only at restarts is a leak: take two heap snapshots and compare.",
      unit: "bytes",
      width: 24,
      queries: [
        Panel.query(PromQL.max(gauge(Foreign.processMemory), { by: ["job"] }), "{{job}} resident"),
        Panel.query(PromQL.max(gauge(Foreign.heapTotal), { by: ["job"] }), "{{job}} heap"),
        Panel.query(PromQL.max(gauge(Foreign.heapUsed), { by: ["job"] }), "{{job}} heap in use")
      ]
    })
  ]
})

const everyJob = { everyJob: true }

const watchers = (limits: Limits): Section => ({
  title: "Prometheus and Alertmanager",
  panels: [
    Panel.timeseries({
      title: "Rule evaluation",
      description:
        "How long Prometheus takes for each group of rules. Longer than the group's interval: alerts come late. Find the rule under Status → Rule health.",
      unit: "s",
      thresholds: limit(limits.ruleGroupDuration),
      queries: [
        Panel.query(
          PromQL.max(gauge(Foreign.ruleGroupDuration), { by: ["rule_group"] }),
          "{{rule_group}}",
          everyJob
        )
      ]
    }),
    Panel.timeseries({
      title: "Alerting failures",
      description:
        "Rules that could not be evaluated, and notifications that never reached Alertmanager. Above nothing, alerts are not to be relied on: Prometheus's log and its page of rules say why.",
      unit: "ops",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(Foreign.ruleFailures), range)),
          "rules that failed",
          everyJob
        ),
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(Foreign.notificationsDropped), range)),
          "notifications dropped",
          everyJob
        )
      ]
    }),
    Panel.timeseries({
      title: "Notifications",
      description:
        "Notifications that Alertmanager sends and fails to send, by kind of receiver. The watchdog's arrive all the time. Failing: nobody is told, so tell them yourself, then mend the receiver's secret or address.",
      unit: "ops",
      width: 24,
      interval: "1m",
      queries: [
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(Foreign.notifications), range), { by: ["integration"] }),
          "{{integration}} sent",
          everyJob
        ),
        Panel.query(
          PromQL.sum(PromQL.rate(PromQL.counter(Foreign.notificationsFailed), range), { by: ["integration"] }),
          "{{integration}} failed",
          everyJob
        )
      ]
    })
  ]
})

/** The panels, for the layer's own metrics of a vocabulary. */
export const sections = (prefix: string, limits: Limits): ReadonlyArray<Section> => {
  const own = selfMetrics(prefix)
  return [targets(), spans(own, limits), events(own), exposition(own), processes(limits), watchers(limits)]
}
