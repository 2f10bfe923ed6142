// The command line of the long run.
import * as Duration from "effect/Duration"
import { parseArgs } from "node:util"
import { parseDuration } from "../../examples/dawsos/Settings.ts"

/** What the program can be made to lose on purpose, to see that the run fails. */
export const leaks = ["heap", "handles"] as const

export type Leak = (typeof leaks)[number]

export interface Options {
  readonly durationMs: number
  /** Where the schedule of faults comes from: the same seed gives the same schedule. */
  readonly seed: number
  readonly chart: string | undefined
  readonly json: string | undefined
  readonly leak: Leak | undefined
  /** The collector hangs for good. */
  readonly stuck: boolean
  /** Whether the program observes itself; without, its vitals alone are judged. */
  readonly observability: boolean
  readonly update: boolean
  readonly help: boolean
}

export const usage = [
  "usage: npm run soak -- [--duration 10m] [--seed N] [--chart FILE.svg] [--json FILE] [--leak heap|handles] " +
  "[--stuck] [--observability on|off] [--update]",
  "",
  "  --duration 10m   how long the program is under load, 20 s at least; 10m unless said",
  "  --seed N         the schedule of faults; chosen by the clock, and printed, unless said",
  "  --chart FILE     writes the samples as an SVG chart",
  "  --json FILE      writes samples, faults and verdicts",
  "  --update         keeps the run in docs/reliability.md, and its chart beside it",
  "  --leak KIND      makes the program leak on purpose: the run has to fail",
  "  --stuck          the collector hangs from the beginning to the end: the run has to fail",
  "  --observability off   the same without observability: what of the growth of memory is not its own"
].join("\n")

/** The shortest run that has room for a fault of each kind. */
export const shortest = 20_000

/** The options, or what is wrong with them. */
export const parse = (args: ReadonlyArray<string>, clock: () => number = Date.now): Options | string => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        duration: { type: "string", default: "10m" },
        seed: { type: "string" },
        chart: { type: "string" },
        json: { type: "string" },
        leak: { type: "string" },
        stuck: { type: "boolean", default: false },
        observability: { type: "string", default: "on" },
        update: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    })
    const duration = parseDuration(values.duration)
    if (duration === undefined) {
      return `--duration ${values.duration} is not a number with ms, s, m or h, such as 60s or 10m`
    }
    const durationMs = Duration.toMillis(duration)
    if (durationMs < shortest) return `--duration ${values.duration} is too short; 20s at least`
    const seed = values.seed ?? String(clock() % 1_000_000)
    if (!/^\d{1,9}$/.test(seed)) return `--seed ${values.seed} is not a whole number of at most nine digits`
    const leak = leaks.find((each) => each === values.leak)
    if (values.leak !== undefined && leak === undefined) {
      return `--leak ${values.leak} is not one of ${leaks.join(", ")}`
    }
    const { observability, update } = values
    if (observability !== "on" && observability !== "off") return `--observability ${observability} is not on or off`
    if (update && observability === "off") return "--update keeps runs with observability alone"
    return {
      durationMs,
      seed: Number(seed),
      chart: values.chart,
      json: values.json,
      leak,
      stuck: values.stuck,
      observability: observability === "on",
      update,
      help: values.help
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
