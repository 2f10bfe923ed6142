/** The few statistics that the program needs. */

export const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

export const mean = (values: ReadonlyArray<number>): number => values.length === 0 ? 0 : sum(values) / values.length

/** Sample standard deviation (n - 1). */
export const standardDeviation = (values: ReadonlyArray<number>): number => {
  if (values.length < 2) return 0
  const centre = mean(values)
  return Math.sqrt(sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1))
}

/** How many standard deviations the last value is away from the mean of all. */
export const zScore = (values: ReadonlyArray<number>): number => {
  const deviation = standardDeviation(values)
  return deviation === 0 ? 0 : ((values.at(-1) ?? 0) - mean(values)) / deviation
}

export interface Regression {
  readonly slope: number
  readonly intercept: number
  readonly rSquared: number
}

/** Least squares of y on x over the pairs both have. */
export const regress = (x: ReadonlyArray<number>, y: ReadonlyArray<number>): Regression => {
  const n = Math.min(x.length, y.length)
  const xs = x.slice(x.length - n)
  const ys = y.slice(y.length - n)
  const meanX = mean(xs)
  const meanY = mean(ys)
  const sxy = sum(xs.map((value, i) => (value - meanX) * ((ys[i] ?? 0) - meanY)))
  const sxx = sum(xs.map((value) => (value - meanX) ** 2))
  const syy = sum(ys.map((value) => (value - meanY) ** 2))
  const slope = sxx === 0 ? 0 : sxy / sxx
  return { slope, intercept: meanY - slope * meanX, rSquared: sxx * syy === 0 ? 0 : sxy ** 2 / (sxx * syy) }
}

/** Herfindahl index of weights: 1 is one holding, 1/n is n equal ones. */
export const concentration = (weights: ReadonlyArray<number>): number => sum(weights.map((weight) => weight ** 2))
