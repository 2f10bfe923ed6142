/**
 * Service levels as code: from an objective come the recording rules, the burn-rate alerts and the expressions of panels.
 *
 * A budget is what the objective leaves for failure: 0.5 % of the events of 30 days for a target of 99.5 %. A burn rate
 * says how many times faster than allowed it is being spent. The windows, factors and severities are those of the SRE
 * workbook ("Alerting on SLOs", table 5-8): 2 % of a 30 days' budget in an hour and 5 % in six hours page, 10 % in a day
 * and in three days wait for the working day. The lengths for which the conditions must hold are those of
 * kubernetes-mixin.
 *
 * Good and total events are recorded once, over five minutes; longer windows are means of what was recorded, so that an
 * evaluation does not read three days of raw series. Means of rates are weighted by traffic, as they should be.
 *
 * @example
 * import { Catalogue } from "@dawsos/observability"
 * import { PromQL, ServiceLevel } from "@dawsos/observability/mixin"
 *
 * const { Label } = Catalogue
 * const orders = Catalogue.counter({
 *   name: "shop_orders_total",
 *   help: "Orders by outcome",
 *   labels: { status: Label.oneOf("success", "error") }
 * })
 *
 * export const checkout = ServiceLevel.make({
 *   id: "shop_checkout",
 *   alert: "CheckoutBurnRate",
 *   title: "Checkout",
 *   target: 0.999,
 *   window: "30 days",
 *   by: ["job"],
 *   indicator: ServiceLevel.events({
 *     total: (range) => PromQL.sum(PromQL.rate(PromQL.counter(orders), range), { by: ["job"] }),
 *     bad: (range) => PromQL.sum(PromQL.rate(PromQL.counter(orders, { status: "error" }), range), { by: ["job"] })
 *   }),
 *   dashboard: "shop-service-levels",
 *   runbook: {
 *     meaning: "Orders fail.",
 *     firstLook: ["Which step fails?"],
 *     usualCauses: ["The payment provider."],
 *     actions: ["Roll back."]
 *   }
 * })
 */
import * as Duration from "effect/Duration"
import type * as Catalogue from "../Catalogue.ts"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"
import { duration } from "./promql/Render.ts"
import * as Rules from "./Rules.ts"

/** What is measured: events a second over a range, by the labels of the objective. */
export interface Indicator<out L extends string = string> {
  /** The events that spend the budget. */
  readonly bad: (range: PromQL.RangeInput) => PromQL.Expression<L>
  /** All events that count. */
  readonly total: (range: PromQL.RangeInput) => PromQL.Expression<L>
}

/** Good or bad events out of all, each as a rate by the labels of the objective. */
export const events = <L extends string>(
  options:
    & { readonly total: Indicator<L>["total"] }
    & ({ readonly bad: Indicator<L>["bad"] } | { readonly good: Indicator<L>["total"] })
): Indicator<L> => ({
  total: options.total,
  bad: "bad" in options
    ? options.bad
    : (range) =>
      PromQL.subtract(
        options.total(range),
        PromQL.or(options.good(range), PromQL.multiply(options.total(range), 0))
      )
})

/** Observations of a histogram that are slower than a limit, which is one of its bounds, are bad. */
export const latency = <L extends Catalogue.Labels, const Names extends (keyof L & string) | PromQL.TargetLabel>(
  options: {
    readonly histogram: Catalogue.Histogram<L>
    /** In the histogram's unit. */
    readonly within: number
    readonly by: ReadonlyArray<Names>
    readonly where?: PromQL.Where<L> | undefined
  }
): Indicator<Names> => {
  const { by, histogram, where, within } = options
  const sum = (series: PromQL.Increasing<(keyof L & string) | PromQL.TargetLabel>, range: PromQL.RangeInput) =>
    PromQL.sum(PromQL.rate(series, range), { by })
  return events({
    total: (range) => sum(PromQL.observations(histogram, where), range),
    good: (range) => sum(PromQL.within(histogram, within, where), range)
  })
}

