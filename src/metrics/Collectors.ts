/**
 * The collectors of a registry: asked at each scrape, each within bounds of time and number.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Asking from "./Asking.ts"
import type * as Metrics from "./Metrics.ts"

/** Collected values of one collector and scrape; more are an iterator that doesn't end. */
const maxCollected = 10_000

/** Milliseconds that a collector may hold the event loop while its values are read. */
const maxHeld = 500

/** The values that collectors tell of one metric, or why there are none. */
export type Told =
  | { readonly _tag: "Values"; readonly values: ReadonlyArray<Metrics.CollectedValue> }
  | { readonly _tag: "Fault"; readonly fault: unknown }

/** One added collector. */
export interface Entry {
  readonly definition: Metrics.Collector["definition"]
  /** Answers at once; `undefined` for a collector that can't. */
  readonly now: (() => Told) | undefined
  /** The answer of a collector that takes time; never rejects. */
  readonly later: (() => Promise<Told>) | undefined
  /** Lets go of an answer that is waited for. */
  readonly release: () => void
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"

const read = (told: Iterable<Metrics.CollectedValue>): ReadonlyArray<Metrics.CollectedValue> => {
  if (isThenable(told)) {
    // Its rejection would end the process.
    void Promise.allSettled([told])
    throw new TypeError("a collector answered with a promise; what takes time is collected by an effect")
  }
  const values: Array<Metrics.CollectedValue> = []
  const started = performance.now()
  for (const value of told) {
    if (values.length === maxCollected) throw new RangeError(`a collector told more than ${maxCollected} values`)
    if (performance.now() - started > maxHeld) throw new RangeError(`a collector took more than ${maxHeld} ms`)
    values.push(value)
  }
  return values
}

const fault = (fault: unknown): Told => ({ _tag: "Fault", fault })

/** Makes the entry of a collector that was added under `context`. */
export const make = (collector: Metrics.Collector, context: Context.Context<never>): Entry => {
  const { definition } = collector
  const { collect } = collector
  if (!Effect.isEffect(collect)) {
    const now = (): Told => {
      try {
        return { _tag: "Values", values: read(collect.call(collector)) }
      } catch (thrown) {
        return fault(thrown)
      }
    }
    return { definition, now, later: undefined, release: () => {} }
  }
  const asking = new Asking.Asking(Effect.map(collect, read), context)
  return {
    definition,
    now: undefined,
    later: () => asking.ask().then((values): Told => ({ _tag: "Values", values }), fault),
    release: () => asking.abandon()
  }
}
