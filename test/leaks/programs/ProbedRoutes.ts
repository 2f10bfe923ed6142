// The API of the reference program, with the probes beside its own routes.
import * as Layer from "effect/Layer"
import * as Routes from "../../../examples/dawsos/api/Routes.ts"
import * as Crash from "./Crash.ts"
import * as Probes from "./Probes.ts"

export const layer = Layer.mergeAll(Routes.layer, Probes.layer, Crash.layer)
