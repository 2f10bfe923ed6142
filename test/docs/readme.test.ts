import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { spawn } from "node:child_process"
import * as Examples from "../../scripts/check/Examples.ts"
import * as Documents from "./Documents.ts"

/** Runs a program as a process of its own until the test ends. */
const running = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => spawn(process.execPath, ["--conditions=source", ...args], { cwd: Documents.root, env })),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )

/** Everything that a process says until `pattern` is found in it; dies with what it said when it ends before. */
const said = (child: ChildProcessWithoutNullStreams, patterns: ReadonlyArray<RegExp>) =>
  Effect.callback<ReadonlyArray<string>>((resume) => {
    let text = ""
    const hear = (chunk: Buffer) => {
      text += chunk.toString()
      const found = patterns.flatMap((pattern) => pattern.exec(text)?.[1] ?? [])
      if (found.length === patterns.length) resume(Effect.succeed(found))
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    child.once("exit", (code) => resume(Effect.die(new Error(`the program ended with ${code}:\n${text}`))))
  })

const get = (url: string) => Effect.promise(async () => (await fetch(url)).text())

describe("The README's reference program", () => {
  it.live("prints a request to try, which is answered as the README says", () =>
    Effect.gen(function*() {
      const text = Documents.read("README.md")
      const [line = "", token = "", path = ""] = /^try +curl -H "authorization: (.+)" http:\/\/127\.0\.0\.1:8000(\S+)$/m
        .exec(text) ?? []
      const child = yield* running(["examples/dawsos/main.ts"], { PORT: "0", METRICS_PORT: "0" })
      const [printed = ""] = yield* said(child, [/^(try .*)\n/m])
      expect(printed.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:8000")).toBe(line)
      const [, origin = ""] = /(http:\/\/[\d.:]+)/.exec(printed) ?? []
      // Without prices at first, which takes a moment.
      const response = yield* Effect.promise(() => fetch(origin + path, { headers: { authorization: token } })).pipe(
        Effect.repeat({ until: ({ status }) => status === 200, schedule: Schedule.spaced("100 millis") })
      )
      const [, answer = ""] = /```json\n(\{"quote".*)\n```/.exec(text) ?? []
      // The traffic asks the same now and then.
      expect((yield* Effect.promise(() => response.text())).replace("cached", "real")).toBe(answer)
    }), 60_000)
})

describe("The README's program", () => {
  it.live("serves, is observed, and shows what the README says that it shows", () =>
    Effect.gen(function*() {
      const text = Documents.read("README.md")
      const program = Examples.ofMarkdown("README.md", text)[0]?.code ?? ""
      const child = yield* running(["--input-type=module-typescript", "--eval", program], {
        ENABLE_OBSERVABILITY: "true",
        PORT: "0",
        METRICS_PORT: "0",
        // Nobody listens there; what becomes of spans is not asked here.
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9"
      })
      const [metrics = "", api = ""] = yield* said(child, [
        /metrics are served at (http:[^"]+)"/,
        /Listening on (http:[^"]+)"/
      ])
      const [, shown = ""] = /```text\n(\{"symbol"[\s\S]*?)```/.exec(text) ?? []
      const [answer, ...series] = shown.trimEnd().split("\n")
      const logged = yield* Effect.forkChild(said(child, [/"(Sent HTTP response)"/]), { startImmediately: true })
      expect(yield* get(`${api}/api/quotes/AAPL`)).toBe(answer)
      yield* Fiber.join(logged)
      const page = yield* get(metrics)
      // What the command in the README leaves over.
      const left = page.split("\n").filter((line) => /^dawsos_.*_total.*quote/.test(line) && !line.endsWith(" 0"))
      expect(left).toEqual(series)
    }))
})
