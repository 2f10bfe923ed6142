/**
 * What became of every span: the books of the span pipeline.
 *
 * Two equations hold at any moment, whatever fails (`imbalances` names those that do not):
 * `started = open + unsampled + ended`, and for each sink
 * `ended = notSelected + exported + dropped + queued + inFlight`.
 */
import type * as Circuit from "../delivery/Circuit.ts"

/**
 * Why a span was lost.
 *
 * `queue_full`: more ended than the queue holds. `too_large`: it alone is larger than the sink can carry.
 * `rejected`: the receiver said no. `timeout`: the answer was lost (a deadline, or a connection that broke after the
 * body was sent), so it may have arrived all the same. `unreachable`: no connection, it did not arrive.
 * `shutdown`: it ended, or still waited, when the layer was closed. `fault`: a guarded fault of our own.
 */
export const dropReasons = [
  "queue_full",
  "too_large",
  "rejected",
  "timeout",
  "unreachable",
  "shutdown",
  "fault"
] as const

/** One of {@link dropReasons}. */
export type DropReason = (typeof dropReasons)[number]

/** Lost spans by reason, every reason present. */
export type Dropped = Readonly<Record<DropReason, number>>

/** How the sending to a sink goes, beside its books. */
export interface Delivery {
  /** What is queued and in flight takes about so many bytes of memory; 8 MiB are the bound. */
  readonly bytes: number
  /** How often a span was sent once more, since an attempt had failed. */
  readonly retried: number
  /**
   * How many spans were sent twice, since a connection that had been kept open broke before the answer: those may have
   * arrived twice.
   */
  readonly resent: number
  /** Whether anything is sent at all: not while the circuit is open, after many failures. */
  readonly circuit: Circuit.State
}

/** The books of one sink, in spans since the layer was built. */
export interface SinkAccounting {
  readonly name: string
  /** `false` where nobody confirms the arrival (UDP): `exported` then counts what was handed to the kernel. */
  readonly acknowledged: boolean
  /** Not meant for this sink: it takes a share of the traces only. */
  readonly notSelected: number
  readonly exported: number
  readonly dropped: Dropped
  /** Those that wait, for a first attempt or for another one. */
  readonly queued: number
  /** A request with them is on its way. */
  readonly inFlight: number
  /** How the sending goes; nothing where nothing is sent. */
  readonly delivery?: Delivery | undefined
}

/** The books of the pipeline, in spans since the layer was built. */
export interface Accounting {
  readonly started: number
  readonly open: number
  /** Started, and left out by the sampler. */
  readonly unsampled: number
  /** Sampled and ended. */
  readonly ended: number
  readonly sinks: ReadonlyArray<SinkAccounting>
}

/** The books before anything happened, and those of a layer that is off. */
export const empty: Accounting = { started: 0, open: 0, unsampled: 0, ended: 0, sinks: [] }

/** A count of zero for every reason. */
export const noneDropped = (): Record<DropReason, number> => ({
  queue_full: 0,
  too_large: 0,
  rejected: 0,
  timeout: 0,
  unreachable: 0,
  shutdown: 0,
  fault: 0
})

/** How many spans a sink lost, whatever the reason. */
export const droppedTotal = (sink: SinkAccounting): number =>
  dropReasons.reduce((total, reason) => total + sink.dropped[reason], 0)

/** The equations that do not hold, in words; empty when the books balance. */
export const imbalances = (accounting: Accounting): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const { ended, open, started, unsampled } = accounting
  if (started !== open + unsampled + ended) {
    wrong.push(`started ${started} ≠ open ${open} + unsampled ${unsampled} + ended ${ended}`)
  }
  for (const sink of accounting.sinks) {
    const { exported, inFlight, name, notSelected, queued } = sink
    const dropped = droppedTotal(sink)
    if (ended !== notSelected + exported + dropped + queued + inFlight) {
      wrong.push(
        `${name}: ended ${ended} ≠ notSelected ${notSelected} + exported ${exported} + dropped ${dropped}` +
          ` + queued ${queued} + inFlight ${inFlight}`
      )
    }
  }
  return wrong
}

/** The books as one line of text, for a log. */
export const format = (accounting: Accounting): string => {
  const { ended, open, sinks, started, unsampled } = accounting
  const parts = sinks.map((sink) => {
    const losses = dropReasons.filter((reason) => sink.dropped[reason] > 0)
      .map((reason) => `${reason} ${sink.dropped[reason]}`)
    const dropped = losses.length === 0 ? "dropped 0" : `dropped ${droppedTotal(sink)} (${losses.join(", ")})`
    const exported = `${sink.acknowledged ? "exported" : "exported (unacknowledged)"} ${sink.exported}`
    return `${sink.name}: ${exported}, ${dropped}, not selected ${sink.notSelected}, queued ${sink.queued},` +
      ` in flight ${sink.inFlight}${formatDelivery(sink.delivery)}`
  })
  return [`spans: started ${started}, open ${open}, unsampled ${unsampled}, ended ${ended}`, ...parts].join("; ")
}

const formatDelivery = (delivery: Delivery | undefined): string => {
  if (delivery === undefined) return ""
  const { circuit, resent, retried } = delivery
  return [
    retried === 0 ? "" : `, retried ${retried}`,
    resent === 0 ? "" : `, sent twice ${resent}`,
    circuit === "closed" ? "" : `, circuit ${circuit}`
  ].join("")
}
