/**
 * What one export made of its spans, as the queue sees it: a sink may answer, fail, throw, or count wrongly.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type * as Exit from "effect/Exit"
import * as Accounting from "./Accounting.ts"
import type { ExportResult } from "./SpanSink.ts"
import { SpanSinkError } from "./SpanSink.ts"
import type { Entry } from "./SpanStore.ts"

/** Spans that were not accepted, for one reason. */
export interface Left {
  readonly entries: ReadonlyArray<Entry>
  readonly reason: Accounting.DropReason
  readonly retryable: boolean
}

/** See the module: every span is in exactly one place. */
export interface Outcome {
  readonly exported: number
  readonly dropped: Readonly<Record<Accounting.DropReason, number>>
  readonly left: ReadonlyArray<Left>
  /** What went wrong, in words; nothing when all spans arrived. */
  readonly problem: string | undefined
  /** Whether the receiver can't be reached, hangs, or asks for a pause. */
  readonly unwell: boolean
  /** The pause that it asks for, in milliseconds. */
  readonly retryAfter: number
  /** What the sink threw. */
  readonly fault: unknown
}

/** Reads how an export of `entries` has ended. */
export const read = (entries: ReadonlyArray<Entry>, exit: Exit.Exit<ExportResult, SpanSinkError>): Outcome => {
  if (exit._tag === "Success") return ofResult(entries, exit.value)
  const error = Cause.squash(exit.cause)
  if (error instanceof SpanSinkError) return outcomeOf(entries, nothing, [{ entries, error }])
  return broken(entries, error)
}

/** The outcome of an export whose end can't be read, or that threw: its spans are lost by a fault of the sink. */
export const broken = (entries: ReadonlyArray<Entry>, fault: unknown): Outcome => ({
  ...outcomeOf(entries, nothing, []),
  problem: "the sink failed unexpectedly",
  fault
})

/**
 * The outcome of an export that nobody waits for any longer. After a `timeout` its spans may have arrived; after
 * `unreachable` they have not, and are tried again; after `shutdown` neither.
 */
export const givenUp = (
  sink: string,
  entries: ReadonlyArray<Entry>,
  reason: "shutdown" | "timeout" | "unreachable",
  problem: string
): Outcome => ({
  ...reason === "unreachable"
    ? outcomeOf(entries, nothing, [
      { entries, error: new SpanSinkError({ sink, reason, retryable: true, message: problem }) }
    ])
    : outcomeOf(entries, { ...nothing, dropped: { [reason]: entries.length } }, []),
  problem
})

const nothing: ExportResult = { accepted: 0, rejected: 0 }

/** What a sink has left over, and why. */
interface Answered {
  readonly entries: ReadonlyArray<Entry>
  readonly error: SpanSinkError
}

const ofResult = (entries: ReadonlyArray<Entry>, result: ExportResult): Outcome =>
  outcomeOf(entries, result, found(entries, result.left ?? []))

const outcomeOf = (
  entries: ReadonlyArray<Entry>,
  result: ExportResult,
  answered: ReadonlyArray<Answered>
): Outcome => {
  const left = answered.map(leftOf)
  const { dropped, exported } = book(
    entries.length - left.reduce((sum, { entries }) => sum + entries.length, 0),
    result
  )
  const missing = entries.length - exported
  const errors = answered.map(({ error }) => error)
  const lost = dropped.unreachable + dropped.timeout
  return {
    exported,
    dropped,
    left,
    problem: missing === 0
      ? undefined
      : errors[0]?.message ?? result.message ?? `${missing} of ${entries.length} spans not accepted`,
    unwell: errors.some(isUnwell) || (exported === 0 && lost > 0),
    retryAfter: errors.reduce(
      (longest, { retryAfter, retryable }) =>
        retryable && retryAfter !== undefined ? Math.max(longest, Duration.toMillis(retryAfter)) : longest,
      0
    ),
    fault: undefined
  }
}

const isUnwell = ({ reason, retryable }: SpanSinkError): boolean =>
  retryable || reason === "unreachable" || reason === "timeout"

const leftOf = ({ entries, error: { reason, retryable } }: Answered): Left => ({
  entries,
  reason: Accounting.dropReasons.includes(reason) ? reason : "fault",
  // A second sending after a lost answer would make duplicates, whatever the sink says.
  retryable: retryable && reason !== "timeout"
})

/** The entries of the spans that a sink names, each once. */
const found = (
  entries: ReadonlyArray<Entry>,
  answered: NonNullable<ExportResult["left"]>
): ReadonlyArray<Answered> => {
  if (answered.length === 0) return []
  const bySpan = new Map(entries.map((entry) => [entry.span, entry]))
  return answered.map(({ error, spans }) => ({
    error,
    entries: spans.flatMap((span) => {
      const entry = bySpan.get(span)
      return entry !== undefined && bySpan.delete(span) ? [entry] : []
    })
  }))
}

/** Puts each of `size` spans into one count, whatever the sink's counts add up to. */
const book = (size: number, result: ExportResult): Pick<Outcome, "dropped" | "exported"> => {
  let rest = size
  const take = (count: number | undefined): number => {
    const taken = Math.min(rest, wholeNumber(count))
    rest -= taken
    return taken
  }
  const dropped = Accounting.noneDropped()
  for (const reason of Accounting.dropReasons) dropped[reason] += take(result.dropped?.[reason])
  dropped.rejected += take(result.rejected)
  const exported = take(result.accepted)
  dropped.fault += rest
  return { dropped, exported }
}

/** A count that a sink gives, as one that can be booked. */
export const wholeNumber = (count: number | undefined): number => Math.max(0, Math.trunc(count ?? 0) || 0)
