// Requests of DawsOS, each of nine observed operations that do next to nothing: a pattern, two capabilities, three
// services, two database operations and a provider.
import type { Catalogue } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Effect from "effect/Effect"

/** A combinator. */
export type Around = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** What an operation is recorded as. */
export interface Recorded {
  readonly total: Catalogue.Counter
  readonly duration: Catalogue.Histogram
  readonly labels: Readonly<Record<string, string>>
}

/** Operations of one request. */
export const operations = 9

/** Requests that differ in their label sets. */
export const kinds = 12

const { metrics } = DawsOs

const at = <A>(values: ReadonlyArray<A>, index: number): A => values[index % values.length]!

let state = 0
const work = Effect.sync(() => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
})

/** The requests; `inside` is what a user puts around an operation beside its combinator. */
export const make = (inside: (recorded: Recorded) => Around): ReadonlyArray<Effect.Effect<void>> => {
  const pattern = (n: number): Around => {
    const labels = at(metrics.patternExecutionDuration.known, n)
    const recorded = { total: metrics.patternExecutionsTotal, duration: metrics.patternExecutionDuration, labels }
    const withMetrics = DawsOs.withPatternMetrics({ patternId: labels.pattern_id })
    const more = inside(recorded)
    return (self) => withMetrics(more(self))
  }
  const capability = (n: number): Around => {
    const labels = at(metrics.agentCapabilityDuration.known, n)
    const recorded = { total: metrics.agentCapabilityCallsTotal, duration: metrics.agentCapabilityDuration, labels }
    const withMetrics = DawsOs.withCapabilityMetrics({ agent: labels.agent_name, capability: labels.capability })
    const more = inside(recorded)
    return (self) => withMetrics(more(self))
  }
  const service = (n: number): Around => {
    const labels = at(metrics.serviceCallDuration.known, n)
    const recorded = { total: metrics.serviceCallsTotal, duration: metrics.serviceCallDuration, labels }
    const withMetrics = DawsOs.withServiceMetrics({ service: labels.service_name, method: labels.method })
    const more = inside(recorded)
    return (self) => withMetrics(more(self))
  }
  const database = (n: number): Around => {
    const labels = at(metrics.dbQueryDuration.known, n)
    const recorded = { total: metrics.dbQueriesTotal, duration: metrics.dbQueryDuration, labels }
    const withMetrics = DawsOs.withDatabaseMetrics({ operation: labels.operation, table: labels.table })
    const more = inside(recorded)
    return (self) => withMetrics(more(self))
  }
  const provider = (n: number): Around => {
    const labels = at(metrics.providerRequestDuration.known, n)
    const recorded = { total: metrics.providerRequestsTotal, duration: metrics.providerRequestDuration, labels }
    const withMetrics = DawsOs.withProviderMetrics({ provider: labels.provider, endpoint: labels.endpoint })
    const more = inside(recorded)
    return (self) => withMetrics(more(self))
  }
  return Array.from({ length: kinds }, (_, n) => {
    const quote = capability(2 * n)(
      Effect.andThen(service(3 * n)(database(2 * n)(work)), service(3 * n + 1)(provider(n)(work)))
    )
    const valuation = capability(2 * n + 1)(service(3 * n + 2)(database(2 * n + 1)(work)))
    return pattern(n)(Effect.andThen(quote, valuation))
  })
}
