/** A span that a test keeps: Effect's own, with an id that is given, and a word when it ends. */
import type * as Exit from "effect/Exit"
import * as Tracer from "effect/Tracer"

/** What Effect tells of a span that is to start. */
export type SpanOptions = Parameters<Tracer.Tracer["span"]>[0]

/** The numbers that name a span, in hexadecimal digits. */
export interface Ids {
  readonly traceId: string
  readonly spanId: string
}

/** Called once, before the span counts as ended. */
export type OnEnd = (span: RecordedSpan, endTime: bigint, exit: Exit.Exit<unknown, unknown>) => void

/** See the module. */
export class RecordedSpan extends Tracer.NativeSpan {
  readonly #onEnd: OnEnd

  constructor(options: SpanOptions, ids: Ids, onEnd: OnEnd) {
    super(options)
    this._traceId = ids.traceId
    this._spanId = ids.spanId
    this.#onEnd = onEnd
  }

  override end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    if (this.status._tag === "Ended") return
    this.#onEnd(this, endTime, exit)
    super.end(endTime, exit)
  }
}
