// Burn rates of the service levels: which window notices what, and how much of a budget is left.
import { metrics } from "@dawsos/observability/dawsos"
import { defaults, serviceLevels } from "@dawsos/observability/dawsos/mixin"
import { PromQL, RulesFile } from "@dawsos/observability/mixin"
import { describe, expect, it } from "vitest"
import * as H from "./support/Healthy.ts"
import * as Promtool from "./support/Promtool.ts"
import { counter, gauge, histogram, type Phase } from "./support/Series.ts"
import * as Tested from "./support/Tested.ts"

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

/** The same growth by a process that starts again from 0 after every seven values. */
const restarted = (series: H.SeriesSet): H.SeriesSet =>
  Object.fromEntries(
    Object.entries(series).map(([name, values]) => {
      const numbers = values.split(" ").map(Number)
      return [name, numbers.map((value, n) => String(value - (numbers[n - n % 7] ?? 0))).join(" ")]
    })
  )

interface Burning {
  readonly name: string
  readonly series: H.SeriesSet
  /** Nothing is known of what the alert looks at. */
  readonly noData?: true | undefined
  /** The long windows of the alerts that fire at each moment. */
  readonly fires: Readonly<Record<string, ReadonlyArray<string>>>
}

const ids: Readonly<Record<string, string>> = {
  ApiAvailabilityBurnRate: "dawsos_api_availability",
  ApiLatencyBurnRate: "dawsos_api_latency",
  AlertDeliveryBurnRate: "dawsos_alert_delivery"
}

const burning = (alert: string, all: ReadonlyArray<Burning>): void => {
  const id = ids[alert] ?? ""
  for (const { fires, name, noData, series } of all) {
    // All that fires is the one alert, by its windows.
    const fired = Object.values(fires).flat().length > 0
    Tested.declare({ alerts: [alert], noData, fires: fired ? [alert] : [] })
    it(name, () => {
      if (noData === true) expect(series).toEqual({})
      expect(Promtool.run({ rules: rules(id), series, interval: `${step}m`, moments: fires, by: "long_window" }))
        .toBe("")
    })
  }
}

