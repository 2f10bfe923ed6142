/** `npm start`: `--duration 10s` ends by itself, `--fault NAME` makes something go wrong. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import { Traffic } from "./load/Traffic.ts"
import { type Options, parse, usage } from "./Options.ts"
import * as Program from "./Program.ts"
import { Settings } from "./Settings.ts"

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
