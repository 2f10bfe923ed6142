// OpenTelemetry's SDK by itself, without Effect: `startSpan` and `end`.
import * as Otel from "@opentelemetry/api"
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor
} from "@opentelemetry/sdk-trace-node"
import * as Checkout from "../harness/Checkout.ts"
import * as Loop from "../harness/Loop.ts"
import { ReadingExporter } from "./ReadingExporter.ts"

export interface BareSdk {
  readonly exporter: ReadingExporter
  /** A candidate's `run`: the operation in a span, a batch at a time. */
  readonly run: (place: Loop.Place) => (count: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Sets it up; `sampled: false` leaves every span out. */
export const make = (options: { readonly sampled?: boolean | undefined } = {}): BareSdk => {
  const exporter = new ReadingExporter()
  const processor = new BatchSpanProcessor(exporter, { maxQueueSize: 8_192, scheduledDelayMillis: 600_000 })
  const sampler = options.sampled === false ? new AlwaysOffSampler() : new AlwaysOnSampler()
  const provider = new BasicTracerProvider({ spanProcessors: [processor], sampler })
  const tracer = provider.getTracer("bench")
  return {
    exporter,
    run: (place) => {
      const parent = place === "root"
        ? Otel.ROOT_CONTEXT
        : Otel.trace.setSpan(Otel.ROOT_CONTEXT, tracer.startSpan("request"))
      return async (count) => {
        for (let done = 0; done < count;) {
          const end = Math.min(count, done + Loop.batch)
          for (; done < end; done++) {
            const span = tracer.startSpan(Checkout.name, undefined, parent)
            Checkout.work()
            span.end()
          }
          await processor.forceFlush()
        }
      }
    },
    close: () => provider.shutdown()
  }
}
