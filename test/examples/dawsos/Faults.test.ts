/** Each fault shows in the metric that its alert watches; without a fault none of them does. */
import { Metrics } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestErrors } from "@dawsos/observability/testing"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { execFile } from "node:child_process"
import * as Net from "node:net"
import * as Path from "node:path"
import * as Coordination from "../../../examples/dawsos/Coordination.ts"
import * as Database from "../../../examples/dawsos/database/Database.ts"
import { slowProxy } from "../../../examples/dawsos/database/SlowProxy.ts"
import { describe as described, type Fault, faults } from "../../../examples/dawsos/Faults.ts"
import * as Program from "../../../examples/dawsos/Program.ts"
import * as Providers from "../../../examples/dawsos/providers/Providers.ts"
import * as Simulator from "../../../examples/dawsos/providers/Simulator.ts"
import { Figures, parse } from "../../../examples/dawsos/view/Figures.ts"
import { settings } from "./settings.ts"

const figures = Effect.flatMap(
  Metrics.Metrics,
  (metrics) => Effect.map(metrics.render("prometheus"), (page) => new Figures(parse(page)))
)

const until = (holds: (figures: Figures) => boolean) =>
  Effect.repeat(figures, { until: holds, schedule: Schedule.spaced("20 millis") })

const untilShown = (fault: Fault) => Effect.asVoid(until((now) => described(fault).symptom(now).shows))

