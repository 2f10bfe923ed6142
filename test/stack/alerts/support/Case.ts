/** A case as data, and the test that it becomes. */
import { expect, it } from "vitest"
import { healthy, type SeriesSet } from "./Healthy.ts"
import * as Promtool from "./Promtool.ts"
import * as Tested from "./Tested.ts"

export interface Case {
  /** A sentence. */
  readonly name: string
  /** What differs from the healthy series. */
  readonly with?: SeriesSet | undefined
  /** What takes the place of the healthy series. */
  readonly from?: SeriesSet | undefined
  readonly interval?: string | undefined
  /** Nothing is known of what the alerts look at. */
  readonly noData?: true | undefined
  /** At these moments exactly these alerts fire, and the watchdog. */
  readonly fires: Readonly<Record<string, ReadonlyArray<string>>>
}

/** Fires at all times. */
const watchdog = Promtool.ours.includes("alert: Watchdog") ? ["Watchdog"] : []

export const seriesOf = ({ from = healthy, with: changed }: Pick<Case, "from" | "with">): SeriesSet => ({
  ...from,
  ...changed
})

/** Declares a test for each case, which says something of one alert or of several. */
export const cases = (alert: string | ReadonlyArray<string>, all: ReadonlyArray<Case>): void => {
  const alerts = typeof alert === "string" ? [alert] : alert
  for (const one of all) {
    Tested.declare({ alerts, noData: one.noData, fires: Object.values(one.fires).flat() })
    it(one.name, () => {
      if (one.noData === true) expect(Tested.informed(alerts, seriesOf(one))).toEqual([])
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
export interface Wrong extends Omit<Case, "fires" | "noData"> {
  readonly alert: string
  readonly at: string
  readonly ours: ReadonlyArray<string>
  /** Whether the base rule fires; it is wrong both ways. */
  readonly base: boolean
}

export const corrected = (all: ReadonlyArray<Wrong>): void => {
  for (const one of all) {
    Tested.declare({ alerts: [one.alert], fires: one.ours })
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
export interface Notice extends Omit<Case, "fires" | "name" | "noData"> {
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
