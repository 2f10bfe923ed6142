/** The command line of the program. */
import * as Duration from "effect/Duration"
import { parseArgs } from "node:util"
import { type Fault, faults, isFault } from "./Faults.ts"
import { parseDuration, variableLines } from "./Settings.ts"

export interface Options {
  readonly duration: Duration.Duration | undefined
  readonly fault: Fault | undefined
  /** After what time the fault ends; it goes on as long as the program where nothing is said. */
  readonly faultDuration: Duration.Duration | undefined
  readonly help: boolean
}

/** What a healthy program needs, on a machine that is not fast, to show all that the summary asks for. */
const shortestJudged = Duration.seconds(10)

const seconds = Duration.toSeconds(shortestJudged)

/** What to say below a summary that fails, where that may be for want of time alone. */
export const tooShort = ({ duration }: Options): string | undefined =>
  duration !== undefined && Duration.isLessThan(duration, shortestJudged)
    ? `A healthy program may fail too when it ends this soon: --duration ${seconds}s is the shortest to judge it by.`
    : undefined

export const usage = [
  "usage: npm start -- [--duration 10s] [--fault NAME [--fault-duration 60s]] [--help]",
  "",
  "  --duration 10s        ends by itself after that time, with a summary;",
  `                        after less than ${seconds}s a healthy program may have too little to show, and FAILED is said`,
  "  --fault NAME          makes something go wrong, from the start on",
  "  --fault-duration 60s  ends the fault after that time, and all is well again; SIGUSR2 ends it at once",
  "",
  "faults, with the alert that each is to raise",
  ...Object.entries(faults).map(([name, { alert, meaning }]) => `  ${name.padEnd(21)} ${meaning} (→ ${alert})`),
  "",
  "environment variables, or lines of .env (those of the observability layer are in .env.example)",
  ...variableLines.map((line) => `  ${line}`)
].join("\n")

const durationOf = (name: string, text: string | undefined): Duration.Duration | undefined => {
  const parsed = text === undefined ? undefined : parseDuration(text)
  if (text !== undefined && parsed === undefined) {
    throw new Error(`--${name} ${text} is not a number with ms, s, m or h, such as 10s or 5m`)
  }
  return parsed
}

/** The options, or what is wrong with them. */
export const parse = (args: ReadonlyArray<string>): Options | string => {
  try {
    const { values: { fault, help = false, ...values } } = parseArgs({
      args: [...args],
      options: {
        duration: { type: "string" },
        fault: { type: "string" },
        "fault-duration": { type: "string" },
        help: { type: "boolean", short: "h" }
      }
    })
    const duration = durationOf("duration", values.duration)
    const faultDuration = durationOf("fault-duration", values["fault-duration"])
    if (fault !== undefined && !isFault(fault)) {
      return `--fault ${fault} is not one of ${Object.keys(faults).join(", ")}`
    }
    if (faultDuration !== undefined && fault === undefined) return "--fault-duration needs a --fault NAME to end"
    return { duration, fault, faultDuration, help }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
