// The host with this package, on or off as the environment says.
import { Metrics, Tracing } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createServer } from "node:http"
import * as Ready from "./ready.ts"

const Api = HttpRouter.add("GET", "/hello", Effect.succeed(HttpServerResponse.text("hello")))

const use = Effect.gen(function*() {
  const tracing = yield* Tracing.Tracing
  const { address } = yield* Metrics.Metrics
  if (!tracing.enabled || Option.isNone(address)) return undefined
  const { host, port } = address.value
  return {
    flush: () => Effect.runPromise(tracing.flush),
    metricsUrl: `http://${host}:${port}/metrics`,
    metric: "dawsos_api_requests_total"
  }
})

Layer.launch(
  Ready.layer(use).pipe(
    Layer.provideMerge(DawsOs.serve(Api, { disableLogger: true, disableListenLog: true })),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide(DawsOs.layer)
  )
).pipe(NodeRuntime.runMain)
