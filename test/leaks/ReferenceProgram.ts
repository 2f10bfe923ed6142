// The reference program as a process of its own, sending to a receiver of this one; every byte that it lets go is kept.
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as Http from "node:http"
import * as Path from "node:path"
import type { Signal } from "../../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../../examples/receiver/Receiver.ts"

const root = Path.resolve(import.meta.dirname, "../..")

/** Where spans go. */
export type Destination = "otlp" | "jaegerHttp" | "jaegerUdp"

/** What was received, by the way that it came. */
export type Captured = ReadonlyMap<string, ReadonlyArray<Uint8Array>>

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** The process did not do what the test waits for. */
export class ProgramError extends Data.TaggedError("ProgramError")<{ readonly message: string }> {}

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly stdout: () => string
  readonly ended: Effect.Effect<Ended>
  /** What `read` finds in the standard output, as soon as it finds it. */
  readonly find: (read: (stdout: string) => string | undefined) => Effect.Effect<string, ProgramError>
}

/** Starts `examples/dawsos/main.ts`; a process that outlives the scope is killed. */
export const start = (
  env: Readonly<Record<string, string>>,
  options: { readonly imports?: ReadonlyArray<string>; readonly args?: ReadonlyArray<string> } = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const imports = (options.imports ?? []).map((name) =>
        `--import=${Path.join(import.meta.dirname, "programs", name)}`
      )
      const main = Path.join(root, "examples/dawsos/main.ts")
      const child = spawn(process.execPath, ["--conditions=source", ...imports, main, ...options.args ?? []], {
        // Away from the repository, whose `.env` the program would read.
        cwd: import.meta.dirname,
        env: { PATH: process.env["PATH"] ?? "", ...env },
        stdio: ["ignore", "pipe", "pipe"]
      })
      const out: Array<Buffer> = []
      const err: Array<Buffer> = []
      let ended: Ended | undefined
      const watchers = new Set<() => void>()
      const tell = () => watchers.forEach((watcher) => watcher())
      child.stdout.on("data", (chunk: Buffer) => {
        out.push(chunk)
        tell()
      })
      child.stderr.on("data", (chunk: Buffer) => void err.push(chunk))
      child.on("close", (code) => {
        ended = { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err) }
        tell()
      })
      const stdout = () => Buffer.concat(out).toString("utf8")
      const until = <A, E>(look: () => Effect.Effect<A, E> | undefined): Effect.Effect<A, E> =>
        Effect.callback((resume) => {
          const watcher = () => {
            const found = look()
            if (found === undefined) return
            watchers.delete(watcher)
            resume(found)
          }
          watchers.add(watcher)
          watcher()
          return Effect.sync(() => watchers.delete(watcher))
        })
      const running: Running = {
        kill: (signal) => void child.kill(signal),
        stdout,
        ended: until(() => ended === undefined ? undefined : Effect.succeed(ended)),
        find: (read) =>
          until(() => {
            const found = read(stdout())
            if (found !== undefined) return Effect.succeed(found)
            return ended === undefined
              ? undefined
              : Effect.fail(new ProgramError({ message: `it ended: ${stdout()}\n${ended.stderr.toString("utf8")}` }))
          })
      }
      return { child, running }
    }),
    ({ child }) =>
      Effect.sync(() => {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL")
      })
  ).pipe(Effect.map(({ running }) => running))

