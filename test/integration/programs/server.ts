// A DawsOS program as `npm start` would run it: an API under the whole layer, ended by a signal.
import { Metrics, Observability } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createServer } from "node:http"

const capability = DawsOs.withCapabilityMetrics({ agent: "data_harvester", capability: "provider.fetch_quote" })

const Api = Layer.mergeAll(
  HttpRouter.add("GET", "/api/quotes/:symbol", capability(Effect.succeed(HttpServerResponse.text("42")))),
  HttpRouter.add("GET", "/boom", Effect.die(new Error("no prices"))),
  HttpRouter.add(
    "GET",
    "/slow",
    capability(
      Console.log("slow: begun").pipe(
        Effect.andThen(Effect.sleep("400 millis")),
        Effect.as(HttpServerResponse.text("slow but sure"))
      )
    )
  )
)

const portOf = (address: object): number => "port" in address && typeof address.port === "number" ? address.port : 0

const program = Effect.gen(function*() {
  const { address } = yield* HttpServer.HttpServer
  const metrics = yield* Metrics.Metrics
  const ready = { api: portOf(address), metrics: Option.getOrUndefined(metrics.address)?.port }
  yield* Console.log(`ready: ${JSON.stringify(ready)}`)
  yield* Effect.never
})

program.pipe(
  Effect.provide(
    DawsOs.serve(Api, { disableLogger: true, disableListenLog: true }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
      Layer.provideMerge(DawsOs.layer)
    )
  ),
  Observability.explainStartFailure,
  NodeRuntime.runMain
)
