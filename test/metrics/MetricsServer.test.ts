import { Guard } from "@dawsos/observability"
import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Net from "node:net"
import { parse } from "../support/ExpositionText.ts"
import * as NamingTracer from "../support/NamingTracer.ts"
import { fill, live, raw, request, served, started } from "./server.ts"
import * as Shop from "./shop.ts"

// Milliseconds, shorter than the usual limits: a server that ignores those of a test is not done by then.
const beforeHeadersTimeout = 4_500
const beforeInactivityTimeout = 14_000

describe("The metrics server", () => {
  served("serves the exposition in the format that was asked for, with its content type", () =>
    Effect.gen(function*() {
      const { address, metrics } = yield* started()
      metrics.counter(Shop.ordersTotal, { channel: "web", product: "tea" }).increment()
      const text = yield* request(address, "/metrics")
      expect([text.status, text.headers["content-type"]]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"])
      expect(parse(text.text, "prometheus").value("shop_orders_total", { channel: "web", product: "tea" })).toBe(1)
      const open = yield* request(address, "/metrics?name[]=x", {
        headers: { accept: "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2" }
      })
      expect([open.status, open.headers["content-type"]]).toEqual([
        200,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
      ])
      const read = parse(open.text, "openmetrics")
      expect(read.value("shop_orders_total", { channel: "web", product: "tea" })).toBe(1)
    }))

  served("shows Node's and Effect's metrics beside the catalogue, valid in both formats", () =>
    Effect.gen(function*() {
      const { address } = yield* started()
      yield* Metric.update(Metric.gauge("mine"), 4)
      for (const format of ["prometheus", "openmetrics"] as const) {
        const accept = format === "openmetrics" ? "application/openmetrics-text" : "text/plain"
        const { text } = yield* request(address, "/metrics", { headers: { accept } })
        const read = parse(text, format)
        expect(read.value("mine")).toBe(4)
        expect(read.value("process_cpu_seconds_total")).toBeGreaterThan(0)
        expect(read.value("nodejs_heap_size_used_bytes")).toBeGreaterThan(0)
        expect(read.families.get(format === "openmetrics" ? "process_cpu_seconds" : "process_cpu_seconds_total")?.type)
          .toBe("counter")
        expect(read.families.has("nodejs_eventloop_lag_p99_seconds")).toBe(true)
      }
    }))

  served("answers /healthz, knows no other path and no method but GET and HEAD", () =>
    Effect.gen(function*() {
      const { address } = yield* started({ token: "t" })
      const ask = (path: string, method?: string) =>
        Effect.map(request(address, path, method === undefined ? {} : { method }), ({ headers, status }) => [
          status,
          headers.allow
        ])
      expect(yield* ask("/healthz")).toEqual([200, undefined])
      expect(yield* ask("/healthz", "HEAD")).toEqual([200, undefined])
      for (const path of ["/", "/metrics/", "/metrics/x", "/healthzz", "/%6Detrics", "//metrics", "/../metrics"]) {
        expect(yield* ask(path)).toEqual([404, undefined])
      }
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
        expect(yield* ask("/metrics", method)).toEqual([405, "GET, HEAD"])
        expect(yield* ask("/healthz", method)).toEqual([405, "GET, HEAD"])
      }
    }))

  served("shows the metrics to whom bears the token, and to nobody else", () =>
    Effect.gen(function*() {
      const { address } = yield* started({ token: "correct horse" })
      const ask = (authorization?: string) =>
        request(address, "/metrics", authorization === undefined ? {} : { headers: { authorization } })
      for (const right of ["Bearer correct horse", "bearer correct horse", "BEARER   correct horse"]) {
        expect((yield* ask(right)).status).toBe(200)
      }
      const wrongs = [
        undefined,
        "",
        "Bearer",
        "Bearer ",
        "Bearer correct",
        "Bearer correct horse2",
        "correct horse",
        "Basic Y29ycmVjdCBob3JzZQ=="
      ]
      for (const wrong of wrongs) {
        const answer = yield* ask(wrong)
        expect([answer.status, answer.headers["www-authenticate"]]).toEqual([401, "Bearer realm=\"metrics\""])
        expect(answer.text).not.toContain("shop_")
      }
    }))

  served("names METRICS_PORT, its value and the way out when the port is taken", () =>
    Effect.gen(function*() {
      const { address } = yield* started()
      const error = yield* Effect.flip(Layer.build(live({ port: address.port })))
      expect(error).toMatchObject({ _tag: "MetricsServerError", reason: "port_in_use", port: address.port })
      expect(error.message).toBe(
        `METRICS_PORT=${address.port}: the port is in use on 127.0.0.1; stop the program that has it, choose another port, or set METRICS_PORT=0 for any free one`
      )
    }))

  served("names METRICS_HOST when this machine has no such address", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(live({ host: "192.0.2.1" })))
      expect(error.reason).toBe("bad_host")
      expect(error.message).toContain("METRICS_HOST=192.0.2.1")
    }))

  served("opens a port for this machine only unless it is told otherwise", () =>
    Effect.gen(function*() {
      const { address } = yield* started()
      expect(address.host).toBe("127.0.0.1")
      expect(address.port).toBeGreaterThan(0)
    }))

  served("opens no span, whatever tracer and parent it was started under", () =>
    Effect.gen(function*() {
      const { names, tracer } = NamingTracer.make()
      yield* Effect.gen(function*() {
        const { address } = yield* started()
        yield* request(address, "/metrics")
        yield* request(address, "/nothing")
      }).pipe(Effect.withSpan("outer"), Effect.provideService(Tracer.Tracer, tracer))
      expect(names).toEqual(["outer"])
    }))

  served("answers many scrapes at once", () =>
    Effect.gen(function*() {
      const { address, metrics } = yield* started()
      metrics.gauge(Shop.stock, { product: "tea" }).set(1)
      const answers = yield* Effect.all(Array.from({ length: 40 }, () => request(address, "/metrics")), {
        concurrency: "unbounded"
      })
      for (const { status, text } of answers) {
        expect(status).toBe(200)
        expect(parse(text, "prometheus").value("shop_stock", { product: "tea" })).toBe(1)
      }
    }))

  served("refuses headers that are too long and survives requests that are none", () =>
    Effect.gen(function*() {
      const { address } = yield* started()
      expect(yield* raw(address, `GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 431 /
      )
      expect(yield* raw(address, "\0\0\0\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /)
      expect((yield* request(address, "/healthz")).status).toBe(200)
    }))

  served("gets rid of clients that send nothing, or their headers byte by byte", () =>
    Effect.gen(function*() {
      const { address } = yield* started({
        limits: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50, inactivityTimeout: 400 }
      })
      const closed = (bytes: string) =>
        Effect.callback<void>((resume) => {
          const socket = Net.connect(address.port, address.host)
          const drip = setInterval(() => bytes !== "" && socket.write("x"), 50)
          socket.resume()
          socket.on("error", () => {})
          socket.on("close", () => {
            clearInterval(drip)
            resume(Effect.void)
          })
          socket.write(bytes)
          return Effect.sync(() => socket.destroy())
        })
      yield* Effect.all([closed(""), closed("GET /metr"), closed("GET /metrics HTTP/1.1\r\nX: ")], {
        concurrency: "unbounded"
      })
      expect((yield* request(address, "/healthz")).status).toBe(200)
    }), beforeHeadersTimeout)

  served("gets rid of a client that asks and never reads", () =>
    Effect.gen(function*() {
      // One connection at a time, so that the others see whether this one is gone.
      const { address, metrics } = yield* started({ limits: { maxConnections: 1, inactivityTimeout: 300 } })
      fill(metrics)
      const socket = Net.connect(address.port, address.host)
      socket.pause()
      socket.on("error", () => {})
      socket.write("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
      const other = Effect.tryPromise(() => fetch(`http://127.0.0.1:${address.port}/healthz`))
      expect(Exit.isFailure(yield* Effect.exit(other))).toBe(true)
      const { status } = yield* Effect.retry(other, { schedule: Schedule.spaced("20 millis") })
      expect(status).toBe(200)
      socket.destroy()
    }), beforeInactivityTimeout)

  served(
    "serves no more clients at a time than its bound, and is there again when they leave",
    () =>
      Effect.gen(function*() {
        const { address } = yield* started({ limits: { maxConnections: 3 } })
        const connect = Effect.callback<Net.Socket>((resume) => {
          const socket: Net.Socket = Net.connect(address.port, address.host, () => resume(Effect.succeed(socket)))
          socket.on("error", () => {})
        })
        const sockets = yield* Effect.all([connect, connect, connect])
        // The server has counted them when it has answered one.
        yield* Effect.callback<void>((resume) => {
          sockets[2].once("data", () => resume(Effect.void))
          sockets[2].write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        })
        const refused = yield* Effect.exit(Effect.tryPromise(() => fetch(`http://127.0.0.1:${address.port}/healthz`)))
        expect(Exit.isFailure(refused)).toBe(true)
        for (const socket of sockets) socket.destroy()
        const again = request(address, "/healthz").pipe(Effect.sandbox, Effect.retry({ times: 100 }))
        expect((yield* again).status).toBe(200)
      })
  )

  served("closes without waiting for clients that hold their connection and never read", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      // Left to themselves, these connections would outlive the test.
      const hour = 3_600_000
      const { address } = yield* started({
        limits: { headersTimeout: hour, requestTimeout: hour, keepAliveTimeout: hour, inactivityTimeout: hour }
      }).pipe(Scope.provide(scope))
      const sockets = [
        // Asks and does not read; asks for nothing; keeps its connection after an answer.
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(200),
        "GET /metr",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
      ].map((bytes) => {
        const socket = Net.connect(address.port, address.host)
        socket.pause()
        socket.on("error", () => {})
        socket.write(bytes)
        return socket
      })
      yield* request(address, "/healthz")
      yield* Scope.close(scope, Exit.void)
      yield* Effect.forEach(sockets, (socket) =>
        Effect.callback<void>((resume) => {
          if (socket.destroyed) return resume(Effect.void)
          socket.on("close", () => resume(Effect.void))
          socket.resume()
        }), { concurrency: "unbounded" })
      const refused = yield* Effect.exit(Effect.tryPromise(() => fetch(`http://127.0.0.1:${address.port}/healthz`)))
      expect(Exit.isFailure(refused)).toBe(true)
    }))

  served("lets a scrape fail for one metric only", () =>
    Effect.gen(function*() {
      const guard = Guard.make()
      const { address, metrics } = yield* started({ guard })
      yield* metrics.collect({
        definition: Shop.stock,
        collect: () => {
          throw new Error("no")
        }
      })
      const { status, text } = yield* request(address, "/metrics")
      expect(status).toBe(200)
      expect(parse(text, "prometheus").families.has("shop_stock")).toBe(false)
      expect(guard.faults().get("collect")).toBe(1)
    }))
})
