// Which fault strikes what, and when: a plan made from a seed before the run.
import type { Fault } from "../../examples/dawsos/Faults.ts"
import { seeded, shuffled } from "../Random.ts"

/** What can be struck, each on its own: faults of two of them may overlap. */
export const targets = {
  /** The collector of spans. */
  collector: ["hang", "unavailable", "throttled", "bad-request", "reset", "refused", "slow", "partial", "flapping"],
  /** Sentry, for events and for its share of the spans. */
  sentry: ["hang", "unavailable", "throttled", "reset", "refused"],
  /** The reference program itself: its providers, its database, its own code. */
  program: ["provider-down", "database-slow", "error-storm", "provider-slow", "pattern-broken", "provider-quota"],
  /** Who reads `/metrics`: never reads the answer, or never ends the request. */
  scraper: ["never-reads", "never-asks"]
} as const satisfies Readonly<Record<string, ReadonlyArray<string>>> & { readonly program: ReadonlyArray<Fault> }

export type Target = keyof typeof targets

/** The faults of a target. */
export type FaultOf<T extends Target> = (typeof targets)[T][number]

type PeriodOf<T extends Target> = {
  readonly target: T
  readonly fault: FaultOf<T>
  /** Seconds since the beginning of the run. */
  readonly from: number
  readonly to: number
}

export type Period = { readonly [T in Target]: PeriodOf<T> }[Target]

export interface Schedule {
  readonly periods: ReadonlyArray<Period>
  /** Nothing is struck before: what heap and handles are compared with. */
  readonly calmUntil: number
  /** Nothing is struck after: what recovers has time for it. */
  readonly calmFrom: number
}

const between = (random: () => number, from: number, to: number): number => from + (to - from) * random()

/** Seconds, to the tenth. */
const tenths = (seconds: number): number => Math.round(seconds * 10) / 10

/** A plan for a run of so many seconds. The first and the last part are calm; in between every target has its turns. */
export const make = (seconds: number, seed: number): Schedule => {
  const random = seeded(seed)
  const calmUntil = tenths(Math.min(120, seconds * 0.2))
  const calmFrom = tenths(seconds - Math.min(180, seconds * 0.3))
  // A turn is a fault and the calm after it: short enough for a few of them in a minute, at most about a minute.
  const turn = Math.min(60, Math.max(4, (calmFrom - calmUntil) / 8))
  const turnsOf = <T extends Target>(target: T): ReadonlyArray<PeriodOf<T>> => {
    const faults: ReadonlyArray<FaultOf<T>> = targets[target]
    const made: Array<PeriodOf<T>> = []
    let at = calmUntil + between(random, 0, turn / 4)
    let left: ReadonlyArray<FaultOf<T>> = []
    for (;;) {
      if (left.length === 0) left = shuffled(faults, random)
      const [fault, ...others] = left
      const to = at + turn * between(random, 0.3, 0.7)
      if (fault === undefined || to > calmFrom) return made
      left = others
      made.push({ target, fault, from: tenths(at), to: tenths(to) })
      at = to + turn * between(random, 0.2, 0.5)
    }
  }
  const periods: ReadonlyArray<Period> = [
    ...turnsOf("collector"),
    ...turnsOf("sentry"),
    ...turnsOf("program"),
    ...turnsOf("scraper")
  ]
  return { periods: periods.toSorted((one, other) => one.from - other.from), calmUntil, calmFrom }
}
