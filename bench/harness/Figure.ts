// A figure of the table: what was measured, what was to be reached, and whether the measurement can tell.
import { type Measured, ratio, type Spread } from "./Interleaved.ts"

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
   * limit than that, a figure can't be told from one on the limit's other side.
   */
  readonly noise?: number | undefined
}

/** What one candidate takes over what another does; void where one of them is. */
export const over = (
  of: Measured,
  other: Measured,
  figure: Pick<Figure, "question" | "limit" | "against" | "noise">
): Figure => ({ value: ratio(of, other), unit: "×", reach: "at most", void: of.void ?? other.void, ...figure })

export type Verdict = "reached" | "missed" | "not resolved" | "void"

/** Whether a figure was reached; on both sides of its limit it is not resolved where the noise is more than its distance. */
export const verdict = ({ limit, noise = 0, reach, unit, value, void: reason }: Figure): Verdict => {
  if (reason !== undefined || !Number.isFinite(value.median)) return "void"
  const lacking = reach === "at most" ? value.median > limit : value.median < limit
  const distance = unit === "×"
    ? Math.max(value.median / limit, limit / value.median) - 1
    : Math.abs(value.median - limit)
  return distance < noise ? "not resolved" : lacking ? "missed" : "reached"
}

/** A figure with its verdict, for whoever reads neither this code nor the table. */
export const judged = (figure: Figure): Figure & { readonly verdict: Verdict } => ({
  ...figure,
  verdict: verdict(figure)
})

// Two digits behind the point where limits are as near to 1 as 1.03.
const digits = (value: number): string => {
  const size = Math.abs(value)
  return size >= 100
    ? value.toFixed(0)
    : size >= 10
    ? value.toFixed(1)
    : size >= 0.1
    ? value.toFixed(2)
    : value.toPrecision(2)
}

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
