// The tables of the programs under load.
import { median } from "../../scripts/Trend.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import type * as Load from "./Load.ts"
import * as Programs from "./Programs.ts"
import * as Rounds from "./Rounds.ts"

type Rows = ReadonlyArray<ReadonlyArray<string>>

const megabyte = 1_000_000

const cell = (values: ReadonlyArray<number>): string => Figure.spread(Interleaved.spreadOf(values))

const perSpan = (of: Rounds.Series, mode: Programs.Mode): string =>
  mode.startsWith("off") ? "" : cell(Rounds.added(of, mode, "span"))

/** What a program did that answered as fast as it could. */
export const closed = (of: Rounds.Series, held: Readonly<Record<Programs.Mode, Rounds.Held>>): Rows => [
  [
    "program",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "CPU ms a request",
    "spans a request",
    "CPU µs added a span",
    "heap MB",
    "RSS MB"
  ],
  ...Programs.modes.map((mode) => [
    mode,
    cell(of[mode].map(({ requests, seconds }) => requests / seconds)),
    cell(of[mode].map(({ p50 }) => p50)),
    cell(of[mode].map(({ p99 }) => p99)),
    cell(of[mode].map(({ cpu }) => cpu)),
    median(of[mode].map(({ spans }) => spans)).toFixed(1),
    perSpan(of, mode),
    (held[mode].heap / megabyte).toFixed(1),
    (held[mode].rss / megabyte).toFixed(0)
  ])
]

/** What its clients felt at a fixed rate. */
export const open = (of: Rounds.Series): Rows => [
  ["program", "p50 ms", "p99 ms", "p50 over off", "p99 over off", "CPU ms a request", "CPU µs added a span"],
  ...Programs.modes.map((mode) => {
    const over = (read: (round: Rounds.Round) => number) =>
      mode === "off"
        ? ""
        : Figure.spread(Interleaved.ratio(Rounds.values(of, mode, read), Rounds.values(of, "off", read)), "×")
    return [
      mode,
      cell(of[mode].map(({ p50 }) => p50)),
      cell(of[mode].map(({ p99 }) => p99)),
      over(({ p50 }) => p50),
      over(({ p99 }) => p99),
      cell(of[mode].map(({ cpu }) => cpu)),
      perSpan(of, mode)
    ]
  })
]

/** The waves that a program took. */
export interface Herd {
  readonly mode: Programs.Mode
  readonly waves: ReadonlyArray<Load.Wave>
}

/** What DawsOS's documents promise, in milliseconds. */
const warmP95 = 1_200

export const herd = (of: ReadonlyArray<Herd>): Rows => [
  ["program", "p50 ms", "p95 ms", "warm p95 of at most 1.2 s", "answers of a wave"],
  ...of.map(({ mode, waves }) => [
    mode,
    cell(waves.map(({ p50 }) => p50)),
    cell(waves.map(({ p95 }) => p95)),
    median(waves.map(({ p95 }) => p95)) <= warmP95 ? "kept" : "not kept",
    [...new Set(waves.map(({ answers }) => answers))].join("; ")
  ])
]

/** The time of a program by module. */
export interface Profiled {
  readonly mode: Programs.Mode
  readonly shares: ReadonlyMap<string, number>
  /** Processor time a request, without a profiler, in microseconds. */
  readonly cpu: number
}

/** Modules below this part of the time of each program are shown as one. */
const smallestShare = 0.005

/** What the second program takes more of than the first comes first. */
export const profile = (of: ReadonlyArray<Profiled>): Rows => {
  const time = (profiled: Profiled | undefined, module: string): number =>
    (profiled?.shares.get(module) ?? 0) * (profiled?.cpu ?? 0)
  const more = (module: string): number => time(of[1], module) - time(of[0], module)
  const modules = [...new Set(of.flatMap(({ shares }) => [...shares.keys()]))]
  const isLarge = (module: string): boolean => of.some(({ shares }) => (shares.get(module) ?? 0) >= smallestShare)
  const text = (profiled: Profiled, modules: ReadonlyArray<string>): string => {
    const micros = modules.reduce((sum, module) => sum + time(profiled, module), 0)
    return `${micros.toFixed(0)} (${(micros / profiled.cpu * 100).toFixed(1)} %)`
  }
  const row = (title: string, modules: ReadonlyArray<string>): ReadonlyArray<string> => [
    title,
    ...of.map((profiled) => text(profiled, modules)),
    modules.reduce((sum, module) => sum + more(module), 0).toFixed(0)
  ]
  return [
    ["module", ...of.map(({ mode }) => mode), `${of[1]?.mode ?? ""} more than ${of[0]?.mode ?? ""}`],
    ...modules.filter(isLarge).sort((a, b) => more(b) - more(a)).map((module) => row(module, [module])),
    row("all others", modules.filter((module) => !isLarge(module)))
  ]
}
