// @prometheus-io/client, which prom-client became, as its users set it up: a counter by one label and the status, a
// histogram by the label.
import prom from "@prometheus-io/client"
import type * as PromClient from "./PromClient.ts"
import * as Recorded from "./Recorded.ts"

/** What the two metrics are called and have. */
export interface Options extends Omit<PromClient.Options, "registry" | "exemplars"> {
  readonly registry?: prom.Registry | undefined
}

export interface PrometheusClient {
  readonly registry: prom.Registry
  readonly total: prom.Counter<string>
  readonly duration: prom.Histogram<string>
  readonly recorded: () => Promise<Recorded.Recorded>
}

/** The children of one label set. */
export interface Bound {
  readonly success: prom.Counter.Internal
  readonly error: prom.Counter.Internal
  readonly duration: prom.Histogram.Internal<string>
}

export const make = ({ buckets, label, name, registry = new prom.Registry() }: Options): PrometheusClient => ({
  registry,
  total: new prom.Counter({
    name: `${name}_total`,
    help: "Operations.",
    labelNames: [label, "status"],
    registers: [registry]
  }),
  duration: new prom.Histogram({
    name: `${name}_seconds`,
    help: "How long operations took.",
    labelNames: [label],
    buckets: [...buckets],
    registers: [registry]
  }),
  recorded: async () => Recorded.ofText(await registry.metrics())
})

/** Binds the children of a label set. */
export const bind = ({ duration, total }: PrometheusClient, label: string, value: string): Bound => ({
  success: total.labels({ [label]: value, status: "success" }),
  error: total.labels({ [label]: value, status: "error" }),
  duration: duration.labels({ [label]: value })
})
