import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer } from "node:net"
import { parseEnv } from "node:util"
import * as BaseDocument from "./BaseDocument.ts"
import * as Child from "./Child.ts"
import type * as Harness from "./Harness.ts"

const timeout = 60_000

const lines = (stdout: string): ReadonlyArray<Harness.Line> =>
  stdout.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Harness.Line)

/** A port of this machine that somebody listens on. */
const takenPort: Effect.Effect<number, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
      const server = createServer()
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ port, close: () => server.close() }))
      })
    }),
    ({ close }) => Effect.sync(close)
  ),
  ({ port }) => port
)

// Each program is a process of its own, so they run beside one another.
describe.concurrent("a program that can't start", () => {
  it.live(
    "prints one line for one bad value and exits with 1",
    () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* Child.run("server.ts", {
          ENABLE_OBSERVABILITY: "maybe"
        })
        assert.strictEqual(code, 1)
        assert.strictEqual(stdout, "")
        assert.match(
          stderr,
          /^The configuration has a problem:\n {2}- ENABLE_OBSERVABILITY="maybe" is not allowed: .+ Allowed: .+\.\n$/
        )
      }),
    timeout
  )

  it.live(
    "prints all bad values in one block, without a secret, even where observability is off",
    () =>
      Effect.gen(function*() {
        const { code, stderr, stdout } = yield* Child.run("server.ts", {
          ENABLE_OBSERVABILITY: "false",
          METRICS_PORT: "70000",
          SENTRY_DSN: "https://s3cretpublickey@/",
          SENTRY_TRACES_SAMPLE_RATE: "2",
          SENTRY_PROFILES_SAMPLE_RATE: "-1",
          JAEGER_ENDPOINT: "localhost:14268/api/traces",
          OTEL_EXPORTER_OTLP_PROTOCOL: "grpc"
        })
        assert.strictEqual(code, 1)
        assert.strictEqual(stdout, "")
        const [heading, ...problems] = stderr.trimEnd().split("\n")
        assert.strictEqual(heading, "The configuration has 6 problems:")
        assert.deepStrictEqual(problems.map((line) => /^ {2}- ([A-Z_]+)/.exec(line)?.[1]).sort(), [
          "JAEGER_ENDPOINT",
          "METRICS_PORT",
          "OTEL_EXPORTER_OTLP_PROTOCOL",
          "SENTRY_DSN",
          "SENTRY_PROFILES_SAMPLE_RATE",
          "SENTRY_TRACES_SAMPLE_RATE"
        ])
        assert.notInclude(stderr, "s3cret")
      }),
    timeout
  )

  it.live("names METRICS_PORT where its port is taken, and exits with 1", () =>
    Effect.gen(function*() {
      const port = yield* takenPort
      const { code, stderr, stdout } = yield* Child.run("server.ts", {
        ENABLE_OBSERVABILITY: "true",
        METRICS_PORT: String(port)
      })
      assert.strictEqual(code, 1)
      assert.strictEqual(stdout, "")
      const [heading, problem, ...rest] = stderr.split("\n")
      assert.strictEqual(heading, "The metrics server can't start:")
      assert.include(problem, `  - METRICS_PORT=${port}: the port is in use on 127.0.0.1;`)
      assert.deepStrictEqual(rest, [""])
    }), timeout)
})

describe.concurrent("a program with the .env of the base document", () => {
  it.live("starts, warns of the DSN that is none, and tells where its spans go and why", () =>
    Effect.gen(function*() {
      // Its port may be taken on the machine of a test; the environment beats the file.
      const child = yield* Child.start(
        "server.ts",
        { ...parseEnv(BaseDocument.env), METRICS_PORT: "0" } as Record<string, string>
      )
      yield* child.line("ready: ")
      yield* child.kill("SIGTERM")
      const { code, stderr, stdout } = yield* child.exit
      assert.strictEqual(code, 130)
      assert.strictEqual(stderr, "")
      const log = lines(stdout)
      assert.deepStrictEqual(log.filter(({ level }) => level === "Warn").map(({ message }) => message.split(" ")[0]), [
        "SENTRY_DSN"
      ])
      const said = log.map(({ message }) => message)
      assert.include(said, "error tracking is off: SENTRY_DSN is not set")
      assert.match(
        said.join("\n"),
        /^spans go to http:\/\/localhost:14268\/api\/traces as Thrift over HTTP \(JAEGER_ENDPOINT/m
      )
    }), timeout)
})
