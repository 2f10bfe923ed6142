import { Metrics } from "@dawsos/observability"

const boom = () => {
  throw new Error("boom")
}

/** A metrics service that throws whatever is recorded; a gauge does when it is set. */
export const faultyMetrics: Metrics.Service = {
  ...Metrics.disabled,
  enabled: true,
  counter: boom,
  gauge: () => ({ set: boom, add: boom }),
  histogram: boom,
  declare: boom
}
