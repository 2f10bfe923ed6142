/** Every alert and recording rule of DawsOS. */
import type * as Rules from "../../mixin/Rules.ts"
import * as Base from "./alerts/Base.ts"
import { serviceLevels } from "./serviceLevels.ts"
import type { Settings } from "./Settings.ts"

/** The groups of the rules file, in their order. */
export const groups = (settings: Settings): ReadonlyArray<Rules.Group> => [
  Base.group(settings),
  ...serviceLevels(settings).flatMap(({ groups }) => groups)
]