/** What is promised. */
export interface Objective<L extends string> {
  /** In lower case with underscores; a part of the names of recording rules, so unique in a Prometheus. */
  readonly id: string
  /** The name of the burn-rate alerts, in CamelCase. */
  readonly alert: string
  /** For people, such as `API availability`. */
  readonly title: string
  /** The share of good events, between 0 and 1. */
  readonly target: number
  /** Over which the target is promised: longer than the three days of the slowest alert. */
  readonly window: Duration.Input
  /** Each combination of these labels has a budget of its own. */
  readonly by: ReadonlyArray<L>
  readonly indicator: Indicator<L>
  /**
   * Bad events within an alert's short window below which it does not fire: one failed request of three in a quiet
   * night is no reason to wake anybody. A slower window with enough of them fires instead. Default 3.
   */
  readonly minimumBad?: number | undefined
  readonly dashboard: string
  readonly runbook: Rules.Runbook
}

/** A burn-rate alert of the SRE workbook. */
export interface Burn {
  readonly factor: number
  readonly short: Duration.Input
  readonly long: Duration.Input
  readonly for: Duration.Input
  readonly severity: Rules.Severity
}

/** The four alerts: SRE workbook, "Alerting on SLOs", tables 5-6 and 5-8; `for` as in kubernetes-mixin. */
export const burns = [
  { factor: 14.4, short: "5 minutes", long: "1 hour", for: "2 minutes", severity: "critical" },
  { factor: 6, short: "30 minutes", long: "6 hours", for: "15 minutes", severity: "critical" },
  { factor: 3, short: "2 hours", long: "1 day", for: "1 hour", severity: "warning" },
  { factor: 1, short: "6 hours", long: "3 days", for: "3 hours", severity: "warning" }
] as const satisfies ReadonlyArray<Burn>

/** The windows over which shares are recorded, shortest first. */
export const windows = ["5 minutes", "30 minutes", "1 hour", "2 hours", "6 hours", "1 day", "3 days"] as const

/** One of {@link windows}. */
export type Window = (typeof windows)[number]

/** What comes of an objective. */
export interface ServiceLevel<L extends string = string> {
  readonly id: string
  readonly title: string
  readonly target: number
  /** The window of the objective as Prometheus writes it, such as `30d`. */
  readonly window: string
  /** Recording rules, then alerts. */
  readonly groups: ReadonlyArray<Rules.Group>
  /** The share of bad events over a window, between 0 and 1. */
  readonly badShare: (window: Window) => PromQL.Expression<L>
  /** How many times faster than allowed the budget is spent over a window; 1 is just allowed. */
  readonly burnRate: (window: Window) => PromQL.Expression<L>
  /** The share of the budget that is left over the window of the objective; below 0 once it is overspent. */
  readonly budgetLeft: PromQL.Expression<L>
  /** Events a second that count, over five minutes. */
  readonly traffic: PromQL.Expression<L>
}

const short = (where: string, input: Duration.Input): string => duration(PromQL.milliseconds(where, input))

/** Without the noise of binary fractions: 0.072, not 0.07200000000000001. */
const clean = (value: number): number => Number(value.toPrecision(12))

const check = (objective: Objective<string>): void => {
  const { by, id, minimumBad = 3, target, window } = objective
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(id)) refuse(id, "an id is written in lower case with underscores")
  if (!(target > 0 && target < 1)) refuse(id, `the target was ${target}, allowed are numbers between 0 and 1`)
  if (!(minimumBad >= 0)) refuse(id, `minimumBad was ${minimumBad}, allowed are numbers from 0`)
  if (by.length === 0) refuse(id, "by is empty, a budget belongs at least to a job")
  if (PromQL.milliseconds(id, window) <= Duration.toMillis("3 days")) {
    refuse(id, `the window was ${short(id, window)}, allowed are those longer than 3d`)
  }
  const worst = (1 - target) * Math.max(...burns.map(({ factor }) => factor))
  if (worst >= 1) {
    refuse(id, `the target was ${target}, allowed are those above ${clean(1 - 1 / 14.4)}: a burn of 14.4 can't happen`)
  }
}

/**
 * The rules and expressions of an objective. Raises `MixinError` for a target or window that no alert can follow, and
 * for an indicator without the labels `by`.
 */
