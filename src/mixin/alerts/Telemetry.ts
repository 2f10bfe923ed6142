/** Whether what a program tells of itself is complete: alerts on the metrics that the layer has of itself. */
import { type SelfMetrics, selfMetrics } from "../../metrics/SelfMetrics.ts"
import * as Foreign from "../Foreign.ts"
import * as PromQL from "../PromQL.ts"
import * as Rules from "../Rules.ts"

/** Limits, and where the alerts are looked into. */
export interface Options {
  /** The uid of the dashboard, as one that `Dashboard.ofTelemetry` makes. */
  readonly dashboard: string
  /** The share of spans, between 0 and 1, that may be lost. Default 0.01. */
  readonly spansDroppedRatio?: number | undefined
  /** The 99th percentile of the event loop's lag in seconds. Default 0.5. */
  readonly eventLoopLag?: number | undefined
}

interface Context {
  readonly own: SelfMetrics
  readonly dashboard: string
  readonly spansDroppedRatio: number
  readonly eventLoopLag: number
}

/** Reasons that lie with the receiver of spans or the way to it. */
const receivers = PromQL.oneOf("rejected", "timeout", "unreachable")

const bySink = { by: ["job", "sink"] } as const

const dropped = (own: SelfMetrics, range: PromQL.RangeInput, where: { readonly reason?: PromQL.Match } = {}) =>
  PromQL.sum(PromQL.rate(PromQL.counter(own.spansDropped, where), range), bySink)

const exported = (own: SelfMetrics, range: PromQL.RangeInput) =>
  PromQL.sum(PromQL.rate(PromQL.counter(own.spansExported), range), bySink)

const byReason = (own: SelfMetrics): string =>
  Rules.query(
    PromQL.sum(PromQL.increase(PromQL.counter(own.spansDropped), "10 minutes"), { by: ["sink", "reason"] })
  )