const ask = (method: "GET" | "POST", path: string, body?: unknown) =>
  Effect.flatMap(HttpServer.HttpServer, ({ address }) =>
    Effect.promise(async () => {
      const response = await fetch(`http://127.0.0.1:${"port" in address ? address.port : 0}${path}`, {
        method,
        headers: { authorization: "Bearer demo-ada", "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      return { status: response.status, body: await response.text() }
    }))

const program = (fault: Fault | undefined, trafficRate: number) =>
  Program.layer.pipe(Layer.provide(settings({ fault, trafficRate })), Layer.provideMerge(DawsOs.layerTest))

// One database serves the programs one after the other.
layer(Database.layer.pipe(Layer.provide(settings())), { excludeTestServices: true, timeout: "60 seconds" })(
  "a fault of the program",
  (it) => {
    it.layer(program("pack-stale", 0))((it) => {
      it.effect("of the pricing pack shows as its age", () =>
        Effect.gen(function*() {
          yield* untilShown("pack-stale")
          yield* (yield* SqlClient.SqlClient)`delete from pricing_packs`
        }))
    })

    it.layer(program(undefined, 30))((it) => {
      it.effect("is not seen where there is none", () =>
        Effect.gen(function*() {
          yield* until((now) => now.total("dawsos_pattern_executions_total") >= 20)
          const now = yield* figures
          // The embedded database has one connection, in use or not; a machine that does other things is slow by itself.
          const { "database-exhausted": _, "database-slow": _slow, "provider-slow": _slower, ...others } = faults
          for (const [name, { symptom }] of Object.entries(others)) {
            assert.deepStrictEqual([name, symptom(now).shows], [name, false])
          }
          // The request that fails on purpose, sent until it has failed: at this rate a second one may be on its way.
          yield* TestErrors.expectEvent({ type: "PatternExecutionError", tags: { pattern: "buffett_checklist" } })
          const unexpected = (yield* TestErrors.events).filter(({ tags }) => tags["pattern"] !== "buffett_checklist")
          assert.deepStrictEqual(unexpected, [])
        }))
    })

    it.layer(program("pattern-broken", 30))((it) => {
      it.effect("in a pattern shows as failing executions of it", () => untilShown("pattern-broken"))
    })

    it.layer(program("error-storm", 30))((it) => {
      it.effect("in the code shows as server errors, whose bodies tell nothing of it", () =>
        Effect.gen(function*() {
          yield* untilShown("error-storm")
          const failed = yield* Effect.repeat(ask("POST", "/v1/execute", { pattern_id: "macro_cycles_overview" }), {
            until: ({ status }) => status === 500
          })
          assert.deepStrictEqual(JSON.parse(failed.body), {
            error: { code: "internal_error", message: "an internal error occurred" }
          })
          yield* TestErrors.expectEvent({
            type: "InternalError",
            user: { role: "owner" },
            tags: { pattern: /./, route: "/v1/execute" }
          })
        }))
    })

    it.layer(program("provider-slow", 0))((it) => {
      it.effect("of a slow provider shows as slow answers of the API", () =>
        Effect.forEach(["IBM", "GOOG", "AMZN"], (symbol) => ask("GET", `/api/quotes/${symbol}`), { concurrency: 3 })
          .pipe(
            Effect.andThen(figures),
            Effect.repeat({ until: (now) => described("provider-slow").symptom(now).shows }),
            Effect.asVoid
          ))
    })
  }
)

const Quotes = Schema.Array(Schema.Unknown)

const providers = (fault: Fault) =>
  Providers.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(Simulator.layer, Coordination.layer, FetchHttpClient.layer)),
    Layer.provide(settings({ fault })),
    Layer.provideMerge(DawsOs.layerTest)
  )

const fetchQuote = (fault: Fault) =>
  Effect.gen(function*() {
    const simulator = yield* Simulator.Simulator
    simulator.setFault(fault)
    const service = yield* Providers.Providers
    yield* Effect.exit(service.fetch({
      provider: "fmp",
      endpoint: "/v3/quote/{symbol}",
      path: { symbol: "IBM" },
      schema: Quotes
    }))
    assert.isTrue(described(fault).symptom(yield* figures).shows)
  }).pipe(Effect.provide(providers(fault)))

describe("a fault of the surroundings", () => {
  it.live("shows as failing requests when providers are down", () => fetchQuote("provider-down"))

  it.live("shows as hardly any quota left", () => fetchQuote("provider-quota"))

  it.live(
    "shows as a pool in use when the database is exhausted",
    () =>
      untilShown("database-exhausted").pipe(Effect.provide(
        Database.layer.pipe(
          Layer.provide(settings({ fault: "database-exhausted" })),
          Layer.provideMerge(DawsOs.layerTest)
        )
      )),
    60_000
  )

  it.live("delays every answer of a slow database, and ends with its client", () =>
    Effect.gen(function*() {
      const server = Net.createServer((socket) => socket.pipe(socket))
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          server.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const { port } = server.address() as Net.AddressInfo
      const proxy = yield* slowProxy({ host: "127.0.0.1", port }, 50)
      const echo = yield* Effect.callback<{ readonly text: string; readonly millis: number }>((resume) => {
        const begin = performance.now()
        const client = Net.connect(proxy.port, proxy.host, () => client.write("ping"))
        client.once("data", (data) => {
          client.resetAndDestroy()
          resume(Effect.succeed({ text: data.toString(), millis: performance.now() - begin }))
        })
      })
      assert.strictEqual(echo.text, "ping")
      assert.isAtLeast(echo.millis, 49)
    }).pipe(Effect.scoped))

  it("of the collector shows as spans dropped, and the books of the whole program balance", async () => {
    const root = Path.resolve(import.meta.dirname, "../../..")
    const args = ["--conditions=source", "examples/dawsos/main.ts", "--duration", "5s", "--fault", "collector-down"]
    const stdout = await new Promise<string>((resolve) =>
      execFile(
        process.execPath,
        args,
        { cwd: root, env: { PORT: "0", METRICS_PORT: "0", TRAFFIC_RATE: "20" } },
        (_, stdout) => resolve(stdout)
      )
    )
    // How many requests fit into the time is the machine's affair.
    const failed = stdout.split("\n").filter((line) => /FAILED +(?!requests:|patterns executed:)/.test(line))
    assert.deepStrictEqual(failed, [])
    assert.match(stdout, /^ {2}ok .*--fault collector-down → spans dropped: spans dropped: [1-9]\d* /m)
    assert.match(stdout, /^ {2}ok .*spans: started (\d+), open 0, unsampled 0, ended \1$/m)
  }, 120_000)
})
