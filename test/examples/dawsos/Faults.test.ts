/** Each fault shows in the metric that its alert watches; without a fault none of them does. */
import { Metrics } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { TestErrors } from "@dawsos/observability/testing"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as TestClock from "effect/testing/TestClock"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import * as Net from "node:net"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import * as Coordination from "../../../examples/dawsos/Coordination.ts"
import * as Database from "../../../examples/dawsos/database/Database.ts"
import { demoPortfolios } from "../../../examples/dawsos/database/Seed.ts"
import { slowSocket } from "../../../examples/dawsos/database/SlowSocket.ts"
import { describe as described, type Fault, faults } from "../../../examples/dawsos/Faults.ts"
import { FaultSwitch } from "../../../examples/dawsos/FaultSwitch.ts"
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

const untilShown = (fault: Fault) => Effect.asVoid(until((now) => described(fault).symptom(now).shows === true))

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

const program = (
  fault: Fault | FaultSwitch | undefined,
  trafficRate: number,
  changes: { readonly packInterval?: Duration.Duration } = {}
) =>
  Program.layer.pipe(
    Layer.provide(settings({ ...changes, fault, trafficRate })),
    Layer.provideMerge(DawsOs.layerTest)
  )

// One database serves the programs one after the other.
layer(Database.layer.pipe(Layer.provide(settings())), { excludeTestServices: true, timeout: "60 seconds" })(
  "a fault of the program",
  (it) => {
    const stale = new FaultSwitch("pack-stale")
    it.layer(program(stale, 0, { packInterval: Duration.millis(200) }))((it) => {
      it.effect("of the pricing pack shows as its age until it ends and a build succeeds", () =>
        Effect.gen(function*() {
          yield* untilShown("pack-stale")
          yield* until((now) => now.total("dawsos_pricing_pack_builds_total", { status: "error" }) > 1)
          yield* stale.end
          yield* until((now) => described("pack-stale").symptom(now).shows === false)
          yield* (yield* SqlClient.SqlClient)`delete from pricing_packs`
        }))
    })

    it.layer(program(undefined, 30))((it) => {
      it.effect("is not seen where there is none", () =>
        Effect.gen(function*() {
          yield* until((now) => now.total("dawsos_pattern_executions_total") >= 20)
          const now = yield* figures
          // A machine that does other things is slow by itself.
          const { "database-slow": _slow, "provider-slow": _slower, ...others } = faults
          for (const [name, { symptom }] of Object.entries(others)) {
            assert.deepStrictEqual([name, symptom(now).shows ?? false], [name, false])
          }
          // The request that fails on purpose, sent until it has failed: at this rate a second one may be on its way.
          yield* TestErrors.expectEvent({ type: "PatternExecutionError", tags: { pattern: "buffett_checklist" } })
          const unexpected = (yield* TestErrors.events).filter(({ tags }) => tags["pattern"] !== "buffett_checklist")
          assert.deepStrictEqual(unexpected, [])
        }))
    })

    const broken = new FaultSwitch("pattern-broken")
    it.layer(program(broken, 30))((it) => {
      it.effect("in a pattern shows as failing executions of it until it ends", () =>
        Effect.gen(function*() {
          yield* untilShown("pattern-broken")
          yield* broken.end
          const overview = { pattern_id: "portfolio_overview", inputs: { portfolio_id: demoPortfolios[0].id } }
          assert.strictEqual((yield* ask("POST", "/v1/execute", overview)).status, 200)
        }))
    })

    const down = new FaultSwitch("provider-down")
    it.layer(program(down, 0))((it) => {
      it.effect("of the providers strikes once there is a pack, and when it ends they answer again", () =>
        Effect.gen(function*() {
          const quote = (symbol: string) =>
            Effect.map(ask("GET", `/api/quotes/${symbol}`), ({ body }) => JSON.parse(body).provenance)
          const until = (expected: string) => ({
            until: (provenance: unknown) => provenance === expected,
            schedule: Schedule.spaced("20 millis")
          })
          // Symbols that were not asked for before: no earlier answer can be given again.
          yield* Effect.repeat(quote("GOOG"), until("stub")).pipe(Effect.timeout("20 seconds"))
          yield* down.end
          yield* Effect.repeat(quote("GOOG"), until("real")).pipe(Effect.timeout("20 seconds"))
        }))
    })

    const storm = new FaultSwitch("error-storm")
    it.layer(program(storm, 30))((it) => {
      it.effect("in the code shows as server errors until it ends, whose bodies tell nothing of it", () =>
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
          yield* storm.end
          const statuses = yield* Effect.replicateEffect(
            Effect.map(ask("POST", "/v1/execute", { pattern_id: "macro_cycles_overview" }), ({ status }) => status),
            10
          )
          assert.deepStrictEqual([...new Set(statuses)], [200])
        }))
    })

    it.layer(program("provider-slow", 0))((it) => {
      it.effect("of a slow provider shows as slow answers of the API", () =>
        Effect.forEach(["IBM", "GOOG", "AMZN"], (symbol) => ask("GET", `/api/quotes/${symbol}`), { concurrency: 3 })
          .pipe(
            Effect.andThen(figures),
            Effect.repeat({ until: (now) => described("provider-slow").symptom(now).shows === true }),
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
    assert.strictEqual(described(fault).symptom(yield* figures).shows, true)
  }).pipe(Effect.provide(providers(fault)))

describe("a fault of the surroundings", () => {
  it.live("shows as failing requests when providers are down", () => fetchQuote("provider-down"))

  it.live("shows as hardly any quota left", () => fetchQuote("provider-quota"))

  it.effect(
    "holds connections of an exhausted database until it ends, which cannot be told where there is only one",
    () => {
      const fault = new FaultSwitch("database-exhausted")
      const untilInUse = (count: number) =>
        TestClock.withLive(until((now) => now.total("dawsos_db_connections_active") === count))
      return Effect.gen(function*() {
        // The clock stands still, and with it the transactions.
        yield* untilInUse(1)
        assert.strictEqual(described("database-exhausted").symptom(yield* figures).shows, undefined)
        yield* fault.end
        yield* untilInUse(0)
        yield* (yield* SqlClient.SqlClient)`select 1 as free`
      }).pipe(Effect.provide(
        Database.layer.pipe(Layer.provide(settings({ fault })), Layer.provideMerge(DawsOs.layerTest))
      ))
    },
    60_000
  )

  it("shows as a pool in use where there are more connections", () => {
    const busy = (active: number) =>
      new Figures(parse(`dawsos_db_connections_max 20\ndawsos_db_connections_active ${active}`))
    const { symptom } = described("database-exhausted")
    assert.deepStrictEqual([symptom(busy(18)).shows, symptom(busy(15)).shows], [true, false])
  })

  it.live("delays every answer of a slow database until it ends, keeps their order, and ends with its client", () =>
    Effect.gen(function*() {
      const server = Net.createServer((socket) => socket.pipe(socket))
      yield* Effect.acquireRelease(
        Effect.callback<void>((resume) => {
          server.listen(0, "127.0.0.1", () => resume(Effect.void))
        }),
        () => Effect.callback<void>((resume) => void server.close(() => resume(Effect.void)))
      )
      const { port } = server.address() as Net.AddressInfo
      let delay = 50
      const socket = slowSocket("127.0.0.1", port, () => delay)
      const answers = (count: number) =>
        Effect.callback<string>((resume) => {
          let text = ""
          const more = (data: Buffer) => {
            text += data.toString()
            if (text.length < count) return
            socket.off("data", more)
            resume(Effect.succeed(text))
          }
          socket.on("data", more)
        })
      const begin = performance.now()
      socket.write("ping")
      assert.strictEqual(yield* answers(4), "ping")
      assert.isAtLeast(performance.now() - begin, 49)
      // The second answer comes while the first one is still held back.
      delay = 60_000
      socket.write("1")
      yield* Effect.callback<void>((resume) => {
        const upstream = Net.connect(port, "127.0.0.1", () => upstream.write("x"))
        upstream.once("data", () => {
          upstream.end()
          resume(Effect.void)
        })
      })
      delay = 0
      socket.write("2")
      assert.strictEqual(yield* answers(1), "1")
      socket.destroy()
    }).pipe(Effect.scoped))

  const runWith = async (...args: ReadonlyArray<string>): Promise<string> => {
    const root = Path.resolve(import.meta.dirname, "../../..")
    const folder = await mkdtemp(Path.join(tmpdir(), "faults-"))
    const stdout = await new Promise<string>((resolve) =>
      execFile(
        process.execPath,
        ["--conditions=source", Path.join(root, "examples/dawsos/main.ts"), ...args],
        { cwd: folder, env: { PORT: "0", METRICS_PORT: "0", TRAFFIC_RATE: "20" } },
        (_, stdout) => resolve(stdout)
      )
    )
    await rm(folder, { recursive: true })
    return stdout
  }

  it("of the collector that lasts costs spans, and the books of the whole program balance", async () => {
    const stdout = await runWith("--duration", "4s", "--fault", "collector-down")
    assert.match(stdout, /^ {2}ok .*--fault collector-down → SpansDropped: spans dropped: \d+ .*, sent again: [1-9]/m)
    assert.match(stdout, /^ {2}ok .*spans: started (\d+), open 0, unsampled 0, ended \1$/m)
    assert.match(stdout, /^ {17}otlp: exported \d+, dropped [1-9]\d* \(/m)
  }, 120_000)

  it("of the collector that ends soon costs no span: what waited arrives", async () => {
    const stdout = await runWith("--duration", "8s", "--fault", "collector-down", "--fault-duration", "3s")
    // How many requests fit into the time is the machine's affair.
    const failed = stdout.split("\n").filter((line) => /FAILED +(?=\S)(?!requests |patterns executed)/.test(line))
    assert.deepStrictEqual(failed, [])
    assert.match(stdout, /^fault {5}has ended$/m)
    assert.match(
      stdout,
      /^ {2}not checked .*--fault collector-down → SpansDropped: has ended, spans dropped: 0 .*, sent again: [1-9]/m
    )
    const [, started] = /^ {2}ok .*spans: started (\d+), open 0, unsampled 0, ended \1$/m.exec(stdout) ?? []
    assert.match(stdout, new RegExp(`^ {17}otlp: exported ${started}, dropped 0,`, "m"))
  }, 120_000)
})
