// The peer with `prom-client` beside it, as a user wires both: a counter by status, a histogram, and the trace as its
// exemplar.
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import prom from "prom-client"
import * as Checkout from "../harness/Checkout.ts"
import type { Check } from "../harness/Interleaved.ts"
import * as Peer from "./EffectOpenTelemetry.ts"

export interface WithPromClient extends Peer.EffectOpenTelemetry {
  /** What `Checkout.withCheckout` is for this package. */
  readonly withCheckout: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** A check that each operation from now on was counted and observed, with an exemplar. */
  readonly counted: () => Promise<Check>
}

const sum = (values: ReadonlyArray<{ readonly value: number }>): number =>
  values.reduce((total, { value }) => total + value, 0)

export const make = async (): Promise<WithPromClient> => {
  const peer = await Peer.make()
  const registry = new prom.Registry<prom.OpenMetricsContentType>()
  registry.setContentType(prom.Registry.OPENMETRICS_CONTENT_TYPE)
  const total = new prom.Counter<string>({
    name: Checkout.total.name,
    help: Checkout.total.help,
    labelNames: ["operation", "status"],
    registers: [registry]
  })
  const duration = new prom.Histogram<string>({
    name: Checkout.duration.name,
    help: Checkout.duration.help,
    labelNames: ["operation"],
    buckets: [...Checkout.buckets],
    enableExemplars: true,
    registers: [registry]
  })
  const operation = Checkout.name
  const sums = async () => {
    const { values } = await duration.get()
    return {
      counted: sum((await total.get()).values),
      observed: sum(values.filter(({ metricName }) => metricName?.endsWith("_count") === true))
    }
  }
  return {
    ...peer,
    withCheckout: (self) =>
      Effect.withSpan(
        Effect.flatMap(Effect.orDie(Effect.currentParentSpan), (span) => {
          const start = performance.now()
          return Effect.onExit(self, (exit) =>
            Effect.sync(() => {
              total.inc({ operation, status: Exit.isSuccess(exit) ? "success" : "error" })
              duration.observe({
                labels: { operation },
                value: (performance.now() - start) / 1000,
                exemplarLabels: { trace_id: span.traceId, span_id: span.spanId }
              })
            }))
        }),
        operation
      ),
    counted: async () => {
      const before = await sums()
      return async (operations) => {
        const now = await sums()
        const [counted, observed] = [now.counted - before.counted, now.observed - before.observed]
        if (counted !== operations || observed !== operations) {
          return `${counted} counted and ${observed} observed of ${operations}`
        }
        return (await registry.metrics()).includes("# {trace_id=") ? undefined : "no exemplar"
      }
    }
  }
}
