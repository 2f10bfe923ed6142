import * as Dashboard from "../../../mixin/Dashboard.ts"
import { catalogue } from "../../metrics.ts"
import type { Settings } from "../Settings.ts"
import { shared } from "./common.ts"
import { uids } from "./uids.ts"

/** Whether the telemetry itself is alive. */
export const observability = (settings: Settings): Dashboard.Dashboard =>
  Dashboard.ofTelemetry(catalogue.prefix, {
    ...shared,
    uid: uids.observability,
    title: "DawsOS Observability itself",
    limits: {
      eventLoopLag: settings.eventLoopLag,
      ruleGroupDuration: settings.ruleEvaluation,
      spansDroppedRatio: settings.spansDroppedRatio
    }
  })
