/** What became of each span on the way to a sink, id by id: the pipeline's books have counts only. */
import { SpanSink } from "@dawsos/observability"
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import { performance } from "node:perf_hooks"
import * as OtlpTraces from "../../../examples/receiver/OtlpTraces.ts"
import * as WholeRequest from "../../tracing/WholeRequest.ts"

/** How an export ended, as the sink told it. */
export type Outcome =
  | { readonly _tag: "Open" }
  | { readonly _tag: "Answered"; readonly result: SpanSink.ExportResult }
  | { readonly _tag: "Failed"; readonly error: SpanSink.SpanSinkError }
  /** Nobody waited any longer; its spans may be there if the request had left. */
  | { readonly _tag: "GivenUp"; readonly mayHaveLeft: boolean }
  | { readonly _tag: "Defect"; readonly cause: string }

/** One export. */
export interface Attempt {
  readonly ids: ReadonlyArray<string>
  outcome: Outcome
  /** When it ended, in milliseconds of a clock that never jumps. */
  at: number
}

/** The spans of a request that was answered, and the answer. */
export interface Answered {
  readonly ids: ReadonlyArray<string>
  readonly result: SpanSink.ExportResult
  readonly at: number
}

/** Every export through the sinks that it watches, in order. */
export class Fates {
  readonly attempts: Array<Attempt> = []

  /** The same sink, watched. */
  watch(sink: SpanSink.SpanSink): SpanSink.SpanSink {
    const { encoder } = sink
    const mayHaveLeft = () => sink.mayHaveLeft?.() ?? true
    return {
      ...sink,
      export: (batch, onResent) => this.#watched(() => batch.map(idOf), sink.export(batch, onResent), mayHaveLeft),
      encoder: encoder === undefined ? undefined : {
        ...encoder,
        export: (batch, onResent) =>
          this.#watched(() => encodedIds(batch), encoder.export(batch, onResent), mayHaveLeft)
      }
    }
  }

  #watched<A extends SpanSink.ExportResult>(
    ids: () => ReadonlyArray<string>,
    exporting: Effect.Effect<A, SpanSink.SpanSinkError>,
    mayHaveLeft: () => boolean
  ): Effect.Effect<A, SpanSink.SpanSinkError> {
    return Effect.suspend(() => {
      const attempt: Attempt = { ids: ids(), outcome: { _tag: "Open" }, at: Number.NaN }
      this.attempts.push(attempt)
      return Effect.onExit(exporting, (exit) =>
        Effect.sync(() => {
          attempt.outcome = outcomeOf(exit, mayHaveLeft)
          attempt.at = performance.now()
        }))
    })
  }

  /** The spans that the sink said arrived, one and all of their request. */
  get exported(): ReadonlySet<string> {
    return new Set(
      this.#answered.flatMap(({ ids, result }) => result.accepted === ids.length ? ids : [])
    )
  }

  /** The requests of which a part arrived, and the sink does not say which. */
  get partial(): ReadonlyArray<Answered> {
    return this.#answered.filter(({ ids, result }) => result.accepted < ids.length)
  }

  /** The spans whose last answer was lost: given up, or a connection that broke, after the body had been sent. */
  get unanswered(): ReadonlySet<string> {
    const last = new Map(this.attempts.flatMap((attempt) => {
      const lost = new Set(lostIn(attempt))
      return attempt.ids.map((id) => [id, lost.has(id)] as const)
    }))
    return new Set([...last].flatMap(([id, isLost]) => isLost ? [id] : []))
  }

  /** Spans that were sent again after their answer was lost, which nobody may do. */
  get repeated(): ReadonlyArray<string> {
    const lost = new Set<string>()
    const again: Array<string> = []
    for (const attempt of this.attempts) {
      again.push(...attempt.ids.filter((id) => lost.has(id)))
      for (const id of lostIn(attempt)) lost.add(id)
    }
    return again
  }

  /** Exports that ended otherwise than with the answer to all of their spans. */
  get failures(): number {
    return this.attempts.filter(({ outcome }) =>
      outcome._tag === "Answered" ? (outcome.result.left ?? []).length > 0 : outcome._tag !== "Open"
    ).length
  }

  get #answered(): ReadonlyArray<Answered> {
    return this.attempts.flatMap((attempt) => {
      if (attempt.outcome._tag !== "Answered") return []
      const { result } = attempt.outcome
      const left = new Set((result.left ?? []).flatMap(({ spans }) => spans.map(idOf)))
      const ids = attempt.ids.filter((id) => !left.has(id))
      return ids.length === 0 ? [] : [{ ids, result, at: attempt.at }]
    })
  }

  /** The spans that are told to be there, and when that was told; of a part all, for nobody says which. */
  get told(): ReadonlyMap<string, number> {
    return new Map(this.#answered.flatMap(({ at, ids }) => ids.map((id) => [id, at] as const)))
  }
}

/** The id of a span, as the receiver tells it. */
export const idOf = (span: ReadableSpan): string => span.spanContext().spanId

/** The spans of an export whose answer was lost. */
const lostIn = ({ ids, outcome }: Attempt): ReadonlyArray<string> => {
  switch (outcome._tag) {
    case "GivenUp":
      return outcome.mayHaveLeft ? ids : []
    case "Failed":
      return outcome.error.reason === "timeout" ? ids : []
    case "Answered":
      return (outcome.result.left ?? []).flatMap(({ error, spans }) =>
        error.reason === "timeout" ? spans.map(idOf) : []
      )
    default:
      return []
  }
}

const outcomeOf = (
  exit: Exit.Exit<SpanSink.ExportResult, SpanSink.SpanSinkError>,
  mayHaveLeft: () => boolean
): Outcome => {
  if (Exit.isSuccess(exit)) return { _tag: "Answered", result: exit.value }
  if (Cause.hasInterrupts(exit.cause)) return { _tag: "GivenUp", mayHaveLeft: mayHaveLeft() }
  const error = Cause.squash(exit.cause)
  return error instanceof SpanSink.SpanSinkError ? { _tag: "Failed", error } : { _tag: "Defect", cause: String(error) }
}

/** Those of spans that waited as bytes. */
const encodedIds = (batch: SpanSink.EncodedSpans): ReadonlyArray<string> =>
  Result.getOrThrow(OtlpTraces.decode(WholeRequest.of(batch), "otlp")).map(({ spanId }) => spanId)
