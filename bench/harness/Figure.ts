// A figure of the table: what was measured, what was to be reached, and whether the measurement can tell.
import type { Spread } from "./Interleaved.ts"

export interface Figure {
  /** What is asked, in the words of the table. */
  readonly question: string
  readonly value: Spread
  /** `×` for ratios, else `ns`, `µs`, `ms`, `MB`, `%`. */
  readonly unit: string
  readonly limit: number
  readonly reach: "at most" | "at least"
  /** What it is compared with, and what that takes. */
  readonly against: string
  /** Why it does not count. */
  readonly void?: string | undefined
  /**
   * How far the same measured against itself is off, as a factor for ratios and an amount for others: nearer to the
   * limit than that, a figure can't be told from one beyond it.
   */
  readonly noise?: number | undefined
}

export type Verdict = "reached" | "missed" | "not resolved" | "void"

/** Whether a figure was reached, as far as the noise lets it be told. */
export const verdict = ({ limit, noise = 0, reach, unit, value, void: reason }: Figure): Verdict => {
  if (reason !== undefined || Number.isNaN(value.median)) return "void"
  const lacking = reach === "at most" ? value.median > limit : value.median < limit
  const distance = unit === "×"
    ? Math.max(value.median / limit, limit / value.median) - 1
    : Math.abs(value.median - limit)
  return lacking ? distance <= noise ? "not resolved" : "missed" : "reached"
}

const digits = (value: number): string =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toPrecision(2)

/** A value with its spread, as text. */
export const spread = ({ high, low, median }: Spread, unit = ""): string =>
  `${digits(median)}${unit === "" || unit === "×" ? unit : ` ${unit}`} (${digits(low)}–${digits(high)})`

/** The rows of the table of all figures. */
export const table = (figures: ReadonlyArray<Figure>): ReadonlyArray<ReadonlyArray<string>> => [
  ["question", "measured", "to reach", "against", "noise", ""],
  ...figures.map((figure) => [
    figure.question,
    spread(figure.value, figure.unit),
    `${figure.reach === "at most" ? "≤" : "≥"} ${figure.limit} ${figure.unit}`,
    figure.against,
    figure.noise === undefined
      ? ""
      : figure.unit === "×"
      ? `${(figure.noise * 100).toFixed(1)} %`
      : `${digits(figure.noise)} ${figure.unit}`,
    figure.void === undefined ? verdict(figure) : `void: ${figure.void}`
  ])
]
