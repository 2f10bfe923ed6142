// Candidates side by side: each round runs each of them once, in another order, so that what the machine does besides
// hits all of them alike. Ratios are paired by round.
import { seeded, shuffled } from "../../scripts/Random.ts"
import { median, quantile } from "../../scripts/Trend.ts"

/** One of several ways to do the same. */
export interface Candidate {
  readonly name: string
  /** Does `count` operations, all that belongs to them included: what was handed over is exported. */
  readonly run: (count: number) => void | Promise<void>
  /** Sets up what others must not have, and what so many operations are about; it is not timed. */
  readonly before?: ((count: number) => void) | undefined
  readonly after?: (() => void) | undefined
  /**
   * Compares what arrived with the operations done until now, and says what is wrong. A batch processor that drops
   * without a word looks cheap.
   */
  readonly check?: Check | undefined
}

/** Says what is wrong after so many operations. */
export type Check = (operations: number) => string | undefined | Promise<string | undefined>

/** The first thing that any of the checks finds. */
export const all = (...checks: ReadonlyArray<Check>): Check => async (operations) => {
  for (const check of checks) {
    const wrong = await check(operations)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** A middle value with its spread: the median, and where four fifths of the values lie. */
export interface Spread {
  readonly median: number
  readonly low: number
  readonly high: number
}

export const spreadOf = (values: ReadonlyArray<number>): Spread => ({
  median: median(values),
  low: quantile(values, 0.1),
  high: quantile(values, 0.9)
})

/** What was measured of a candidate. */
export interface Measured {
  readonly name: string
  /** Nanoseconds an operation, a value a round. */
  readonly samples: ReadonlyArray<number>
  /** Operations in each of them. */
  readonly count: number
  /** Why its figures don't count. */
  readonly void: string | undefined
}

/** How much to measure. */
export interface Effort {
  /** Samples of each candidate, beside those to warm up. */
  readonly rounds: number
  /** How long a sample takes at least, in milliseconds. */
  readonly sampleMillis: number
  /** Operations of a sample are a multiple of this many. */
  readonly unit: number
}

export const defaultEffort: Effort = { rounds: 25, sampleMillis: 15, unit: 512 }

/** `BENCH_ROUNDS=2` is for a look at whether questions work: at most so many rounds, whatever they ask for. */
export const maxRounds = Number(process.env["BENCH_ROUNDS"] ?? Infinity)

const warmUpMillis = Math.min(150, maxRounds * 10)
const warmUpRounds = 3
const maxOperations = 10_000_000

/** Measures all candidates; `order` is the seed for the order within rounds. */
export const measure = async (
  candidates: ReadonlyArray<Candidate>,
  effort: Partial<Effort> = {},
  order = 1
): Promise<ReadonlyArray<Measured>> => {
  const { rounds, sampleMillis, unit } = { ...defaultEffort, ...effort }
  const last = Math.min(rounds, maxRounds)
  const random = seeded(order)
  const states: Array<{ candidate: Candidate; count: number; done: number; samples: Array<number> }> = []
  for (const candidate of candidates) {
    const state = { candidate, count: unit, done: 0, samples: [] }
    states.push(state)
    await calibrate(state, sampleMillis, unit)
  }
  for (let round = -warmUpRounds; round < last; round++) {
    for (const state of shuffled(states, random)) {
      const millis = await timed(state)
      if (round >= 0) state.samples.push(millis * 1e6 / state.count)
    }
  }
  const measured: Array<Measured> = []
  for (const { candidate: { check, name }, count, done, samples } of states) {
    measured.push({ name, samples, count, void: await check?.(done) })
  }
  return measured
}

interface State {
  readonly candidate: Candidate
  count: number
  done: number
}

const timed = async (state: State): Promise<number> => {
  const { after, before, run } = state.candidate
  before?.(state.count)
  const start = performance.now()
  const running = run(state.count)
  if (running !== undefined) await running
  const millis = performance.now() - start
  after?.()
  state.done += state.count
  return millis
}

/** Warms it up, and finds how many operations take long enough to be timed. */
const calibrate = async (state: State, sampleMillis: number, unit: number): Promise<void> => {
  const end = performance.now() + warmUpMillis
  do await timed(state)
  while (performance.now() < end)
  for (let millis = await timed(state); millis < sampleMillis && state.count < maxOperations;) {
    const factor = Math.min(8, Math.max(1.3, sampleMillis / Math.max(millis, 0.01)))
    state.count = Math.min(maxOperations, Math.ceil(state.count * factor / unit) * unit)
    millis = await timed(state)
  }
}

/** One candidate's samples over another's, paired by round; `less` is taken off both first. */
export const ratio = (of: Measured, over: Measured, less?: Measured): Spread =>
  spreadOf(of.samples.map((value, round) => {
    const common = less?.samples[round] ?? 0
    return (value - common) / ((over.samples[round] ?? Number.NaN) - common)
  }))

/** What one candidate takes longer than another, paired by round, in nanoseconds an operation. */
export const added = (of: Measured, to: Measured): Spread =>
  spreadOf(of.samples.map((value, round) => value - (to.samples[round] ?? Number.NaN)))

/** The measured candidate of that name. */
export const named = (measured: ReadonlyArray<Measured>, name: string): Measured => {
  const found = measured.find((one) => one.name === name)
  if (found === undefined) throw new Error(`no candidate named ${name}`)
  return found
}
