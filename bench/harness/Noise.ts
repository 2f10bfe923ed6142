// How far a measurement is off when it measures the same twice: nearer to its limit than that, a figure can't be told
// from one on the limit's other side.
import { quantile } from "../../scripts/Trend.ts"
import type { Measured } from "./Interleaved.ts"

/** The same candidate measured twice. */
export type Twice = readonly [one: Measured, again: Measured]

/** Where the median of what the values are drawn from lies, with a probability of 95 %: by their order, whatever its shape. */
export const medianInterval = (values: ReadonlyArray<number>): readonly [low: number, high: number] => {
  const half = Math.min(0.5, 0.98 / Math.sqrt(values.length))
  return [quantile(values, 0.5 - half), quantile(values, 0.5 + half)]
}

const furthest = (values: ReadonlyArray<number>, from: number): number => {
  const [low, high] = medianInterval(values)
  return Math.max(Math.abs(low - from), Math.abs(high - from))
}

const pairs = ([one, again]: Twice): ReadonlyArray<readonly [number, number]> =>
  again.samples.map((value, round) => [value, one.samples[round] ?? Number.NaN])

/** For figures that are ratios: how far from 1 the ratio of the same to itself may be; the worst of those given. */
export const ofRatios = (...twice: ReadonlyArray<Twice>): number =>
  Math.max(...twice.map((both) => furthest(pairs(both).map(([again, one]) => again / one), 1)))

/** For figures that are amounts: how far from 0 the difference of the same to itself may be; the worst of those given. */
export const ofDifferences = (...twice: ReadonlyArray<Twice>): number =>
  Math.max(...twice.map((both) => furthest(pairs(both).map(([again, one]) => again - one), 0)))
