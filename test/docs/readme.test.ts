import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { spawn } from "node:child_process"
import * as Examples from "../../scripts/check/Examples.ts"
import * as Documents from "./Documents.ts"

/** Runs the README's program as a process of its own until the test ends. */
const running = (program: string, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        process.execPath,
        ["--conditions=source", "--input-type=module-typescript", "--eval", program],
        { cwd: Documents.root, env }
      )
    ),
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

describe("The README's program", () => {
  it.live("serves, is observed, and shows what the README says that it shows", () =>
    Effect.gen(function*() {
      const text = Documents.read("README.md")
      const program = Examples.ofMarkdown("README.md", text)[0]?.code ?? ""
      const child = yield* running(program, {
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
      expect(yield* get(`${api}/api/quotes/AAPL`)).toBe(answer)
      const page = yield* get(metrics)
      // What the command in the README leaves over.
      const left = page.split("\n").filter((line) => /^dawsos_.*_total.*quote/.test(line) && !line.endsWith(" 0"))
      expect(left).toEqual(series)
    }))
})
