// This package's metrics alone: kept and exposed, with no tracer and no port.
import { type Catalogue, Metrics, Scrubber } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as MetricsMemory from "../../src/metrics/MetricsMemory.ts"
import * as Recorded from "./Recorded.ts"

export interface OursMetrics {
  readonly context: Context.Context<Metrics.Metrics>
  readonly metrics: Metrics.Service
  readonly recorded: () => Promise<Recorded.Recorded>
}

export const make = (catalogue: Catalogue.Catalogue): OursMetrics => {
  const metrics = Effect.runSync(MetricsMemory.make({ catalogue, scrubber: Scrubber.make() }))
  return {
    context: Context.make(Metrics.Metrics, metrics),
    metrics,
    recorded: async () => Recorded.ofText(await Effect.runPromise(metrics.render("prometheus")))
  }
}
