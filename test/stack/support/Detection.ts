/** How long it takes from a fault to somebody who is told of it: measured by the test of the faults, kept in a page. */

export interface Row {
  readonly fault: string
  /** `name severity`. */
  readonly alert: string
  /** Whether it is the alert that the fault is made for. */
  readonly named: boolean
  /** Seconds from the fault to the notification. */
  readonly told: number | undefined
  /** Seconds from the end of the fault to the notification of the alert's end. */
  readonly over: number | undefined
}

const seconds = (value: number | undefined): string => value === undefined ? "–" : `${value.toFixed(1)} s`

/** A line for each alert, for the output of a test. */
export const lines = (rows: ReadonlyArray<Row>, factor: number): ReadonlyArray<string> =>
  rows.map(({ alert, fault, over, told }) =>
    `${fault} → ${alert}: told after ${seconds(told)}, over after ${seconds(over)} (durations divided by ${factor})`
  )
