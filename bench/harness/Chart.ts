// All figures in one picture: how far each is from what it was to reach, on a scale of factors.
import { escape, file, round, width } from "../../scripts/Svg.ts"
import { type Figure, verdict } from "./Figure.ts"

const left = 380
const right = 28
const rowHeight = 22
const top = 62
const ticks = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100]
const [lowest, highest] = [0.005, 200]

/** What is measured over what was to be reached; below 1 it was reached. */
export const distance = (value: number, { limit, reach }: Figure): number =>
  reach === "at most" ? value / limit : limit / value

const x = (factor: number): number => {
  const within = Math.min(highest, Math.max(lowest, factor))
  return round(left + (width - left - right) * Math.log(within / lowest) / Math.log(highest / lowest))
}

/** The chart as a file. */
export const svg = (figures: ReadonlyArray<Figure>): string => {
  const shown = figures.filter((figure) => verdict(figure) !== "void")
  const bottom = top + shown.length * rowHeight
  const drawn = [
    `<text x="16" y="24" class="title">Measured over what was to be reached: left of 1 is better</text>`
  ]
  for (const tick of ticks) {
    drawn.push(
      `<line class="${tick === 1 ? "line c" : "grid"}" x1="${x(tick)}" x2="${x(tick)}" y1="${
        top - 10
      }" y2="${bottom}"/>`,
      `<text x="${x(tick)}" y="${top - 16}" text-anchor="middle">${tick}</text>`
    )
  }
  for (const [index, figure] of shown.entries()) {
    const middle = top + index * rowHeight + rowHeight / 2
    const [low, median, high] = [figure.value.low, figure.value.median, figure.value.high].map((value) =>
      x(distance(value, figure))
    )
    const colour = verdict(figure) === "reached" ? "a" : "b"
    drawn.push(
      `<text x="${left - 12}" y="${middle + 4}" text-anchor="end">${escape(figure.question)}</text>`,
      `<line class="line ${colour}" x1="${low}" x2="${high}" y1="${middle}" y2="${middle}"/>`,
      `<circle class="${colour}" cx="${median}" cy="${middle}" r="3.5"><title>${
        escape(`${figure.question}: ${figure.value.median} ${figure.unit}`)
      }</title></circle>`
    )
  }
  return file("Every figure of the bench over what it was to reach", bottom + 18, drawn)
}
