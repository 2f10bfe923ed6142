/** The command line of the program. */
import * as Duration from "effect/Duration"
import { parseArgs } from "node:util"
import { type Fault, faults, isFault } from "./Settings.ts"

export interface Options {
  readonly duration: Duration.Duration | undefined
  readonly fault: Fault | undefined
}

export const usage = [
  "usage: npm start -- [--duration 10s] [--fault NAME]",
  ...Object.entries(faults).map(([name, meaning]) => `  --fault ${name.padEnd(20)} ${meaning}`)
].join("\n")

const seconds = { ms: 0.001, s: 1, m: 60, h: 3600 } as const

/** The options, or what is wrong with them. */
export const parse = (args: ReadonlyArray<string>): Options | string => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { duration: { type: "string" }, fault: { type: "string" } }
    })
    const { duration, fault } = values
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(duration ?? "0s") ?? []
    if (amount === undefined || unit === undefined) {
      return `--duration ${duration} is not a number with ms, s, m or h, such as 10s or 5m`
    }
    if (fault !== undefined && !isFault(fault)) {
      return `--fault ${fault} is not one of ${Object.keys(faults).join(", ")}`
    }
    return {
      duration: duration === undefined
        ? undefined
        : Duration.seconds(Number(amount) * seconds[unit as keyof typeof seconds]),
      fault
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
