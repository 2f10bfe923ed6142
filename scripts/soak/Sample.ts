// One look at the program: what its process says of itself, and what `/metrics` says of its books.
import type { Figures } from "../../examples/dawsos/view/Figures.ts"
import type { Vitals } from "./Vitals.ts"

/** The books of a sink, as `/metrics` has them; what is dropped is a sum, whatever the reasons. */
export interface Sink {
  readonly name: string
  readonly notSelected: number
  readonly exported: number
  readonly dropped: number
  readonly queued: number
  readonly inFlight: number
  /** Encoded bytes of what is queued and in flight. */
  readonly bytes: number
}

export interface Spans {
  readonly started: number
  readonly open: number
  readonly unsampled: number
  readonly ended: number
  readonly sinks: ReadonlyArray<Sink>
}

export interface Events {
  readonly captured: number
  readonly sent: number
  readonly dropped: number
  readonly queued: number
}

export interface Sample {
  /** Seconds since the beginning of the run. */
  readonly at: number
  readonly vitals: Vitals
  readonly spans: Spans
  readonly events: Events
  /** Guarded faults of the layer's own, by any hook. */
  readonly faults: number
  /** API requests that were answered since the program started. */
  readonly requests: number
}

const prefix = "dawsos_observability"

/** The books as a page of metrics tells them. */
export const read = (figures: Figures): Omit<Sample, "at" | "vitals"> => {
  const total = (metric: string, labels = {}) => figures.total(`${prefix}_${metric}`, labels)
  const names = figures.of(`${prefix}_spans_exported_total`).map(({ labels }) => labels["sink"] ?? "")
  return {
    spans: {
      started: total("spans_started_total"),
      open: total("spans_open"),
      unsampled: total("spans_unsampled_total"),
      ended: total("spans_ended_total"),
      sinks: names.map((sink) => ({
        name: sink,
        notSelected: total("spans_not_selected_total", { sink }),
        exported: total("spans_exported_total", { sink }),
        dropped: total("spans_dropped_total", { sink }),
        queued: total("spans_queued", { sink }),
        inFlight: total("spans_in_flight", { sink }),
        bytes: total("spans_queued_bytes", { sink })
      }))
    },
    events: {
      captured: total("events_captured_total"),
      sent: total("events_sent_total"),
      dropped: total("events_dropped_total"),
      queued: total("events_queued")
    },
    faults: total("faults_total"),
    requests: figures.total("dawsos_api_requests_total")
  }
}
