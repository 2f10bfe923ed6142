// A program of a user of the published package; the build type-checks it against the packed tarball.
import * as Package from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Testing from "@dawsos/observability/testing"

export const entries: ReadonlyArray<object> = [Package, DawsOs, Testing]
