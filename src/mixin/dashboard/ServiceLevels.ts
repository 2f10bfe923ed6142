/** Panels of service levels: what is left of each budget, and how fast it is being spent. */
import type { Section } from "../Dashboard.ts"
import * as Panel from "../Panel.ts"
import * as ServiceLevel from "../ServiceLevel.ts"

const least = (severity: string): number =>
  Math.min(...ServiceLevel.burns.filter((burn) => burn.severity === severity).map(({ factor }) => factor))

const percent = (share: number): string => `${Number((share * 100).toPrecision(6))} %`

/** The long windows of the burn-rate alerts, with the factor above which each fires. */
const drawn = ServiceLevel.burns.map(({ factor, long }) => ({ factor, window: long }))

const legend = (level: ServiceLevel.ServiceLevel, text: string): string =>
  `${level.budgetLeft.labels.map((label) => `{{${label}}}`).join(" ")} ${text}`

/** A section for each service level. Recorded series have no exemplars; the panels that they link to have. */
export const sections = (levels: ReadonlyArray<ServiceLevel.ServiceLevel>): ReadonlyArray<Section> =>
  levels.map((level) => ({
    title: `${level.title}: ${percent(level.target)} over ${level.window}`,
    panels: [
      Panel.stat({
        title: `${level.title}: budget left`,
        description: `Of the ${
          percent(1 - level.target)
        } that may fail over ${level.window}, the share that is left. Below a quarter: release with care. Below nothing: the promise is broken, so put repairs before features.`,
        unit: "percentunit",
        decimals: 1,
        noValue: "no traffic",
        thresholds: Panel.below({ critical: 0 }),
        queries: [Panel.query<string, string>(level.budgetLeft, legend(level, "budget left"))]
      }),
      Panel.timeseries({
        title: `${level.title}: burn rate`,
        description:
          `How many times faster than allowed the budget is spent, over the windows of the alerts; 1 just lasts for ${level.window}. Red wakes somebody, orange waits for the working day. See what fails on the dashboard of the part that serves it.`,
        unit: "short",
        width: 18,
        decimals: 2,
        thresholds: Panel.above({ warning: least("warning"), critical: least("critical") }),
        queries: drawn.map(({ factor, window }) =>
          Panel.query<string, string>(level.burnRate(window), legend(level, `${window} (alert above ${factor})`))
        )
      }),
      Panel.timeseries({
        title: `${level.title}: bad events`,
        description: `Share of events that were not as promised, over five minutes and over an hour; ${
          percent(1 - level.target)
        } are allowed. A peak that is gone after an hour cost little; a plateau costs the budget.`,
        unit: "percentunit",
        width: 12,
        queries: (["5 minutes", "1 hour"] as const).map((window) =>
          Panel.query<string, string>(level.badShare(window), legend(level, window))
        )
      }),
      Panel.timeseries({
        title: `${level.title}: events`,
        description:
          "Events a second that count. With few of them, one failure is a large share; none at all, and nothing is known of the service: look whether users reach it.",
        unit: "ops",
        queries: [Panel.query<string, string>(level.traffic, legend(level, "events"))]
      })
    ]
  }))
