/** A case as data, and the test that it becomes. */
import { expect, it } from "vitest"
import { healthy, type SeriesSet } from "./Healthy.ts"
import * as Promtool from "./Promtool.ts"

export interface Case {
  /** A sentence. */
  readonly name: string
  /** What differs from the healthy series. */
  readonly with?: SeriesSet | undefined
  /** What takes the place of the healthy series. */
  readonly from?: SeriesSet | undefined
  readonly interval?: string | undefined
  /** At these moments exactly these alerts fire, and the watchdog. */
  readonly fires: Readonly<Record<string, ReadonlyArray<string>>>
}

/** Fires at all times. */
const watchdog = Promtool.ours.includes("alert: Watchdog") ? ["Watchdog"] : []

export const seriesOf = ({ from = healthy, with: changed }: Pick<Case, "from" | "with">): SeriesSet => ({
  ...from,
  ...changed
})

/** Declares a test for each case. */
export const cases = (all: ReadonlyArray<Case>): void => {
  for (const one of all) {
    it(one.name, () => {
      expect(Promtool.run({
        rules: Promtool.ours,
        series: seriesOf(one),
        interval: one.interval,
        moments: Object.fromEntries(
          Object.entries(one.fires).map(([at, alerts]) => [at, [...alerts, ...watchdog]])
        )
      })).toBe("")
    })
  }
}

/** A series on which the base document's rule is wrong: what it says, beside what ours says. */
export interface Wrong extends Omit<Case, "fires"> {
  readonly alert: string
  readonly at: string
  readonly ours: ReadonlyArray<string>
  /** Whether the base rule fires; it is wrong both ways. */
  readonly base: boolean
}

export const corrected = (all: ReadonlyArray<Wrong>): void => {
  for (const one of all) {
    it(one.name, () => {
      const series = seriesOf(one)
      const { alert, at, interval } = one
      expect({
        ours: Promtool.run({
          rules: Promtool.ours,
          series,
          interval,
          moments: { [at]: [...one.ours, ...watchdog] }
        }),
        base: Promtool.run({
          rules: Promtool.base,
          series,
          interval,
          only: alert,
          moments: { [at]: one.base ? [alert] : [] }
        })
      }).toEqual({ ours: "", base: "" })
    })
  }
}

/** How an alert looks when it fires: its labels and what a person reads. */
export interface Notice extends Omit<Case, "fires" | "name"> {
  readonly alert: string
  readonly at: string
  readonly labels: Readonly<Record<string, string>>
  readonly summary: string
  readonly description: string
  readonly dashboard: string
}

export const notices = (all: ReadonlyArray<Notice>): void => {
  for (const { alert, at, dashboard, description, interval, labels, summary, ...rest } of all) {
    it(`${alert} says: ${description}`, () => {
      expect(Promtool.run({
        rules: Promtool.ours,
        series: seriesOf(rest),
        interval,
        fired: [{
          at,
          alert,
          labels,
          annotations: {
            summary,
            description,
            runbook_url: `http://localhost:9090/user/${alert}.md`,
            dashboard: `http://localhost:3000/d/${dashboard}`
          }
        }]
      })).toBe("")
    })
  }
}
