// Whether a series of samples grows: a slope that single peaks can't move.

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Trend {
  /** Growth per unit of `x`: the median of the slopes between any two points (Theil and Sen). */
  readonly slope: number
  /** From -1 to 1: how consistently later points lie above earlier ones (Kendall's tau-a; ties count as neither). */
  readonly agreement: number
}

/** The middle of the values, the mean of the middle two where there are two; 0 of none. */
export const median = (values: ReadonlyArray<number>): number => quantile(values, 0.5)

/** A quantile, interpolated between the two values beside it; 0 of none. */
export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  const sorted = Float64Array.from(values).sort()
  const rank = (sorted.length - 1) * q
  const below = sorted[Math.floor(rank)] ?? 0
  const above = sorted[Math.ceil(rank)] ?? below
  return below + (above - below) * (rank - Math.floor(rank))
}

// Pairs grow with the square: a run of a day is thinned before.
const maxPoints = 1200

/** Blocks of neighbours become their medians, so that at most `maxPoints` are left. */
export const thinned = (points: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  if (points.length <= maxPoints) return points
  const size = Math.ceil(points.length / maxPoints)
  const blocks = Array.from(
    { length: Math.ceil(points.length / size) },
    (_, n) => points.slice(n * size, (n + 1) * size)
  )
  return blocks.map((block) => ({ x: median(block.map(({ x }) => x)), y: median(block.map(({ y }) => y)) }))
}

/** The trend of points in any order; none of fewer than two. */
export const trend = (given: ReadonlyArray<Point>): Trend => {
  const points = thinned(given)
  const slopes: Array<number> = []
  let later = 0
  for (const [index, one] of points.entries()) {
    for (const other of points.slice(index + 1)) {
      if (other.x === one.x) continue
      const slope = (other.y - one.y) / (other.x - one.x)
      slopes.push(slope)
      later += Math.sign(slope)
    }
  }
  return slopes.length === 0 ? { slope: 0, agreement: 0 } : { slope: median(slopes), agreement: later / slopes.length }
}
