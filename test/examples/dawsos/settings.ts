import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import type { Fault } from "../../../examples/dawsos/Faults.ts"
import { FaultSwitch } from "../../../examples/dawsos/FaultSwitch.ts"
import { Settings, type SettingsShape } from "../../../examples/dawsos/Settings.ts"

interface Changes extends Partial<Omit<SettingsShape, "fault">> {
  readonly fault?: Fault | FaultSwitch | undefined
}

/** A program for a test: any free port, no traffic, no job but the first, everything that waits sixty thousand times faster. */
export const settings = ({ fault, ...changes }: Changes = {}): Layer.Layer<Settings> =>
  Layer.succeed(Settings, {
    port: 0,
    databaseUrl: undefined,
    redisUrl: undefined,
    trafficRate: 0,
    packInterval: Duration.hours(24),
    alertInterval: Duration.hours(1),
    timeScale: 60_000,
    fault: fault instanceof FaultSwitch ? fault : new FaultSwitch(fault),
    ...changes
  })
