/** How long it takes from a fault to somebody who is told of it: measured by the test of the faults, kept in a page. */
import { describe, type Fault } from "../../../examples/dawsos/Faults.ts"

/** The page, from the root of the repository. */
export const page = "docs/detection.md"

/** The variable that makes the test write the page. */
export const variable = "UPDATE_DETECTION"

/** What was measured of one alert of one fault. */
export interface Row {
  readonly fault: Fault
  /** `name severity`. */
  readonly alert: string
  /** Seconds from the fault to the notification; undefined where another alert kept it back. */
  readonly told: number | undefined
  /** Seconds from the end of the fault to the notification of the alert's end; undefined where nobody waited for it. */
  readonly over: number | undefined
}

const columns = ["fault", "what goes wrong", "alert", "severity", "told after", "over after"]

const seconds = (value: number | undefined): string => value === undefined ? "–" : `${value.toFixed(1)} s`

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

/** A line of the page's table for each alert, the one that the fault is made for in bold. */
export const lines = (rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  rows.map(({ alert, fault, over, told }) => {
    const [name = "", severity = ""] = alert.split(" ")
    const { alert: named, meaning } = describe(fault)
    return line([
      `\`${fault}\``,
      meaning,
      name === named ? `**${name}**` : name,
      severity,
      seconds(told),
      seconds(over)
    ])
  })

/** The page as it is written from one run. */
export const render = (rows: ReadonlyArray<Row>, factor: number): string =>
  [
    "# From a fault to a notification",
    "",
    `Measured by \`test/stack/Faults.test.ts\`, which prints the same figures, and written by it: \`${variable}=1 npm ` +
    `run test:stack -- test/stack/Faults.test.ts\`. For each fault the reference program runs under its own traffic, ` +
    "with a real Postgres, Prometheus, Alertmanager and Jaeger; the clock starts when Prometheus scrapes a program that " +
    "suffers from the fault, and stops when a webhook is told.",
    "",
    `All durations of rules, routes, scrapes and evaluations are divided by ${factor} (no scrape and no evaluation is ` +
    `less than a second apart), and nothing else is. So a figure times ${factor} is what it takes in production, or ` +
    "less, as long as Prometheus has seen nothing before, as here. One that has seen healthy traffic takes up to the " +
    "range of the alert's expression longer, until the fault outweighs it.",
    "",
    "Every alert that fires during the run is in the table; the test fails on one more or one less. In bold, the alert " +
    "that the fault is made for. A dash: kept back by another alert, or still firing when the run ended, as service " +
    "levels with windows of hours do.",
    "",
    line(columns),
    line(columns.map(() => "---")),
    ...lines(rows),
    ""
  ].join("\n")

/** The figures taken out of a page, or of its lines: what has to be the same in every run. */
export const withoutFigures = (text: string): string => text.replace(/\| (–|\d+\.\d s)(?= \|)/g, "| …")
