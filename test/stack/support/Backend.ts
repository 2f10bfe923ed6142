/** The reference program as a process, where the compose file's Prometheus expects it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Path from "node:path"
import * as Compose from "./Compose.ts"
import * as Deadline from "./Deadline.ts"
import * as Http from "./Http.ts"
import * as Ports from "./Ports.ts"
import * as Program from "./Program.ts"
import * as Stack from "./Stack.ts"

/** The port that the committed Prometheus scrapes on the host. */
export const metricsPort = 8001

export interface Options {
  /** Where spans go: one of `jaeger.destinations`, or other variables. */
  readonly env?: Readonly<Record<string, string>>
  /** `--fault NAME`. */
  readonly fault?: string
  /** Requests per second of the program's own traffic; 0 unless said, since tests send their own and count it. */
  readonly traffic?: number
  /** Further arguments. */
  readonly args?: ReadonlyArray<string>
  /** The port of `/metrics`; the one that Prometheus scrapes unless said. */
  readonly metricsPort?: number
}

export interface Backend extends Program.Program {
  /** `http://127.0.0.1:…` of the API. */
  readonly api: string
  /** `/metrics`. */
  readonly metrics: string
  /** Waits until the first pricing pack is fresh: before that, patterns answer with 503. */
  readonly warm: Effect.Effect<void, Deadline.NotInTime>
  /** Calls the API as one of the demonstration's users. */
  readonly call: (call: Call) => Effect.Effect<Http.Answer, Http.AskFailed>
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A call that executes a pattern for a user of the demonstration. */
export const execute = (
  pattern_id: string,
  inputs: Readonly<Record<string, unknown>> = {},
  token = "demo-ada"
): Call => ({ method: "POST", path: "/v1/execute", body: { pattern_id, inputs }, token })

/** Starts `examples/dawsos/main.ts`; ended with the scope, by the signal that lets it flush. */
export const start = (
  stack: Stack.Stack,
  options: Options = {}
): Effect.Effect<Backend, Program.ProgramFailed, Scope.Scope> =>
  Effect.gen(function*() {
    // A folder of its own: a `.env` of the checkout is not for tests.
    const cwd = yield* Stack.temporaryFolder("backend")
    const port = yield* Ports.free
    const metricsAt = options.metricsPort ?? stack.port("host", metricsPort)
    const api = `http://127.0.0.1:${port}`
    const program = yield* Program.start({
      name: "backend",
      path: process.execPath,
      args: [
        "--conditions=source",
        Path.join(Compose.root, "examples/dawsos/main.ts"),
        ...(options.fault === undefined ? [] : ["--fault", options.fault]),
        ...(options.args ?? [])
      ],
      cwd,
      env: {
        NO_COLOR: "1",
        PORT: String(port),
        METRICS_PORT: String(metricsAt),
        TRAFFIC_RATE: String(options.traffic ?? 0),
        ...options.env
      },
      readyWithin: "90 seconds",
      ready: () => Http.text(`${api}/health`)
    })
    return {
      ...program,
      api,
      metrics: `http://127.0.0.1:${metricsAt}/metrics`,
      warm: Effect.asVoid(
        Deadline.eventually(Http.text(`${api}/health/pack`), { what: "the first pricing pack is fresh" })
      ),
      call: ({ body, headers, method, path, token }) =>
        Http.send(api + path, {
          method,
          ...(body === undefined ? {} : { json: body }),
          headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers }
        })
    }
  })
