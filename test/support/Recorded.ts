// The real metric registry in memory, with what a test asks of it.
import { Catalogue, Guard, Metrics } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Registry from "../../src/metrics/Registry.ts"

export interface Recorded {
  readonly service: Metrics.Service
  readonly guard: Guard.Guard
  /** Provides the service and the guard. */
  readonly context: Context.Context<Metrics.Metrics>
  /** The value of one series; `undefined` where there is none. */
  readonly value: (name: string, labels?: Readonly<Record<string, string>>) => number | undefined
  /** The series whose value is not 0, as text, sorted; of histograms their counts only. */
  readonly moved: () => ReadonlyArray<string>
  /** The exemplars of a histogram. */
  readonly exemplars: (definition: Catalogue.Histogram) => ReadonlyArray<Metrics.Exemplar>
  readonly faults: (hook: Guard.Hook) => number
}

const show = (sample: Metrics.Sample): string =>
  `${sample.name}{${Object.entries(sample.labels).map(([name, value]) => `${name}=${value}`).join()}} ${sample.value}`

export const make = (
  catalogue: Catalogue.Catalogue = Catalogue.make({ prefix: "test", metrics: {} }),
  now: () => number = Date.now
): Recorded => {
  const guard = Guard.make()
  const registry = Registry.make({
    catalogue,
    guard,
    scrubber: { text: (text) => text, field: (_, value) => value },
    now
  })
  const service: Metrics.Service = {
    ...registry.recording,
    enabled: true,
    render: () => Effect.succeed(""),
    address: Option.none()
  }
  const own = `${catalogue.prefix}_observability_`
  return {
    service,
    guard,
    context: Context.add(Context.make(Metrics.Metrics, service), Guard.CurrentGuard, guard),
    value: (name, labels = {}) =>
      service.samples().find((sample) =>
        sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
      )?.value,
    moved: () =>
      service.samples()
        .filter(({ name, value }) => value !== 0 && !/_(bucket|sum)$/.test(name) && !name.startsWith(own))
        .map(show)
        .sort(),
    exemplars: (definition) => {
      const snapshot = registry.snapshot(definition)
      if (snapshot?._tag !== "Histograms" || snapshot.exemplars === undefined) return []
      const { exemplars, rows } = snapshot
      const text = (slot: number, from: number, to: number): string => {
        const words = Array.from({ length: to - from }, (_, index) => exemplars.word(slot, from + index))
        return words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
      }
      const slots = Array.from({ length: rows * (definition.buckets.length + 1) }, (_, slot) => slot)
      return slots.filter((slot) => exemplars.value(slot) !== undefined).map((slot) => {
        const [traceId, spanId] = exemplars.odd(slot) ?? [text(slot, 0, 4), text(slot, 4, 6)]
        return { traceId, spanId }
      })
    },
    faults: (hook) => guard.faults().get(hook) ?? 0
  }
}
