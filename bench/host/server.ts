// A program with an HTTP API whose requests do a little work in ten observed steps; `server.ts` with the environment of
// the layer. Every answer is the same whatever becomes of the telemetry.
import { Observability } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { createServer } from "node:http"

/** Some work for the processor, about as much as a small query's rows take. */
const digest = (seed: number): number => {
  let state = seed
  for (let n = 0; n < 2_000; n++) state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return state
}

const step = Effect.fnUntraced(
  function*(symbol: string, n: number) {
    // What a database or a provider takes.
    yield* Effect.sleep("1 millis")
    return digest(symbol.length * 31 + n)
  },
  (effect, _symbol, n) => DawsOs.withServiceMetrics(effect, { service: "PricingService", method: `step_${n}` })
)

const valuation = Effect.fnUntraced(
  function*(symbol: string) {
    let sum = 0
    for (let n = 0; n < 9; n++) sum += yield* step(symbol, n)
    return sum
  },
  DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" })
)

const Api = HttpRouter.add(
  "GET",
  "/api/values/:symbol",
  Effect.gen(function*() {
    const { symbol = "" } = yield* HttpRouter.params
    // Every fiftieth symbol is unknown: a failure that is reported, so that events are sent too.
    if (symbol.endsWith("49")) return yield* Effect.die(new Error(`no prices for ${symbol}`))
    return HttpServerResponse.jsonUnsafe({ symbol, value: yield* valuation(symbol) })
  })
)

const ready = Layer.effectDiscard(Effect.map(HttpServer.HttpServer, ({ address }) => {
  process.stdout.write(`port ${"port" in address ? address.port : 0}\n`)
}))

Layer.launch(
  ready.pipe(
    Layer.provideMerge(DawsOs.serve(Api, { disableLogger: true, disableListenLog: true })),
    Layer.provideMerge(
      NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1", gracefulShutdownTimeout: "1 second" })
    ),
    Layer.provide(Observability.layer(DawsOs.vocabulary)),
    Layer.provide(Logger.layer([]))
  )
).pipe(NodeRuntime.runMain)
