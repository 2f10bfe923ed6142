/** An hour that has been: samples as if the program had run for that long, written into Prometheus's storage. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { closeSync, openSync, writeSync } from "node:fs"
import * as Path from "node:path"
import type * as Compose from "./Compose.ts"
import * as Stack from "./Stack.ts"
import * as Tool from "./Tool.ts"

/** `promtool` refused what was written; the message is its own. */
export class HistoryRefused extends Data.TaggedError("HistoryRefused")<{ readonly message: string }> {}

export interface Options {
  /** Unix seconds. */
  readonly from: number
  readonly to: number
  /** Seconds between two samples. */
  readonly step: number
  /** The names of the series that are written. */
  readonly names: ReadonlySet<string>
}

/**
 * Writes the series of a `/metrics` page into the storage of a stack's Prometheus that is not yet started: gauges as they
 * are, everything else growing by its value on the page at every step. The number of series.
 */
export const write = (
  stack: Stack.Stack,
  page: string,
  { from, names, step, to }: Options
): Effect.Effect<
  number,
  HistoryRefused | Tool.ToolMissing | Stack.NotPlaced | Compose.ComposeRefused,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const promtool = yield* Tool.path("promtool")
    const placed = yield* stack.place("prometheus")
    const gauges = new Set([...page.matchAll(/^# TYPE (\S+) gauge$/gm)].map(([, name]) => name))
    const series = page.split("\n").flatMap((line) => {
      const [, name = "", labels = "", value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
      if (!names.has(name)) return []
      const target = "job=\"dawsos\",instance=\"host\""
      return [{
        text: `${name}{${target}${labels === "" ? "" : `,${labels}`}}`,
        at: (point: number): number => gauges.has(name) ? Number(value) : Number(value) * point
      }]
    })
    const file = Path.join(yield* Stack.temporaryFolder("history"), "history.txt")
    const descriptor = openSync(file, "w")
    const points = Math.floor((to - from) / step)
    for (const { at, text } of series) {
      const lines = Array.from(
        { length: points },
        (_, point) => `${text} ${at(point)} ${from + point * step}\n`
      )
      writeSync(descriptor, lines.join(""))
    }
    writeSync(descriptor, "# EOF\n")
    closeSync(descriptor)
    const made = spawnSync(promtool, ["tsdb", "create-blocks-from", "openmetrics", file, placed.path("/prometheus")], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "" }
    })
    if (made.status !== 0) {
      return yield* new HistoryRefused({ message: made.error?.message ?? made.stderr.trim() })
    }
    return series.length
  })
