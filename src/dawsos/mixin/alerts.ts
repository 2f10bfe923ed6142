/** Every alert and recording rule of DawsOS. */
import type * as Rules from "../../mixin/Rules.ts"
import * as Base from "./alerts/Base.ts"
import * as Dependencies from "./alerts/Dependencies.ts"
import * as Monitoring from "./alerts/Monitoring.ts"
import * as Packs from "./alerts/Packs.ts"
import * as Product from "./alerts/Product.ts"
import * as Telemetry from "./alerts/Telemetry.ts"
import { serviceLevels } from "./serviceLevels.ts"
import type { Settings } from "./Settings.ts"

/** The groups of the rules file, in their order: the base document's six, what they leave open, and the service levels. */
export const groups = (settings: Settings): ReadonlyArray<Rules.Group> => [
  Base.group(settings),
  Packs.group(settings),
  Dependencies.group(settings),
  Product.group(settings),
  Telemetry.group(settings),
  Monitoring.group(settings),
  ...serviceLevels(settings).flatMap(({ groups }) => groups)
]
