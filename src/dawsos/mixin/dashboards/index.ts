/** The dashboards of DawsOS. */
import type { Dashboard } from "../../../mixin/Dashboard.ts"
import type { Settings } from "../Settings.ts"
import { overview } from "./overview.ts"

/** Every dashboard of DawsOS, the overview first. */
export const dashboards = (settings: Settings): ReadonlyArray<Dashboard> => [overview(settings)]
