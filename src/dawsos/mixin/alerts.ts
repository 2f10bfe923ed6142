/** Every alert and recording rule of DawsOS. */
import { MonitoringAlerts, type Rules, TelemetryAlerts } from "../../mixin/index.ts"
import { catalogue } from "../metrics.ts"
import * as Base from "./alerts/Base.ts"
import * as Dependencies from "./alerts/Dependencies.ts"
import * as Packs from "./alerts/Packs.ts"
import * as Product from "./alerts/Product.ts"
import { uids } from "./dashboards/uids.ts"
import { serviceLevels } from "./serviceLevels.ts"
import type { Settings } from "./Settings.ts"

/** The groups of the rules file, in their order: the base document's six, what they leave open, and the service levels. */
export const groups = (settings: Settings): ReadonlyArray<Rules.Group> => [
  Base.group(settings),
  Packs.group(settings),
  Dependencies.group(settings),
  Product.group(settings),
  TelemetryAlerts.group(catalogue.prefix, { ...settings, dashboard: uids.observability }),
  MonitoringAlerts.group(catalogue.prefix, {
    ruleEvaluation: settings.ruleEvaluation,
    dashboard: uids.observability,
    // Without these only traces are missing.
    lesserJobs: settings.gateway ? ["jaeger", "gateway"] : ["jaeger"]
  }),
  ...serviceLevels(settings).flatMap(({ groups }) => groups)
]
