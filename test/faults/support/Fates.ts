/** What became of each span on the way to a sink, id by id: the pipeline's books have counts only. */
import type { SpanSink } from "@dawsos/observability"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { performance } from "node:perf_hooks"
import { SpanSinkError } from "../../../src/tracing/SpanSink.ts"

/** How an export ended, as the sink told it. */
export type Outcome =
  | { readonly _tag: "Open" }
  | { readonly _tag: "Answered"; readonly result: SpanSink.ExportResult }
  | { readonly _tag: "Failed"; readonly error: SpanSink.SpanSinkError }
  | { readonly _tag: "GivenUp" }
  | { readonly _tag: "Defect"; readonly cause: string }

/** One export. */
export interface Attempt {
  readonly ids: ReadonlyArray<string>
  outcome: Outcome
  /** When it ended, in milliseconds of a clock that never jumps. */
  at: number
}

/** Every export through the sinks that it watches, in order. */
export class Fates {
  readonly attempts: Array<Attempt> = []

  /** The same sink, watched. */
  watch(sink: SpanSink.SpanSink): SpanSink.SpanSink {
    return {
      ...sink,
      export: (batch) =>
        Effect.suspend(() => {
          const attempt: Attempt = { ids: batch.map(idOf), outcome: { _tag: "Open" }, at: Number.NaN }
          this.attempts.push(attempt)
          return Effect.onExit(sink.export(batch), (exit) =>
            Effect.sync(() => {
              attempt.outcome = outcomeOf(exit)
              attempt.at = performance.now()
            }))
        })
    }
  }

  /** The last export of each span that left. */
  get last(): ReadonlyMap<string, Attempt> {
    return new Map(this.attempts.flatMap((attempt) => attempt.ids.map((id) => [id, attempt] as const)))
  }

  /** The spans that the sink said arrived, one and all of their export. */
  get exported(): ReadonlySet<string> {
    return new Set(
      this.attempts.flatMap((attempt) =>
        attempt.outcome._tag === "Answered" && attempt.outcome.result.accepted === attempt.ids.length ? attempt.ids : []
      )
    )
  }

  /** Exports that ended otherwise than with an answer. */
  get failures(): number {
    return this.attempts.filter(({ outcome }) => outcome._tag !== "Answered" && outcome._tag !== "Open").length
  }

  /** The exports of which a part arrived, and the sink does not say which. */
  get partial(): ReadonlyArray<{ readonly ids: ReadonlyArray<string>; readonly result: SpanSink.ExportResult }> {
    return this.attempts.flatMap(({ ids, outcome }) =>
      outcome._tag === "Answered" && outcome.result.accepted < ids.length ? [{ ids, result: outcome.result }] : []
    )
  }

  /** The spans whose last answer was lost: given up, or a connection that broke after the body had been sent. */
  get unanswered(): ReadonlySet<string> {
    return new Set([...this.last].flatMap(([id, { outcome }]) => isLostAnswer(outcome) ? [id] : []))
  }

  /** Spans that were sent again after their answer was lost, which nobody may do. */
  get repeated(): ReadonlyArray<string> {
    const lost = new Set<string>()
    const again: Array<string> = []
    for (const { ids, outcome } of this.attempts) {
      again.push(...ids.filter((id) => lost.has(id)))
      if (isLostAnswer(outcome)) { for (const id of ids) lost.add(id) }
    }
    return again
  }
}

/** The id of a span, as the receiver tells it. */
export const idOf = (span: ReadableSpan): string => span.spanContext().spanId

const isLostAnswer = (outcome: Outcome): boolean =>
  outcome._tag === "GivenUp" || (outcome._tag === "Failed" && outcome.error.reason === "timeout")

const outcomeOf = (exit: Exit.Exit<SpanSink.ExportResult, SpanSink.SpanSinkError>): Outcome => {
  if (Exit.isSuccess(exit)) return { _tag: "Answered", result: exit.value }
  if (Cause.hasInterrupts(exit.cause)) return { _tag: "GivenUp" }
  const error = Cause.squash(exit.cause)
  return error instanceof SpanSinkError ? { _tag: "Failed", error } : { _tag: "Defect", cause: String(error) }
}
