// One look at the program: what its process says of itself, and what `/metrics` says of its books.
import type { Figures } from "../../examples/dawsos/view/Figures.ts"
import type { Vitals } from "../program/Vitals.ts"

/** The books of a sink, as `/metrics` has them; what is dropped is a sum, whatever the reasons. */
export interface Sink {
  readonly name: string
  readonly notSelected: number
  readonly exported: number
  readonly dropped: number
  /** Of those dropped, the ones whose answer was lost: they may have arrived. */
  readonly timeout: number
  /** Sent twice: they may have arrived as often. */
  readonly resent: number
  readonly queued: number
  readonly inFlight: number
  /** Encoded bytes of what is queued and in flight. */
  readonly bytes: number
  /** 0 while all is sent; 1 while nothing is, after many failures; 2 while a trial is on its way. */
  readonly circuit: number
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
  /** Of those dropped, the ones whose answer was lost: they may have arrived. */
  readonly timeout: number
  readonly queued: number
}

/** What `/metrics` tells. */
export interface Books {
  readonly spans: Spans
  readonly events: Events
  /** Guarded faults of the layer's own, by any hook. */
  readonly faults: number
  /** API requests that were answered since the program started. */
  readonly requests: number
}

export interface Sample extends Books {
  /** Seconds since the beginning of the run. */
  readonly at: number
  readonly vitals: Vitals
}

/** The sinks that a page must have: spans go to a collector and to Sentry. */
export const sinks = ["otlp", "sentry"] as const

/** The books of a program that observes nothing. */
export const none: Books = {
  spans: { started: 0, open: 0, unsampled: 0, ended: 0, sinks: [] },
  events: { captured: 0, sent: 0, dropped: 0, timeout: 0, queued: 0 },
  faults: 0,
  requests: 0
}

/** A page was answered and has no books: nothing of it may count as balanced. */
export class NoBooks extends Error {
  override readonly name = "NoBooks"
}

const prefix = "dawsos_observability"

/** The books as a page of metrics tells them; throws {@link NoBooks} where a figure is not there at all. */
export const read = (figures: Figures): Books => {
  const total = (metric: string, labels = {}): number => {
    const name = `${prefix}_${metric}`
    if (figures.of(name, labels).length === 0) throw new NoBooks(`no ${name} ${JSON.stringify(labels)} on the page`)
    return figures.total(name, labels)
  }
  return {
    spans: {
      started: total("spans_started_total"),
      open: total("spans_open"),
      unsampled: total("spans_unsampled_total"),
      ended: total("spans_ended_total"),
      sinks: sinks.map((sink) => ({
        name: sink,
        notSelected: total("spans_not_selected_total", { sink }),
        exported: total("spans_exported_total", { sink }),
        dropped: total("spans_dropped_total", { sink }),
        timeout: total("spans_dropped_total", { sink, reason: "timeout" }),
        resent: total("spans_resent_total", { sink }),
        queued: total("spans_queued", { sink }),
        inFlight: total("spans_in_flight", { sink }),
        bytes: total("spans_queued_bytes", { sink }),
        circuit: total("spans_circuit_state", { sink })
      }))
    },
    events: {
      captured: total("events_captured_total"),
      sent: total("events_sent_total"),
      dropped: total("events_dropped_total"),
      timeout: total("events_dropped_total", { reason: "timeout" }),
      queued: total("events_queued")
    },
    faults: total("faults_total"),
    requests: figures.total("dawsos_api_requests_total")
  }
}
