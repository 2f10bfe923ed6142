/**
 * What the layer tells of itself, named from the vocabulary's prefix (`{prefix}_observability_…`).
 *
 * The registry fills in those of the metrics room; the pipelines of spans and events fill in theirs through
 * `Metrics.collect`.
 */
import * as Catalogue from "../Catalogue.ts"
import { hooks } from "../Guard.ts"
import * as Refusals from "./Refusals.ts"

const { Label } = Catalogue

/** Sinks and reasons are few and chosen by code; the bound is there because every label has one. */
const few = 20

/** The definitions of the layer's own metrics for a vocabulary. */
export const selfMetrics = (prefix: string) => {
  const own = (name: string) => `${prefix}_observability_${name}`
  return {
    spansStarted: Catalogue.counter({
      name: own("spans_started_total"),
      help: "Spans started: always open + unsampled + ended"
    }),
    spansEnded: Catalogue.counter({
      name: own("spans_ended_total"),
      help: "Sampled spans ended: for each sink always not selected + exported + dropped + queued + in flight"
    }),
    spansUnsampled: Catalogue.counter({
      name: own("spans_unsampled_total"),
      help: "Spans that the sampler turned away"
    }),
    spansOpen: Catalogue.gauge({ name: own("spans_open"), help: "Spans that have started and not yet ended" }),
    spansExported: Catalogue.counter({
      name: own("spans_exported_total"),
      help: "Spans that a sink's destination accepted",
      labels: { sink: Label.bounded(few) }
    }),
    spansDropped: Catalogue.counter({
      name: own("spans_dropped_total"),
      help: "Spans that were lost on the way to a sink's destination, by reason",
      labels: { sink: Label.bounded(few), reason: Label.bounded(few) }
    }),
    spansNotSelected: Catalogue.counter({
      name: own("spans_not_selected_total"),
      help: "Spans that a sink does not want",
      labels: { sink: Label.bounded(few) }
    }),
    spansQueued: Catalogue.gauge({
      name: own("spans_queued"),
      help: "Spans that wait for a sink, for a first attempt or for another one",
      labels: { sink: Label.bounded(few) }
    }),
    spansInFlight: Catalogue.gauge({
      name: own("spans_in_flight"),
      help: "Spans that are being sent to a sink's destination",
      labels: { sink: Label.bounded(few) }
    }),
    spansQueuedBytes: Catalogue.gauge({
      name: own("spans_queued_bytes"),
      help: "About the bytes of memory that the spans take that wait for a sink or are being sent",
      unit: "bytes",
      labels: { sink: Label.bounded(few) }
    }),
    spansRetried: Catalogue.counter({
      name: own("spans_retried_total"),
      help: "Attempts at spans beyond the first one, since a sink's destination could not take them before",
      labels: { sink: Label.bounded(few) }
    }),
    spansResent: Catalogue.counter({
      name: own("spans_resent_total"),
      help:
        "Spans sent twice because a kept connection broke before the answer: only these can have arrived more than once",
      labels: { sink: Label.bounded(few) }
    }),
    spansCircuit: Catalogue.gauge({
      name: own("spans_circuit_state"),
      help: "Whether spans are sent to a sink's destination: 0 they are, 1 not after many failures, 2 a few as a trial",
      labels: { sink: Label.bounded(few) }
    }),
    eventsCaptured: Catalogue.counter({
      name: own("events_captured_total"),
      help: "Error events captured: always sent + dropped + queued"
    }),
    eventsSent: Catalogue.counter({
      name: own("events_sent_total"),
      help: "Error events that the error tracker accepted"
    }),
    eventsDropped: Catalogue.counter({
      name: own("events_dropped_total"),
      help: "Error events that were lost or held back, by reason",
      labels: { reason: Label.bounded(few) }
    }),
    eventsQueued: Catalogue.gauge({
      name: own("events_queued"),
      help: "Error events that wait to be sent, for a first attempt or for another one, or are on their way"
    }),
    eventsQueuedBytes: Catalogue.gauge({
      name: own("events_queued_bytes"),
      help: "The size of the error events that wait or are on their way, as JSON",
      unit: "bytes"
    }),
    eventsRetried: Catalogue.counter({
      name: own("events_retried_total"),
      help: "Attempts at error events beyond the first one, since the error tracker could not take them before"
    }),
    eventsCircuit: Catalogue.gauge({
      name: own("events_circuit_state"),
      help: "Whether error events are sent: 0 they are, 1 not after many failures, 2 one as a trial"
    }),
    labelOverflow: Catalogue.counter({
      name: own("label_overflow_total"),
      help:
        "Records that fell into __overflow__ because a label or metric was at its bound, by metric and label (__series__: the metric); of collectors and of Effect's own metrics the label sets beyond it, again at each scrape",
      labels: { metric: Label.bounded(1000), label: Label.bounded(1000) }
    }),
    faults: Catalogue.counter({
      name: own("faults_total"),
      help: "Faults of the layer's own that were kept out of the program, by hook",
      labels: { hook: Label.oneOf(...hooks) },
      known: hooks.map((hook) => ({ hook }))
    }),
    nameClashes: Catalogue.counter({
      name: own("name_clashes_total"),
      help: "Metrics left out of the exposition because their name is taken, by where they come from",
      labels: { source: Label.oneOf("definition", "effect", "runtime") },
      known: [{ source: "definition" }, { source: "effect" }, { source: "runtime" }]
    }),
    scrapes: Catalogue.counter({
      name: own("scrapes_total"),
      help: "Expositions written, by format",
      labels: { format: Label.oneOf("prometheus", "openmetrics") },
      known: [{ format: "prometheus" }, { format: "openmetrics" }]
    }),
    scrapeRefusals: Catalogue.counter({
      name: own("scrape_refusals_total"),
      help: "Requests and connections that the metrics server turned away, by reason",
      labels: { reason: Label.oneOf(...Refusals.all) },
      known: Refusals.all.map((reason) => ({ reason }))
    }),
    scrapeErrors: Catalogue.counter({
      name: own("scrape_errors_total"),
      help: "Collectors and metrics that failed and were left out of a scrape, by metric",
      labels: { metric: Label.bounded(1000) }
    }),
    scrapeDuration: Catalogue.gauge({
      name: own("scrape_duration_seconds"),
      help: "How long it took to write the exposition before this one",
      unit: "seconds"
    }),
    scrapeSize: Catalogue.gauge({
      name: own("scrape_size_bytes"),
      help: "The size of the exposition before this one",
      unit: "bytes"
    })
  } as const
}

/** The layer's own metrics by the names that its rooms use. */
export type SelfMetrics = ReturnType<typeof selfMetrics>