/** A request whose target is sent as it is, but for what no client sends. */
export interface Request {
  readonly method?: "GET" | "POST" | "DELETE"
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const target = (text: string): string =>
  text.toWellFormed().replace(/[^\x21-\x7e]|["<>\\^`{|}]/gu, (character) => encodeURIComponent(character))

/** Asks, and answers with every byte of the answer: status line, headers, body. */
const ask = (base: string, { body, headers, method = "GET", target: text }: Request) =>
  Effect.callback<{ readonly status: number; readonly bytes: Buffer; readonly body: string }, ProgramError>(
    (resume) => {
      const { hostname, port } = new URL(base)
      const request = Http.request(
        { hostname, port, method, path: target(text), headers, agent: false },
        (response) => {
          const chunks: Array<Buffer> = []
          response.on("data", (chunk: Buffer) => void chunks.push(chunk)).on("end", () => {
            const head = [`${response.statusCode} ${response.statusMessage}`, ...response.rawHeaders].join("\r\n")
            const content = Buffer.concat(chunks)
            resume(Effect.succeed({
              status: response.statusCode ?? 0,
              bytes: Buffer.concat([Buffer.from(`${head}\r\n\r\n`), content]),
              body: content.toString("utf8")
            }))
          })
        }
      )
      request.on(
        "error",
        (error) => resume(Effect.fail(new ProgramError({ message: `${method} ${text}: ${error.message}` })))
      )
      request.end(body)
      return Effect.sync(() => request.destroy())
    }
  )

/** The program while it runs. */
export interface Program {
  readonly receiver: Receiver.Shape
  /** Asks the API; the bytes of answers that are errors are kept. */
  readonly api: (request: Request) => Effect.Effect<{ readonly status: number; readonly body: string }, ProgramError>
  /** Asks the metrics server; what it answers is kept. */
  readonly metrics: (
    request: Request
  ) => Effect.Effect<{ readonly status: number; readonly body: string }, ProgramError>
  /** Runs a probe for each of these items. */
  readonly probe: (name: string, items: ReadonlyArray<unknown>) => Effect.Effect<void, ProgramError>
  /** Ends the program by a signal, and tells what it has let go since its start. */
  readonly end: Effect.Effect<Captured, ProgramError>
}

const environmentOf = (receiver: Receiver.Shape, destination: Destination): Readonly<Record<string, string>> => ({
  ...destination === "otlp"
    ? { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: receiver.otlpTracesUrl }
    : destination === "jaegerHttp"
    ? { JAEGER_ENDPOINT: receiver.jaegerHttpUrl }
    : { JAEGER_AGENT_HOST: receiver.jaegerUdp.host, JAEGER_AGENT_PORT: String(receiver.jaegerUdp.port) },
  PORT: "0",
  METRICS_PORT: "0",
  METRICS_TOKEN: metricsToken,
  SENTRY_DSN: receiver.sentryDsn,
  SENTRY_TRACES_SAMPLE_RATE: "1",
  TRAFFIC_RATE: "0",
  TIME_SCALE: "10000",
  OTEL_BSP_SCHEDULE_DELAY: "100",
  OTEL_BSP_MAX_QUEUE_SIZE: "100000"
})

/** A secret of the program's own environment. */
export const metricsToken = "metrics-Tk4f9QzL2mX8vB7w"

const limits = { spans: 1, items: 1, requests: 1_000_000, requestBytes: 1024 ** 3 }

/** Starts the program with its probes and waits until it serves with fresh prices. */
export const run = Effect.fnUntraced(function*(
  destination: Destination,
  options: { readonly scrubber: "on" | "off"; readonly env?: Readonly<Record<string, string>> }
) {
  const receiver = yield* Receiver.make({ limits })
  const running = yield* start(
    { ...options.env, ...environmentOf(receiver, destination), LEAKS_SCRUBBER: options.scrubber },
    { imports: ["hooks.ts"] }
  )
  const address = (name: string) =>
    running.find((stdout) => new RegExp(`^${name}\\s+(http://[\\d.:]+)`, "m").exec(stdout)?.[1])
  const [api, metrics] = [yield* address("API"), yield* address("metrics")]
  const answers: Array<Uint8Array> = []
  const pages: Array<Uint8Array> = []

  const program: Program = {
    receiver,
    api: (request) =>
      Effect.tap(ask(api, request), ({ bytes, status }) => {
        if (status >= 400) answers.push(bytes)
        return Effect.void
      }),
    metrics: (request) =>
      Effect.tap(ask(metrics, request), ({ bytes }) => {
        pages.push(bytes)
        return Effect.void
      }),
    probe: (name, items) =>
      Effect.flatMap(
        ask(api, {
          method: "POST",
          target: `/probe/${encodeURIComponent(name)}`,
          body: JSON.stringify(items),
          headers: { "content-type": "application/json" }
        }),
        ({ status }) =>
          status === 204
            ? Effect.void
            : Effect.fail(new ProgramError({ message: `the probe ${name} was answered ${status}` }))
      ),
    end: Effect.gen(function*() {
      running.kill("SIGTERM")
      const { code, stderr, stdout } = yield* running.ended
      if (code !== 130) {
        return yield* new ProgramError({ message: `it ended with ${code}: ${stderr.toString("utf8")}` })
      }
      const captured = new Map<string, Array<Uint8Array>>([
        ["answers", answers],
        ["metrics", pages],
        ["standard output", [stdout]],
        ["standard error", [stderr]]
      ])
      const totals = yield* receiver.totals
      if (totals.evicted.requests > 0) {
        return yield* new ProgramError({ message: "the receiver did not keep everything" })
      }
      for (const request of yield* receiver.requests) {
        const sink: Signal | "unserved" = request.signal ?? "unserved"
        const head = Buffer.from(JSON.stringify([request.method, request.path, request.headers]))
        const bytes = [head, request.raw, ...request.body === request.raw ? [] : [request.body]]
        captured.set(sink, [...captured.get(sink) ?? [], Buffer.concat(bytes)])
      }
      return captured
    })
  }
  const fresh = Effect.gen(function*() {
    const { status } = yield* program.api({ target: "/health/pack" })
    if (status !== 200) return yield* new ProgramError({ message: `/health/pack answers ${status}` })
  })
  yield* Effect.retry(fresh, { times: 600, schedule: Schedule.spaced("50 millis") })
  return program
})