const spansDropped = ({ dashboard, own, spansDroppedRatio }: Context): Rules.Alert =>
  Rules.alert({
    name: "SpansDropped",
    expression: PromQL.greaterThan(
      PromQL.divide(dropped(own, "5 minutes"), PromQL.add(dropped(own, "5 minutes"), exported(own, "5 minutes"))),
      spansDroppedRatio
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "Spans are lost",
    description: "{{ $labels.job }} loses {{ $value | humanizePercentage }} of the spans that are meant for " +
      "{{ $labels.sink }}.",
    dashboard,
    runbook: {
      meaning:
        "Traces are incomplete or missing. Users notice nothing: no request waits for an export. But the trace " +
        "that you look for may not be there.",
      firstLook: [
        `Why? ${byReason(own)}.`,
        "`unreachable`, `timeout`, `rejected`: the receiver. `queue_full`: more spans than it takes. `too_large`: a " +
        "span that is larger than the protocol carries. `fault`: a bug of this layer, see ObservabilityFault.",
        `How full is the queue? ${Rules.query(PromQL.gauge(own.spansQueued))} of 2,048 spans, and ` +
        `${Rules.query(PromQL.gauge(own.spansQueuedBytes))} of 8 MiB. Failed spans are dropped last.`
      ],
      usualCauses: [
        "Jaeger or the collector is down or restarts (ExportFailing fires too when nothing arrives any more).",
        "A burst of traffic that is longer than the queue.",
        "A wrong endpoint or a wrong token after a change of configuration."
      ],
      actions: [
        "Receiver down: start it again. What waits is sent within half a minute; lost spans do not come back. There is " +
        "nothing to repair in the backend.",
        "`queue_full` in a burst: raise `OTEL_BSP_MAX_QUEUE_SIZE` as long as the bytes are below their 8 MiB, which stay " +
        "(a span takes about 0.5 KB by OTLP and 0.7 KB by Thrift), or sample (`OTEL_TRACES_SAMPLER_ARG`).",
        "`rejected`: the log line on the lost spans has the receiver's answer; mind the endpoint and the headers."
      ]
    }
  })

const exportFailing = ({ dashboard, own }: Context): Rules.Alert =>
  Rules.alert({
    name: "ExportFailing",
    expression: PromQL.unless(
      PromQL.or(
        PromQL.greaterThan(dropped(own, "5 minutes", { reason: receivers }), 0),
        PromQL.greaterThan(PromQL.max(PromQL.gauge(own.spansCircuit), bySink), 0)
      ),
      PromQL.greaterThan(exported(own, "5 minutes"), 0)
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "No trace arrives",
    description:
      "{{ $labels.sink }} has accepted no span of {{ $labels.job }} for five minutes: those that wait are lost once " +
      "the queue is full.",
    dashboard,
    runbook: {
      meaning: "The receiver of spans takes nothing at all. You are without traces until it does; metrics and error " +
        "events still arrive.",
      firstLook: [
        `How does it refuse? ${
          byReason(own)
        }. \`unreachable\`: nobody listens. \`timeout\`: it hangs. \`rejected\`: it ` +
        "does not like what it gets.",
        "Is it up? Target `jaeger` on Prometheus's page \"Target health\"; `docker compose -f " +
        "docker-compose.observability.yml ps jaeger`.",
        `Is anything sent at all? ${Rules.query(PromQL.gauge(own.spansCircuit))}: 1 says that nothing is, after five ` +
        "failures in a row; a few spans are tried after 10 s, then ever more rarely, every half a minute at last.",
        "In the log of the backend: the one line `spans don't arrive at …`, with what went wrong."
      ],
      usualCauses: [
        "Jaeger does not run, or its disk is full.",
        "The address changed (`OTEL_EXPORTER_OTLP_ENDPOINT`), or a firewall.",
        "A proxy in between answers 4xx."
      ],
      actions: [
        "Start Jaeger; its log says why it ended. The backend notices within half a minute. Disk full: shorten the spans' time to live in `jaeger/jaeger.yml`.",
        "Address: correct it and restart the backend.",
        "It takes long: nothing is urgent, users are not affected."
      ]
    }
  })

const errorEventsDropped = ({ dashboard, own }: Context): Rules.Alert => {
  const lost = (where: { readonly reason?: PromQL.Match }) =>
    PromQL.sum(PromQL.increase(PromQL.counter(own.eventsDropped, where), "15 minutes"), { by: ["job", "reason"] })
  return Rules.alert({
    name: "ErrorEventsDropped",
    expression: PromQL.greaterThan(lost({ reason: PromQL.not("rate_limited") }), 0),
    for: "5 minutes",
    severity: "warning",
    summary: "Error events are lost",
    description: "{{ $labels.job }} lost {{ $value | humanize }} error events in the last quarter of an hour: " +
      "{{ $labels.reason }}.",
    dashboard,
    runbook: {
      meaning: "Failures have happened that the error tracker does not show. Events that were held back on purpose " +
        "(`rate_limited`: more than 10 of a kind a minute) do not count.",
      firstLook: [
        `Why? ${Rules.query(lost({}))}.`,
        "`throttled`: the tracker's quota. `rejected`: a wrong DSN. `unreachable`, `timeout`: the network. " +
        "`too_large`: one event. `queue_full`: more than 100 waited, or more than 4 MiB of them.",
        `Is anything sent at all? ${
          Rules.query(PromQL.gauge(own.eventsCircuit))
        }: 1 says that nothing is, after five ` +
        "failures in a row; one event is tried after 10 s, then ever more rarely, every half a minute at last.",
        "In the log of the backend: the one line `error events don't arrive at …`, with why.",
        "What failed meanwhile is still in the traces: Jaeger, tag `error=true`, and in the log."
      ],
      usualCauses: [
        "The tracker is down or throttles the project.",
        "A rotated DSN.",
        "An outbound firewall."
      ],
      actions: [
        "Throttled: look at what floods it first; raise the quota afterwards.",
        "DSN: set `SENTRY_DSN` and restart.",
        "Look through the traces with errors of these minutes, for the tracker will never show them."
      ]
    }
  })
}

const labelOverflow = ({ dashboard, own }: Context): Rules.Alert =>
  Rules.alert({
    name: "LabelOverflow",
    expression: PromQL.greaterThan(
      PromQL.sum(PromQL.increase(PromQL.counter(own.labelOverflow), "15 minutes"), { by: ["job", "metric", "label"] }),
      0
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "A label takes more values than it should",
    description:
      "{{ $value | humanize }} records of {{ $labels.metric }} ({{ $labels.job }}) fell into __overflow__ in " +
      "the last quarter of an hour, because of {{ $labels.label }}.",
    dashboard,
    runbook: {
      meaning: "New values of a label are no longer told apart: sums are right, the parts beyond the bound are one. " +
        "Prometheus is safe, that is what the bound is for; alerts by that label are blind for the values beyond it.",
      firstLook: [
        `Which label? ${
          Rules.query(
            PromQL.sum(PromQL.increase(PromQL.counter(own.labelOverflow), "1 hour"), { by: ["metric", "label"] })
          )
        }; \`__series__\` means the metric as a whole.`,
        "Which values does it have? Ask Prometheus for the metric, grouped by that label, and read the list: ids, " +
        "raw paths and texts of errors do not belong there."
      ],
      usualCauses: [
        "An id or a raw URL where a template belongs (`/api/quotes/AAPL` for `/api/quotes/{symbol}`).",
        "A scan of the API that asks for routes that do not exist.",
        "Honest growth: more patterns or tables than the bound."
      ],
      actions: [
        "An id: record the template instead (`HttpClient.withUrlTemplate`), deploy; the values go with the restart.",
        "Honest growth: raise the label's bound in the catalogue (`Label.bounded`)."
      ]
    }
  })

const eventLoopLag = ({ dashboard, eventLoopLag }: Context): Rules.Alert =>
  Rules.alert({
    name: "EventLoopLag",
    expression: PromQL.greaterThan(
      PromQL.max(PromQL.gauge(Foreign.eventLoopLag), { by: ["job"] }),
      eventLoopLag
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "The event loop is blocked",
    description: "The 99th percentile of the event loop's lag of {{ $labels.job }} is {{ $value | humanizeDuration }}.",
    dashboard,
    runbook: {
      meaning: "The process computes for so long at a time that everything else waits: answers, health checks, time " +
        "limits. Durations in all metrics are too long by that, so look here before blaming the database.",
      firstLook: [
        `Which process? ${Rules.query(PromQL.gauge(Foreign.eventLoopLag))}, by \`instance\`.`,
        `Is it busy or does it collect garbage? ${
          Rules.query(PromQL.rate(PromQL.counter(Foreign.processCpu), "5 minutes"))
        } ` +
        `near 1 is one busy core; ${
          Rules.query(PromQL.divide(PromQL.gauge(Foreign.heapUsed), PromQL.gauge(Foreign.heapTotal)))
        } near 1 is a full heap.`,
        "Which pattern runs just then? Traces whose spans all have gaps at the same moment."
      ],
      usualCauses: [
        "A computation over a large portfolio or a long history in one piece.",
        "A very large answer that is parsed or written as JSON.",
        "A heap that is nearly full.",
        "Too little processor: neighbours, a limit of the container."
      ],
      actions: [
        "Add a process, so that requests have somewhere to go.",
        "Take a profile for half a minute (`SENTRY_PROFILES_SAMPLE_RATE`, or `node --cpu-prof` on a copy) and move the " +
        "widest function off the loop, or cut it into pieces.",
        "Heap: raise `--max-old-space-size` once, and look for the leak."
      ]
    }
  })

const observabilityFault = ({ dashboard, own }: Context): Rules.Alert =>
  Rules.alert({
    name: "ObservabilityFault",
    expression: PromQL.greaterThan(
      // What can't be collected is ScrapeIncomplete's.
      PromQL.sum(PromQL.increase(PromQL.counter(own.faults, { hook: PromQL.not("collect") }), "15 minutes"), {
        by: ["job", "hook"]
      }),
      0
    ),
    for: "1 minute",
    severity: "warning",
    summary: "The observability layer fails at something",
    description:
      "{{ $value | humanize }} faults of the layer's hook {{ $labels.hook }} ({{ $labels.job }}) in the last " +
      "quarter of an hour.",
    dashboard,
    runbook: {
      meaning: "A hook of the observability layer threw. It was kept out of the program, but something was not " +
        "recorded. That is a bug, of the layer or of a callback that was given to it.",
      firstLook: [
        `Which hook? ${
          Rules.query(PromQL.sum(PromQL.increase(PromQL.counter(own.faults), "1 day"), { by: ["hook"] }))
        }.`,
        "What happens at the same time? `sink`: an export (SpansDropped, ErrorEventsDropped). `recorder`, `instrument`: a " +
        "metric whose values look wrong or stand still. `scrubber`: spans and events that are withheld.",
        "In the log of the backend: `observability: its … failed`, with the first fault of each hook and its stack."
      ],
      usualCauses: [
        "A callback of the program's own: `degraded`, labels that are computed, a scrubber's detector.",
        "A new version of Effect or of an SDK."
      ],
      actions: [
        "It began with a deploy: look in it for a new callback, a new detector of the scrubber, a new version of an SDK.",
        "Otherwise open an issue with the hook and the fault; the program is not affected."
      ]
    }
  })

const scrapeIncomplete = ({ dashboard, own }: Context): Rules.Alert =>
  Rules.alert({
    name: "ScrapeIncomplete",
    expression: PromQL.greaterThan(
      PromQL.sum(PromQL.increase(PromQL.counter(own.scrapeErrors), "5 minutes"), { by: ["job", "metric"] }),
      0
    ),
    for: "5 minutes",
    severity: "warning",
    summary: "A metric is missing from the exposition",
    description:
      "{{ $labels.metric }} of {{ $labels.job }} could not be collected in {{ $value | humanize }} scrapes of " +
      "the last five minutes.",
    dashboard,
    runbook: {
      meaning: "The scrape works, but one metric is left out of it: its panels are empty, and alerts on it are blind.",
      firstLook: [
        `Which one? ${
          Rules.query(PromQL.sum(PromQL.increase(PromQL.counter(own.scrapeErrors), "1 hour"), { by: ["metric"] }))
        }.`,
        "Which callback tells its value? Search the program for the metric's definition: what that asks (a pool, a " +
        "queue, a file) is what fails."
      ],
      usualCauses: ["A gauge's callback that throws or takes too long.", "A value that is no number."],
      actions: [
        "Mend the callback that was given to `Metrics.collect`; until then, watch by hand what its alerts would watch."
      ]
    }
  })

/**
 * The group `{prefix}.telemetry`, `prefix` being the catalogue's.
 *
 * @example
 * import { TelemetryAlerts } from "@dawsos/observability/mixin"
 *
 * export const group = TelemetryAlerts.group("shop", { dashboard: "shop-telemetry" })
 */
export const group = (prefix: string, options: Options): Rules.Group => {
  const context: Context = {
    own: selfMetrics(prefix),
    dashboard: options.dashboard,
    spansDroppedRatio: options.spansDroppedRatio ?? 0.01,
    eventLoopLag: options.eventLoopLag ?? 0.5
  }
  return {
    name: `${prefix}.telemetry`,
    rules: [
      spansDropped(context),
      exportFailing(context),
      errorEventsDropped(context),
      labelOverflow(context),
      eventLoopLag(context),
      observabilityFault(context),
      scrapeIncomplete(context)
    ]
  }
}
