/** `npm start`: `--duration 10s` ends by itself, `--fault NAME` makes something go wrong. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { parseArgs } from "node:util"
import { Traffic } from "./load/Traffic.ts"
import * as Program from "./Program.ts"
import { type Fault, faults, isFault, Settings } from "./Settings.ts"

interface Options {
  readonly duration: Duration.Duration | undefined
  readonly fault: Fault | undefined
}

const usage = [
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

const program = ({ duration }: Options) =>
  Effect.gen(function*() {
    const { address } = yield* HttpServer.HttpServer
    const traffic = yield* Traffic
    yield* Console.log(`API      http://127.0.0.1:${"port" in address ? address.port : 0}`)
    yield* duration === undefined ? Effect.never : Effect.sleep(duration)
    yield* Console.log("answers  " + [...traffic.statuses].map(([status, count]) => `${status}: ${count}`).join(", "))
  })

const options = parse(process.argv.slice(2))
if (typeof options === "string") {
  process.stderr.write(`${options}\n${usage}\n`)
  process.exitCode = 1
} else {
  program(options).pipe(
    Effect.provide(Program.layer.pipe(Layer.provide(Settings.layer(options.fault)))),
    NodeRuntime.runMain
  )
}
