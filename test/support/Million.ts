/** Drives distinct values into every bounded label of DawsOS, and reads back whether the exposition tells the truth. */
import { Catalogue, Recorder } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Effect from "effect/Effect"
import type { Exposition } from "./ExpositionText.ts"

const { metrics } = DawsOs

interface Driven {
  readonly metrics: ReadonlyArray<Catalogue.Definition>
  /** Records once in each of the metrics, with label values that no other index has. */
  readonly record: (index: number) => Effect.Effect<unknown>
}

const duration = "10 millis"
const status = "success"

/** The combinators and the recorders of DawsOS that take open label values. */
export const recorders: ReadonlyArray<Driven> = [
  {
    metrics: [metrics.apiRequestsTotal, metrics.apiRequestDuration],
    record: (index) =>
      DawsOs.recordApiRequest({ method: "GET", endpoint: `/attack/${index}`, statusCode: 1000 + index, duration })
  },
  {
    metrics: [metrics.patternExecutionsTotal, metrics.patternExecutionDuration],
    record: (index) => Effect.void.pipe(DawsOs.withPatternMetrics({ patternId: `pattern ${index}` }))
  },
  {
    metrics: [metrics.patternExecutionsTotal, metrics.patternExecutionDuration],
    record: (index) => DawsOs.recordPatternExecution({ patternId: `pattern ${index}`, status, duration })
  },
  {
    metrics: [metrics.agentCapabilityCallsTotal, metrics.agentCapabilityDuration],
    record: (index) =>
      Effect.void.pipe(DawsOs.withCapabilityMetrics({ agent: `agent ${index}`, capability: `capability.${index}` }))
  },
  {
    metrics: [metrics.agentCapabilityCallsTotal, metrics.agentCapabilityDuration],
    record: (index) =>
      DawsOs.recordAgentCapability({ agent: `agent ${index}`, capability: `capability.${index}`, status, duration })
  },
  {
    metrics: [metrics.serviceCallsTotal, metrics.serviceCallDuration],
    record: (index) =>
      Effect.void.pipe(DawsOs.withServiceMetrics({ service: `Service ${index}`, method: `method ${index}` }))
  },
  {
    metrics: [metrics.serviceCallsTotal, metrics.serviceCallDuration],
    record: (index) =>
      DawsOs.recordServiceCall({ service: `Service ${index}`, method: `method ${index}`, status, duration })
  },
  {
    metrics: [metrics.dbQueriesTotal, metrics.dbQueryErrorsTotal, metrics.dbQueryDuration],
    record: (index) =>
      DawsOs.recordDbQuery({ operation: `operation ${index}`, table: `table ${index}`, duration, failed: true })
  },
  {
    metrics: [metrics.dbQueriesTotal, metrics.dbQueryErrorsTotal, metrics.dbQueryDuration],
    record: (index) =>
      Effect.exit(
        Effect.fail("no").pipe(
          DawsOs.withDatabaseMetrics({ operation: `operation ${index}`, table: `table ${index}` })
        )
      )
  },
  {
    metrics: [metrics.providerRequestsTotal, metrics.providerRequestDuration],
    record: (index) =>
      Effect.void.pipe(DawsOs.withProviderMetrics({ provider: `provider ${index}`, endpoint: `/v3/${index}` }))
  },
  {
    metrics: [metrics.providerRequestsTotal, metrics.providerRequestDuration],
    record: (index) =>
      DawsOs.recordProviderRequest({ provider: `provider ${index}`, endpoint: `/v3/${index}`, status, duration })
  },
  {
    metrics: [metrics.providerRateLimitRemaining, metrics.providerRateLimitLimit],
    record: (index) => DawsOs.recordProviderRateLimit({ provider: `provider ${index}`, remaining: 1, limit: 1 })
  },
  {
    metrics: [metrics.alertsEvaluatedTotal],
    record: (index) => DawsOs.recordAlertEvaluated({ alertType: `alert ${index}`, status: "triggered" })
  },
  {
    metrics: [metrics.alertsDeliveredTotal],
    record: (index) => DawsOs.recordAlertDelivered({ deliveryMethod: `method ${index}`, status })
  },
  {
    // What the instrumentation of Redis does, whose commands come from a client library.
    metrics: [metrics.redisCommandsTotal, metrics.redisCommandDuration],
    record: (index) =>
      Recorder.record((service) => {
        service.counter(metrics.redisCommandsTotal, { command: `COMMAND ${index}`, status }).increment()
        service.histogram(metrics.redisCommandDuration, { command: `COMMAND ${index}` }).observe(0.01)
      })
  },
  {
    metrics: [metrics.systemInfo],
    record: (index) =>
      DawsOs.recordSystemInfo({ version: `1.${index}`, environment: `env ${index}`, nodeVersion: `24.${index}` })
  }
]

/** Records `values` times, and lets others have a turn now and then. */
export const times = (values: number, record: Driven["record"]): Effect.Effect<void> =>
  Effect.gen(function*() {
    for (let index = 0; index < values; index++) {
      yield* record(index)
      if (index % 10_000 === 0) yield* Effect.yieldNow
    }
  })

const bounded = (definition: Catalogue.Definition): ReadonlyArray<readonly [string, Catalogue.Bounded]> =>
  Object.entries(definition.labels).flatMap(([name, label]) => label._tag === "Bounded" ? [[name, label] as const] : [])

/** How often each metric is recorded for one index. */
const perIndex = (definition: Catalogue.Definition): number =>
  recorders.filter(({ metrics }) => metrics.includes(definition)).length

/** Records that a label sends into `__overflow__`: all but those whose value had room beside the known ones. */
const overflowing = (definition: Catalogue.Definition, name: string, max: number, values: number): number => {
  const known = definition.kind === "gauge" ? 0 : new Set(definition.known.map((labels) => labels[name])).size
  return perIndex(definition) * (values - (max - known))
}

/** What differs from the truth after `values` distinct values of every bounded label; all of it is empty when none does. */
export const truth = (read: Exposition, values: number) => {
  const families = [...read.families.values()]
  const unbounded: Array<string> = []
  const untold: Array<string> = []
  const wrong: Array<string> = []
  for (const definition of Object.values(metrics as Readonly<Record<string, Catalogue.Definition>>)) {
    const labels = bounded(definition)
    if (labels.length === 0) continue
    const counted = definition.kind === "histogram" ? `${definition.name}_count` : definition.name
    const samples = families.flatMap(({ samples }) => samples).filter(({ name }) => name === counted)
    if (samples.length > Catalogue.maxSeriesPerMetric) unbounded.push(`${definition.name}: ${samples.length} series`)
    for (const [name, { max }] of labels) {
      const distinct = new Set(samples.map((sample) => sample.labels[name])).size
      if (distinct > max + 1) unbounded.push(`${definition.name}: ${distinct} values of ${name}`)
      const told = read.value("dawsos_observability_label_overflow_total", { metric: definition.name, label: name })
      if (told === undefined || told === 0) untold.push(`${definition.name}: ${name}`)
      const overflow = overflowing(definition, name, max, values)
      if (told !== overflow) wrong.push(`${definition.name}: ${told} overflows of ${name}, not ${overflow}`)
    }
    const sum = samples.reduce((sum, { value }) => sum + value, 0)
    const records = perIndex(definition) * values
    if (definition.kind !== "gauge" && sum !== records) wrong.push(`${definition.name}: ${sum} records, not ${records}`)
  }
  return { unbounded, untold, wrong }
}
