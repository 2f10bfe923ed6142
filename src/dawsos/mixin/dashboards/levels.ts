import * as Dashboard from "../../../mixin/Dashboard.ts"
import { serviceLevels } from "../serviceLevels.ts"
import type { Settings } from "../Settings.ts"
import { shared } from "./common.ts"
import { uids } from "./uids.ts"

/** What DawsOS promises, what is left of it, and how fast it is being spent. */
export const levels = (settings: Settings): Dashboard.Dashboard =>
  Dashboard.ofServiceLevels(serviceLevels(settings), {
    ...shared,
    uid: uids.serviceLevels,
    title: "DawsOS Service levels"
  })
