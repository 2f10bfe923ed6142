/** A request of OTLP all at once, which is made slice by slice. */
import type { SpanSink } from "@dawsos/observability"
import * as OtlpRequest from "../../src/tracing/OtlpRequest.ts"

/** The request, with what was done between two slices. */
export const of = (batch: SpanSink.EncodedSpans, room?: Buffer, between: () => void = () => {}): Uint8Array => {
  const steps = OtlpRequest.write(batch, room)
  for (let step = steps.next();; step = steps.next()) {
    if (step.done === true) return step.value
    between()
  }
}
