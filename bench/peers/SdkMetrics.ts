// OpenTelemetry's metrics SDK with a reader, which it aggregates for; it has no bound instruments.
import type * as Otel from "@opentelemetry/api"
import { DataPointType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import type { Recorded } from "./Recorded.ts"

/** What the two metrics are called and have; see `PromClient`. */
export interface Options {
  readonly name: string
  readonly buckets: ReadonlyArray<number>
}

/** A counter and a histogram. */
interface Instruments {
  readonly total: Otel.Counter
  readonly duration: Otel.Histogram
}

export interface SdkMetrics extends Instruments {
  readonly recorded: () => Promise<Recorded>
}

/** Several of them, that are read together. */
export interface All {
  readonly instruments: ReadonlyArray<Instruments>
  readonly recorded: () => Promise<Recorded>
}

/** Beyond it label sets are told as one; the default is one less than the bench has. */
const mostLabelSets = 10_000

/** Collects when it is asked. */
class Reader extends MetricReader {
  constructor() {
    super({ cardinalitySelector: () => mostLabelSets })
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

export const makeAll = (
  { buckets, names }: { readonly names: ReadonlyArray<string>; readonly buckets: ReadonlyArray<number> }
): All => {
  const reader = new Reader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter("bench")
  return {
    instruments: names.map((name) => ({
      total: meter.createCounter(`${name}_total`),
      duration: meter.createHistogram(`${name}_seconds`, {
        unit: "s",
        advice: { explicitBucketBoundaries: [...buckets] }
      })
    })),
    recorded: async () => {
      const { errors, resourceMetrics } = await reader.collect()
      if (errors.length > 0) throw new AggregateError(errors)
      let [counted, observed, series] = [0, 0, 0]
      for (const metric of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
        if (metric.dataPointType === DataPointType.SUM) { for (const { value } of metric.dataPoints) counted += value }
        if (metric.dataPointType === DataPointType.HISTOGRAM) {
          series += metric.dataPoints.length
          for (const { value } of metric.dataPoints) observed += value.count
        }
      }
      return { counted, observed, series }
    }
  }
}

export const make = ({ buckets, name }: Options): SdkMetrics => {
  const { instruments: [instruments], recorded } = makeAll({ names: [name], buckets })
  if (instruments === undefined) throw new Error("no instruments were made")
  return { ...instruments, recorded }
}
