// The breakages that the tests must notice, by room. Test files are the fastest that know; `.ci/run` runs all of it.
import type { Mutation } from "./Mutation.ts"
import * as Core from "./rooms/Core.ts"
import * as Errors from "./rooms/Errors.ts"
import * as Faults from "./rooms/Faults.ts"
import * as Instrument from "./rooms/Instrument.ts"
import * as Isolation from "./rooms/Isolation.ts"
import * as Metrics from "./rooms/Metrics.ts"
import * as Mixin from "./rooms/Mixin.ts"
import * as Otlp from "./rooms/Otlp.ts"
import * as Parents from "./rooms/Parents.ts"
import * as Scrubber from "./rooms/Scrubber.ts"
import * as Soak from "./rooms/Soak.ts"
import * as Start from "./rooms/Start.ts"
import * as Tracing from "./rooms/Tracing.ts"

export const mutations: ReadonlyArray<Mutation> = [
  Core.mutations,
  Scrubber.mutations,
  Metrics.mutations,
  Tracing.mutations,
  Otlp.mutations,
  Parents.mutations,
  Errors.mutations,
  Instrument.mutations,
  Mixin.mutations,
  Isolation.mutations,
  Faults.mutations,
  Soak.mutations,
  Start.mutations
].flat()
