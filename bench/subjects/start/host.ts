// The program that there is before anything is observed: Effect and an HTTP server.
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import * as Ready from "./ready.ts"

const Api = HttpRouter.add("GET", "/hello", Effect.succeed(HttpServerResponse.text("hello")))

Layer.launch(
  Ready.layer(Effect.succeed(undefined)).pipe(
    Layer.provideMerge(HttpRouter.serve(Api, { disableLogger: true, disableListenLog: true })),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" }))
  )
).pipe(NodeRuntime.runMain)
