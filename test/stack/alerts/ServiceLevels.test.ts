// Burn rates of the service levels: which window notices what, and how much of a budget is left.
import { metrics } from "@dawsos/observability/dawsos"
import { defaults, serviceLevels } from "@dawsos/observability/dawsos/mixin"
import { PromQL, RulesFile } from "@dawsos/observability/mixin"
import { describe, expect, it } from "vitest"
import * as H from "./support/Healthy.ts"
import * as Promtool from "./support/Promtool.ts"
import { counter, gauge, histogram, type Phase } from "./support/Series.ts"

const levels = serviceLevels(defaults)

const rules = (id: string): string =>
  RulesFile.text(levels.filter((level) => level.id === id).flatMap(({ groups }) => groups), {
    ...defaults,
    header: "for promtool"
  })

// Long series have a value every two minutes, which a phase counts as one: half of the growth that it names.
const step = 2
const hours = (n: number): number => n * 60 / step
const perSecond = (rate: number): number => rate * step

/** Requests in phases: how long, how many a second, and the share of them that fails. */
const requests = (...phases: ReadonlyArray<readonly [hours: number, rate: number, failing: number]>): H.SeriesSet => {
  const of = (share: (failing: number) => number) =>
    phases.map(([length, rate, failing]): Phase => [Math.round(hours(length)), perSecond(rate * share(failing))])
  return {
    [H.execute("200")]: counter(...of((failing) => 1 - failing)),
    [H.execute("500")]: counter(...of((failing) => failing))
  }
}

interface Burning {
  readonly name: string
  readonly series: H.SeriesSet
  /** The long windows of the alerts that fire at each moment. */
  readonly fires: Readonly<Record<string, ReadonlyArray<string>>>
}

const burning = (id: string, all: ReadonlyArray<Burning>): void => {
  for (const { fires, name, series } of all) {
    it(name, () => {
      expect(Promtool.run({ rules: rules(id), series, interval: `${step}m`, moments: fires, by: "long_window" }))
        .toBe("")
    })
  }
}

describe("ApiAvailabilityBurnRate", () => {
  burning("dawsos_api_availability", [
    {
      name: "pages within minutes when a fifth fails, and ends minutes after only as many do as are allowed",
      series: requests([5, 10, 0.003], [0.5, 10, 0.2], [1, 10, 0.003]),
      fires: { "5h": [], "5h28m": ["1h"], "5h42m": [] }
    },
    {
      name: "pages after a while when 4 % fail",
      series: requests([8, 10, 0.04]),
      fires: { "10m": [], "30m": ["6h"], "40m": ["6h"] }
    },
    {
      name: "warns when 2 % fail",
      series: requests([8, 10, 0.02]),
      fires: { "40m": [], "80m": ["1d"], "2h": ["1d"] }
    },
    {
      name: "warns when 0.8 % fail for hours",
      series: requests([8, 10, 0.008]),
      fires: { "2h": [], "4h": ["3d"], "8h": ["3d"] }
    },
    {
      name: "is quiet when 0.4 % fail, which the objective allows",
      series: requests([12, 1000, 0.004]),
      fires: { "1h": [], "12h": [] }
    },
    {
      name: "does not page for an outage of two minutes in hours that are well",
      series: requests([6, 10, 0], [1 / 30, 10, 1], [6, 10, 0]),
      fires: { "6h2m": [], "6h4m": [], "6h10m": [], "7h": [] }
    },
    {
      name: "does not page for one failed request of four in a night",
      series: {
        [H.execute("200")]: counter([hours(2), 0], [1, 3 / 60], [hours(6), 0]),
        [H.execute("500")]: counter([hours(2), 0], [1, 1 / 60], [hours(6), 0])
      },
      fires: { "2h4m": [], "2h30m": [], "4h": [], "8h": [] }
    },
    {
      name: "pages by the slower window when the few requests of a night all fail",
      series: {
        [H.execute("200")]: counter([hours(8), 0]),
        // One every four minutes.
        [H.execute("500")]: Array.from({ length: 241 }, (_, n) => String(Math.floor(n / 2))).join(" ")
      },
      fires: { "10m": [], "60m": ["6h"] }
    },
    {
      name: "counts neither what clients do wrong nor 503 while a pack is warming",
      series: {
        ...requests([8, 10, 0]),
        [H.execute("403")]: counter([hours(8), perSecond(10)]),
        [H.execute("404")]: counter([hours(8), perSecond(10)]),
        [H.execute("503")]: counter([hours(1), 0], [hours(1), perSecond(10)], [hours(6), 0]),
        [H.pack("warming")]: gauge([hours(1), 0], [hours(1), 1], [hours(6), 0])
      },
      fires: { "1h30m": [], "2h": [], "2h6m": [], "8h": [] }
    },
    {
      name: "counts 503 while no pack is warming",
      series: {
        ...requests([8, 10, 0]),
        [H.execute("503")]: counter([hours(8), perSecond(10)]),
        [H.pack("warming")]: gauge([hours(8), 0])
      },
      fires: { "10m": ["1h"] }
    },
    { name: "is quiet where nothing is known", series: {}, fires: { "8h": [] } },
    {
      name: "is not fooled by counters that start anew",
      series: {
        [H.execute("200")]: Array.from({ length: 241 }, (_, n) => String((n % 7) * 1200)).join(" "),
        [H.execute("500")]: Array.from({ length: 241 }, (_, n) => String((n % 7) * 3)).join(" ")
      },
      fires: { "1h": [], "8h": [] }
    }
  ])

  it("shows half of the budget left where a quarter of a percent fails", () => {
    const level = levels.find(({ id }) => id === "dawsos_api_availability")
    const text = (expression: PromQL.Expression | undefined) =>
      expression === undefined ? "" : PromQL.render(expression)
    expect(Promtool.run({
      rules: rules("dawsos_api_availability"),
      series: requests([8, 10, 0.0025]),
      interval: "2m",
      values: [
        { at: "8h", expression: text(level?.budgetLeft), value: 0.5 },
        { at: "8h", expression: text(level?.burnRate("6 hours")), value: 0.5 },
        { at: "8h", expression: text(level?.badShare("1 hour")), value: 0.0025 },
        { at: "8h", expression: text(level?.traffic), value: 10 }
      ]
    })).toBe("")
  })

  it("shows an overspent budget below zero", () => {
    const level = levels.find(({ id }) => id === "dawsos_api_availability")
    expect(Promtool.run({
      rules: rules("dawsos_api_availability"),
      series: requests([8, 10, 0.01]),
      interval: "2m",
      values: level === undefined ? [] : [{ at: "8h", expression: PromQL.render(level.budgetLeft), value: -1 }]
    })).toBe("")
  })
})

