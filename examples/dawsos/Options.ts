/** The command line of the program. */
import type * as Duration from "effect/Duration"
import { parseArgs } from "node:util"
import { type Fault, faults, isFault } from "./Faults.ts"
import { parseDuration } from "./Settings.ts"

export interface Options {
  readonly duration: Duration.Duration | undefined
  readonly fault: Fault | undefined
}

export const usage = [
  "usage: npm start -- [--duration 10s] [--fault NAME]",
  ...Object.entries(faults).map(([name, { alert, meaning }]) => `  --fault ${name.padEnd(19)} ${meaning} (→ ${alert})`)
].join("\n")

/** The options, or what is wrong with them. */
export const parse = (args: ReadonlyArray<string>): Options | string => {
  try {
    const { values: { duration, fault } } = parseArgs({
      args: [...args],
      options: { duration: { type: "string" }, fault: { type: "string" } }
    })
    const parsed = duration === undefined ? undefined : parseDuration(duration)
    if (duration !== undefined && parsed === undefined) {
      return `--duration ${duration} is not a number with ms, s, m or h, such as 10s or 5m`
    }
    if (fault !== undefined && !isFault(fault)) {
      return `--fault ${fault} is not one of ${Object.keys(faults).join(", ")}`
    }
    return { duration: parsed, fault }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What a fault does. */
export const meaningOf = (fault: Fault): string => faults[fault].meaning
