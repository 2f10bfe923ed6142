import { HttpServer as Instrument } from "@dawsos/observability"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import * as HttpHost from "../support/HttpHost.ts"
import { subjects } from "./TracingSubjects.ts"

const serve = Instrument.serve({ requests: HttpHost.requests, duration: HttpHost.duration, prefix: "test" })

const body = (rest: Stream.Stream<Uint8Array, unknown>) =>
  HttpServerResponse.stream(Stream.concat(Stream.make(new TextEncoder().encode("a")), rest))

const server = serve(
  HttpRouter.addAll([
    HttpRouter.route("GET", "/whole", body(Stream.empty)),
    HttpRouter.route("GET", "/broken", body(Stream.die(new TypeError("out of rows"))))
  ]),
  { disableListenLog: true, disableLogger: true }
).pipe(Layer.provideMerge(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })))

for (const { name, run } of subjects) {
  describe(`A response whose body fails after its 200 (${name})`, () => {
    it.live("has a span that says so", () =>
      Effect.gen(function*() {
        const { spans } = yield* run(
          Effect.gen(function*() {
            const { address } = yield* HttpServer.HttpServer
            const port = "port" in address ? address.port : 0
            const get = (path: string) =>
              Effect.exit(Effect.tryPromise(() => fetch(`http://127.0.0.1:${port}${path}`).then((got) => got.text())))
            yield* get("/whole")
            yield* get("/broken")
          }).pipe(Effect.provide(server))
        )
        const told = spans.map(({ attributes, events, kind }) => ({
          kind,
          path: attributes["url.path"],
          code: attributes["http.response.status_code"],
          type: attributes["error.type"],
          outcome: attributes["effect.outcome"],
          exceptions: events.map(({ attributes }) => attributes["exception.message"])
        }))
        assert.deepStrictEqual(told, [
          { kind: "server", path: "/whole", code: 200, type: undefined, outcome: undefined, exceptions: [] },
          {
            kind: "server",
            path: "/broken",
            code: 200,
            type: "TypeError",
            outcome: "defect",
            exceptions: ["out of rows"]
          }
        ])
      }).pipe(Effect.provide(Logger.layer([]))))
  })
}
