/** The dashboards of DawsOS. */
import type { Dashboard } from "../../../mixin/Dashboard.ts"
import type { Settings } from "../Settings.ts"
import { api } from "./api.ts"
import { database } from "./database.ts"
import { levels } from "./levels.ts"
import { observability } from "./observability.ts"
import { overview } from "./overview.ts"
import { patternsAndCapabilities } from "./patterns.ts"
import { pricingPacks } from "./pricingPacks.ts"
import { providers } from "./providers.ts"

/** Every dashboard of DawsOS, the overview first. */
export const dashboards = (settings: Settings): ReadonlyArray<Dashboard> => [
  overview(settings),
  api(settings),
  patternsAndCapabilities(settings),
  providers(settings),
  database(settings),
  pricingPacks(settings),
  levels(settings),
  observability(settings)
]
