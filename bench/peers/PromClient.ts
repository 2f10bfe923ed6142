// prom-client as its users set it up: a counter by one label and the status, a histogram by the label.
import prom from "prom-client"
import * as Recorded from "./Recorded.ts"

type Registry = prom.Registry | prom.Registry<prom.OpenMetricsContentType>

/** What the two metrics are called and have. */
export interface Options {
  /** The counter's name begins so (`bench_checkout` is `bench_checkout_total`), and so does the histogram's. */
  readonly name: string
  /** The label beside `status`. */
  readonly label: string
  readonly buckets: ReadonlyArray<number>
  readonly exemplars?: boolean | undefined
  /** Where metrics belong together. */
  readonly registry?: Registry | undefined
}

export interface PromClient {
  readonly registry: Registry
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

/** Exemplars are for OpenMetrics alone. */
const registryOf = (exemplars: boolean): Registry => {
  if (!exemplars) return new prom.Registry()
  const registry = new prom.Registry<prom.OpenMetricsContentType>()
  registry.setContentType(prom.Registry.OPENMETRICS_CONTENT_TYPE)
  return registry
}

export const make = (
  { buckets, exemplars = false, label, name, registry = registryOf(exemplars) }: Options
): PromClient => ({
  registry,
  total: new prom.Counter({
    name: `${name}_total`,
    help: "Operations.",
    labelNames: [label, "status"],
    enableExemplars: exemplars,
    registers: [registry]
  }),
  duration: new prom.Histogram({
    name: `${name}_seconds`,
    help: "How long operations took.",
    labelNames: [label],
    buckets: [...buckets],
    enableExemplars: exemplars,
    registers: [registry]
  }),
  recorded: async () => Recorded.ofText(await registry.metrics())
})

/** Binds the children of a label set, which is what its documentation advises for hot code. */
export const bind = ({ duration, total }: PromClient, label: string, value: string): Bound => ({
  success: total.labels({ [label]: value, status: "success" }),
  error: total.labels({ [label]: value, status: "error" }),
  duration: duration.labels({ [label]: value })
})
