// OpenTelemetry's metrics SDK with a reader, which it aggregates for; it has no bound instruments.
import type * as Otel from "@opentelemetry/api"
import { DataPointType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import type { Recorded } from "./Recorded.ts"

/** What the two metrics are called and have; see `PromClient`. */
export interface Options {
  readonly name: string
  readonly buckets: ReadonlyArray<number>
}

export interface SdkMetrics {
  readonly total: Otel.Counter
  readonly duration: Otel.Histogram
  readonly recorded: () => Promise<Recorded>
}

/** Collects when it is asked. */
class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

export const make = ({ buckets, name }: Options): SdkMetrics => {
  const reader = new Reader()
  const meter = new MeterProvider({ readers: [reader] }).getMeter("bench")
  return {
    total: meter.createCounter(`${name}_total`),
    duration: meter.createHistogram(`${name}_seconds`, {
      unit: "s",
      advice: { explicitBucketBoundaries: [...buckets] }
    }),
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
