// The host with what a user wires by hand: `@effect/opentelemetry` and the protobuf exporter, `prom-client` and a server
// for it.
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Otel from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto"
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-node"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import { createServer } from "node:http"
import Prom from "prom-client"
import * as Ready from "./ready.ts"

Otel.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
// Its address is in the environment.
export const processor = new BatchSpanProcessor(new OTLPTraceExporter())
const Tracing = NodeSdk.layer(() => ({ resource: { serviceName: "host" }, spanProcessor: processor }))

const requests = new Prom.Counter({ name: "host_requests_total", help: "Requests.", labelNames: ["status"] })
const duration = new Prom.Histogram({ name: "host_request_seconds", help: "How long requests took." })
Prom.collectDefaultMetrics()

const listening = Effect.callback<string>((resume) => {
  const server = createServer((_request, response) => {
    Prom.register.metrics().then(
      (page) => response.end(page),
      (error: unknown) => response.writeHead(500).end(String(error))
    )
  })
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    resume(Effect.succeed(
      `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/metrics`
    ))
  })
})

const Api = HttpRouter.add("GET", "/hello", Effect.succeed(HttpServerResponse.text("hello")))

const use = Effect.map(listening, (metricsUrl) => ({
  flush: () => processor.forceFlush(),
  metricsUrl,
  metric: "host_requests_total"
}))

Layer.launch(
  Ready.layer(use).pipe(
    Layer.provideMerge(HttpRouter.serve(Api, {
      disableLogger: true,
      disableListenLog: true,
      middleware: (handled) =>
        Effect.suspend(() => {
          const end = duration.startTimer()
          return Effect.tap(handled, ({ status }) =>
            Effect.sync(() => {
              end()
              requests.inc({ status: String(status) })
            }))
        })
    })),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provide(Tracing)
  )
).pipe(NodeRuntime.runMain)