export const make = <const L extends string>(objective: Objective<L>): ServiceLevel<L> => {
  check(objective)
  const { by, id, indicator, target, title } = objective
  const level = by.join("_")
  const budget = clean(1 - target)
  const name = (metric: string, operation: string): string => `${level}:${id}_${metric}:${operation}`
  const recorded = (metric: string, operation: string): PromQL.Expression<L> =>
    PromQL.recorded(name(metric, operation), by)

  const bad = recorded("bad", "rate5m")
  const total = recorded("total", "rate5m")
  const mean = (value: PromQL.Expression<L>, window: Duration.Input): PromQL.Expression<L> =>
    PromQL.overTime("avg", value, window)
  const share = (window: Duration.Input): PromQL.Expression<L> =>
    window === "5 minutes"
      ? PromQL.divide(bad, PromQL.greaterThan(total, 0))
      : PromQL.divide(mean(bad, window), PromQL.greaterThan(mean(total, window), 0))

  const record = (metric: string, operation: string, expression: PromQL.Expression): Rules.Recording =>
    Rules.recording({ record: name(metric, operation), expression })
  const kept = (expression: PromQL.Expression<L>): PromQL.Expression<L> => {
    const missing = by.find((label) => !expression.labels.includes(label))
    if (missing !== undefined || expression.labels.length !== by.length) {
      refuse(id, `the indicator has the labels ${expression.labels.join(", ")}, the objective is by ${by.join(", ")}`)
    }
    return expression
  }

  const totalRate = kept(indicator.total("5 minutes"))
  const badRate = kept(indicator.bad("5 minutes"))
  const badShare = (window: Window): PromQL.Expression<L> => recorded("bad", `ratio_rate${short(id, window)}`)
  const whole = short(id, objective.window)

  const whose = by.map((label) => `{{ $labels.${label} }}`).join(", ")
  const spentIn = (factor: number): string => duration(Math.round(PromQL.milliseconds(id, objective.window) / factor))

  const alertOf = (burn: Burn & { readonly short: Window; readonly long: Window }): Rules.Alert => {
    const above = (window: Window) => PromQL.greaterThan(badShare(window), clean(burn.factor * budget))
    const few = clean((objective.minimumBad ?? 3) / (PromQL.milliseconds(id, burn.short) / 1000))
    const enough = PromQL.atLeast(burn.short === "5 minutes" ? bad : mean(bad, burn.short), few)
    const length = short(id, burn.long)
    return Rules.alert({
      name: objective.alert,
      expression: PromQL.and(PromQL.and(above(burn.long), above(burn.short)), enough),
      for: burn.for,
      severity: burn.severity,
      labels: { slo: id, long_window: length, short_window: short(id, burn.short) },
      summary: `${title}: the error budget is spent too fast`,
      description: `{{ $value | humanizePercentage }} of the events of ${title} (${whose}) were bad in the last ` +
        `${length}, ${clean(budget * 100)} % are allowed. At ${burn.factor} times that, the budget of ${whole} is ` +
        `spent in ${spentIn(burn.factor)}.`,
      dashboard: objective.dashboard,
      runbook: objective.runbook
    })
  }

  return {
    id,
    title,
    target,
    window: whole,
    groups: [
      {
        name: `${id}.recording`,
        rules: [
          record("total", "rate5m", totalRate),
          record("bad", "rate5m", PromQL.or(badRate, PromQL.multiply(totalRate, 0))),
          ...windows.map((window) => record("bad", `ratio_rate${short(id, window)}`, share(window)))
        ]
      },
      {
        // A month of samples: once a minute is enough for a budget.
        name: `${id}.budget`,
        interval: "1 minute",
        rules: [
          record(
            "budget_left",
            `ratio${whole}`,
            PromQL.complement(PromQL.divide(share(objective.window), budget))
          )
        ]
      },
      { name: `${id}.alerts`, rules: burns.map(alertOf) }
    ],
    badShare,
    burnRate: (window) => PromQL.divide(badShare(window), budget),
    budgetLeft: recorded("budget_left", `ratio${whole}`),
    traffic: total
  }
}