describe("ApiLatencyBurnRate", () => {
  const answers = (slow: number, length = 8): H.SeriesSet =>
    histogram(metrics.apiRequestDuration.name, metrics.apiRequestDuration.buckets, {
      endpoint: "/v1/execute",
      method: "POST"
    }, [[hours(length), { 0.5: perSecond(10 * (1 - slow)), 2: perSecond(10 * slow) }]])
  burning("dawsos_api_latency", [
    { name: "pages when four of five take longer than 1.2 s", series: answers(0.8), fires: { "10m": ["1h"] } },
    { name: "pages later when four of ten do", series: answers(0.4), fires: { "10m": [], "40m": ["6h"] } },
    { name: "warns when one in five does", series: answers(0.2), fires: { "30m": [], "80m": ["1d"] } },
    { name: "warns after hours when 7 % do", series: answers(0.07), fires: { "80m": [], "4h": ["3d"] } },
    { name: "is quiet at 4 %, which the promise allows", series: answers(0.04), fires: { "10m": [], "8h": [] } },
    { name: "is quiet where nothing is known", series: {}, fires: { "8h": [] } }
  ])
})

describe("AlertDeliveryBurnRate", () => {
  const deliveries = (dead: number, retried = 0): H.SeriesSet => ({
    [H.delivered("success")]: counter([hours(8), perSecond(1 - dead)]),
    [H.delivered("error")]: counter([hours(8), perSecond(retried)]),
    [H.delivered("dead_letter")]: counter([hours(8), perSecond(dead)])
  })
  burning("dawsos_alert_delivery", [
    { name: "pages when a fifth become dead letters", series: deliveries(0.2), fires: { "10m": ["1h"] } },
    { name: "warns when 4 % do", series: deliveries(0.04), fires: { "40m": [], "80m": ["1d"] } },
    { name: "is quiet where retries repair what fails", series: deliveries(0, 5), fires: { "10m": [], "8h": [] } },
    { name: "is quiet where nothing is known", series: {}, fires: { "8h": [] } }
  ])
})
