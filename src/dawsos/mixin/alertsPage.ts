/** The text of `docs/alerts.md`. */
import * as AlertsPage from "../../mixin/AlertsPage.ts"
import { groups } from "./alerts.ts"
import { serviceLevels } from "./serviceLevels.ts"
import { defaults } from "./Settings.ts"

/** The page on all alerts as they are with the default settings. */
export const alertsPage = (): string =>
  AlertsPage.text(groups(defaults), {
    title: "Alerts",
    introduction: [
      "Generated from `src/dawsos/mixin/alerts.ts` by `npm run generate`: change those. Thresholds are settings " +
      "(`src/dawsos/mixin/Settings.ts`), shown here as they are by default.",
      "`critical` wakes a person, `warning` waits for the working day, `info` asks for nothing. Each alert has a page " +
      "for whoever is on call; notifications link to it, and to the dashboard on which it is looked into.",
      "The six alerts of the base document keep their names, severities and intent. What differs: HighErrorRate is a " +
      "share of the requests of a job instead of a rate of one series, and leaves out 503 while a pricing pack is being " +
      "built; percentiles are over all series of a route; PricingPackStale waits for more than a day, since packs are " +
      "nightly; connections and quotas are compared with their maximum where it is known; PatternExecutionFailure " +
      "compares failures, defects included, with executions, so that a pattern that runs once a minute is seen too.",
      "Of service levels four alerts each are made, as the SRE workbook has them (\"Alerting on SLOs\", table 5-8): " +
      "14.4 times the allowed rate over an hour and 6 times over six hours page, 3 times over a day and once over three " +
      "days are warnings; a short window beside each ends the alert soon after the trouble. Below three bad events in " +
      "the short window none of them fires. The budgets need a Prometheus that keeps 30 days."
    ],
    runbooks: "../observability/runbooks/",
    serviceLevels: serviceLevels(defaults)
  })
