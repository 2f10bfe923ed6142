// The reference program under load: `request.ts ours` as `npm start` runs it, on or off by its environment, without
// receivers and traffic of its own; `request.ts by-hand` with the observability that a user wires by hand.
//
// Says `metrics URL` and `port N`, ends by SIGTERM, and says `ended N` last: how many spans have ended.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Profiler from "../request/Profiler.ts"

const [, , wiring = ""] = process.argv
if (wiring !== "ours" && wiring !== "by-hand") throw new Error(`${wiring} is neither ours nor by-hand`)
// Before the program, whose imports it decides.
const observability = await (wiring === "ours" ? import("./requestOurs.ts") : import("./requestByHand.ts"))
const [{ FaultSwitch }, Program, { Settings }] = await Promise.all([
  import("../../examples/dawsos/FaultSwitch.ts"),
  import("../../examples/dawsos/Program.ts"),
  import("../../examples/dawsos/Settings.ts")
])
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const ready = Layer.effectDiscard(Effect.map(HttpServer.HttpServer, ({ address }) => {
  say(`metrics ${observability.metricsAddress()}`)
  say(`port ${"port" in address ? address.port : 0}`)
}))

Profiler.listen()
// Nobody is left who would end it.
process.on("disconnect", () => process.exit(1))

Layer.launch(
  ready.pipe(
    Layer.provideMerge(Program.layer),
    Layer.provide(Settings.layer(new FaultSwitch(undefined))),
    Layer.provide(observability.layer)
  )
).pipe(
  Effect.ensuring(Effect.sync(() => say(`ended ${observability.ended()}`))),
  NodeRuntime.runMain
)
