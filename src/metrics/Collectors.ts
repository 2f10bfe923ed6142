/**
 * The collectors of a registry: asked at each scrape, each within bounds of time and number.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Asking from "./Asking.ts"
import type * as Metrics from "./Metrics.ts"
import * as Patience from "./Patience.ts"

/** Collected values of one collector and scrape; more are an iterator that doesn't end. */
const maxCollected = 10_000

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
  readonly patience: Patience.Patience
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
    if (performance.now() - started > Patience.maxHeld) {
      throw new RangeError(`a collector took more than ${Patience.maxHeld} ms`)
    }
    values.push(value)
  }
  return values
}

const fault = (fault: unknown): Told => ({ _tag: "Fault", fault })

/** What stands for the answer of a collector for which a scrape has no time left. */
export const outOfTime = fault(new Error("the collectors before it took the time of this scrape"))

const leftAlone = fault(new Error(`it took more than ${Patience.maxHeld} ms several times; not asked for a while`))

/** Makes the entry of a collector that was added under `context`. */
export const make = (collector: Metrics.Collector, context: Context.Context<never>): Entry => {
  const { definition } = collector
  const { collect } = collector
  const patience = new Patience.Patience()
  if (!Effect.isEffect(collect)) {
    const now = (): Told => {
      if (patience.isAtEnd) return leftAlone
      try {
        return { _tag: "Values", values: patience.during(() => read(collect.call(collector))) }
      } catch (thrown) {
        return fault(thrown)
      }
    }
    return { definition, now, later: undefined, patience, release: () => {} }
  }
  const asking = new Asking.Asking(Effect.map(collect, (told) => patience.during(() => read(told))), context)
  const later = async (): Promise<Told> => {
    if (patience.isAtEnd) return leftAlone
    return asking.ask().then((values): Told => ({ _tag: "Values", values }), fault)
  }
  return { definition, now: undefined, later, patience, release: () => asking.abandon() }
}
