/** The command line of the program. */
import type * as Duration from "effect/Duration"
import { parseArgs } from "node:util"
import { type Fault, faults, isFault } from "./Faults.ts"
import { parseDuration, variableLines } from "./Settings.ts"

export interface Options {
  readonly duration: Duration.Duration | undefined
  readonly fault: Fault | undefined
  readonly help: boolean
}

export const usage = [
  "usage: npm start -- [--duration 10s] [--fault NAME] [--help]",
  "",
  "faults, with the alert that each is to raise",
  ...Object.entries(faults).map(([name, { alert, meaning }]) => `  ${name.padEnd(21)} ${meaning} (→ ${alert})`),
  "",
  "environment variables, or lines of .env (those of the observability layer are in .env.example)",
  ...variableLines.map((line) => `  ${line}`)
].join("\n")

/** The options, or what is wrong with them. */
export const parse = (args: ReadonlyArray<string>): Options | string => {
  try {
    const { values: { duration, fault, help = false } } = parseArgs({
      args: [...args],
      options: { duration: { type: "string" }, fault: { type: "string" }, help: { type: "boolean", short: "h" } }
    })
    const parsed = duration === undefined ? undefined : parseDuration(duration)
    if (duration !== undefined && parsed === undefined) {
      return `--duration ${duration} is not a number with ms, s, m or h, such as 10s or 5m`
    }
    if (fault !== undefined && !isFault(fault)) {
      return `--fault ${fault} is not one of ${Object.keys(faults).join(", ")}`
    }
    return { duration: parsed, fault, help }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What a fault does. */
export const meaningOf = (fault: Fault): string => faults[fault].meaning