describe("ApiAvailabilityBurnRate", () => {
  burning("ApiAvailabilityBurnRate", [
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
    { name: "is quiet where nothing is known", noData: true, series: {}, fires: { "8h": [] } },
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
  /** Answers in phases: how long, how many a second, and the share of them that takes too long. */
  const answers = (...phases: ReadonlyArray<readonly [hours: number, rate: number, slow: number]>): H.SeriesSet =>
    histogram(
      metrics.apiRequestDuration.name,
      metrics.apiRequestDuration.buckets,
      {
        endpoint: "/v1/execute",
        method: "POST"
      },
      phases.map(([length, rate, slow]) => [
        Math.round(hours(length)),
        { 0.5: perSecond(rate * (1 - slow)), 2: perSecond(rate * slow) }
      ])
    )
  burning("ApiLatencyBurnRate", [
    {
      name: "pages when four of five take longer than 1.2 s",
      series: answers([8, 10, 0.8]),
      fires: { "10m": ["1h"] }
    },
    { name: "pages later when four of ten do", series: answers([8, 10, 0.4]), fires: { "10m": [], "40m": ["6h"] } },
    { name: "warns when one in five does", series: answers([8, 10, 0.2]), fires: { "30m": [], "80m": ["1d"] } },
    { name: "warns after hours when 7 % do", series: answers([8, 10, 0.07]), fires: { "80m": [], "4h": ["3d"] } },
    {
      name: "is quiet at 4 %, which the promise allows",
      series: answers([8, 10, 0.04]),
      fires: { "10m": [], "8h": [] }
    },
    {
      name: "ends minutes after only as many are slow as are allowed",
      series: answers([8, 10, 0.03], [0.9, 10, 0.95], [1, 10, 0.03]),
      fires: { "8h": [], "8h52m": ["1h"], "9h6m": [] }
    },
    {
      name: "pages for 1000 slow answers a second",
      series: answers([8, 1000, 0.8]),
      fires: { "10m": ["1h"] }
    },
    {
      name: "is quiet at 4 % of 1000 a second",
      series: answers([8, 1000, 0.04]),
      fires: { "10m": [], "8h": [] }
    },
    {
      name: "does not page for one slow answer of four in a night",
      series: answers([2, 0, 0], [1 / 30, 4 / 120, 0.25], [6, 0, 0]),
      fires: { "2h4m": [], "2h30m": [], "4h": [], "8h": [] }
    },
    {
      name: "pages by the slower window when the few answers of a night are all slow",
      // One every four minutes.
      series: answers([8, 1 / 240, 1]),
      fires: { "10m": [], "60m": ["6h"] }
    },
    { name: "is quiet where nothing is known", noData: true, series: {}, fires: { "8h": [] } },
    {
      name: "is not fooled by counters that start anew",
      series: restarted(answers([8, 10, 0.04])),
      fires: { "1h": [], "8h": [] }
    },
    {
      name: "is not blinded by counters that start anew",
      series: restarted(answers([8, 10, 0.8])),
      fires: { "10m": ["1h"] }
    }
  ])
})

describe("AlertDeliveryBurnRate", () => {
  /** Deliveries in phases: how long, how many a second, the share of dead letters, and failed attempts a second. */
  const deliveries = (
    ...phases: ReadonlyArray<readonly [hours: number, rate: number, dead: number, retried?: number]>
  ): H.SeriesSet => {
    const of = (rate: (phase: (typeof phases)[number]) => number) =>
      counter(...phases.map((phase): Phase => [Math.round(hours(phase[0])), perSecond(rate(phase))]))
    return {
      [H.delivered("success")]: of(([, rate, dead]) => rate * (1 - dead)),
      [H.delivered("error")]: of(([, , , retried = 0]) => retried),
      [H.delivered("dead_letter")]: of(([, rate, dead]) => rate * dead)
    }
  }
  burning("AlertDeliveryBurnRate", [
    { name: "pages when a fifth become dead letters", series: deliveries([8, 1, 0.2]), fires: { "10m": ["1h"] } },
    { name: "warns when 4 % do", series: deliveries([8, 1, 0.04]), fires: { "40m": [], "80m": ["1d"] } },
    {
      name: "is quiet where retries repair what fails",
      series: deliveries([8, 1, 0, 5]),
      fires: { "10m": [], "8h": [] }
    },
    {
      name: "ends minutes after only as many are lost as are allowed",
      series: deliveries([5, 1, 0.005], [0.5, 1, 0.4], [1, 1, 0.005]),
      fires: { "5h": [], "5h28m": ["1h"], "5h42m": [] }
    },
    {
      name: "pages for a fifth of 1000 a second",
      series: deliveries([8, 1000, 0.2]),
      fires: { "10m": ["1h"] }
    },
    {
      name: "is quiet at half a percent of 1000 a second, which the promise allows",
      series: deliveries([8, 1000, 0.005]),
      fires: { "10m": [], "8h": [] }
    },
    {
      name: "does not page for one dead letter of four in a night",
      series: deliveries([2, 0, 0], [1 / 30, 4 / 120, 0.25], [6, 0, 0]),
      fires: { "2h4m": [], "2h30m": [], "4h": [], "8h": [] }
    },
    {
      name: "pages by the slower window when the few notifications of a night are all lost",
      // One every four minutes.
      series: deliveries([8, 1 / 240, 1]),
      fires: { "10m": [], "60m": ["6h"] }
    },
    { name: "is quiet where nothing is known", noData: true, series: {}, fires: { "8h": [] } },
    {
      name: "is not fooled by counters that start anew",
      series: restarted(deliveries([8, 1, 0.005])),
      fires: { "1h": [], "8h": [] }
    },
    {
      name: "is not blinded by counters that start anew",
      series: restarted(deliveries([8, 1, 0.2])),
      fires: { "10m": ["1h"] }
    }
  ])
})

describe("the tests of this file", () => {
  Tested.tested("ServiceLevels")
})
