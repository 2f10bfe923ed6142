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

/** Modules below this part of the time of each program are shown together with others. */
const smallestShare = 0.005

/** Where modules of this package that are too small for a row of their own are shown together. */
const rooms: ReadonlySet<string> = new Set([
  "src/tracing",
  "src/observation",
  "src/metrics",
  "src/scrubber",
  "src/instrument",
  "src/errors"
])

const isOwn = (module: string): boolean => module.startsWith("src/")

const othersOf = (module: string): string => {
  if (!isOwn(module)) return "all others"
  const room = module.split("/", 2).join("/")
  return `${rooms.has(room) ? room : "src"}, other modules`
}

/** By module, what the second program takes more of than the first first; at the end all, and what of it is this package's doing. */
export const profile = (of: ReadonlyArray<Profiled>): Rows => {
  const [base, layered] = of
  if (base === undefined || layered === undefined) throw new Error("a profile has nothing to be compared with")
  const modules = [...new Set(of.flatMap(({ shares }) => [...shares.keys()]))]
  const isLarge = (module: string): boolean => of.some(({ shares }) => (shares.get(module) ?? 0) >= smallestShare)
  const sum = ({ cpu, shares }: Profiled, modules: ReadonlyArray<string>): number =>
    modules.reduce((sum, module) => sum + (shares.get(module) ?? 0) * cpu, 0)
  const row = (title: string, micros: (profiled: Profiled) => number): ReadonlyArray<string> => [
    title,
    ...of.map((profiled) => `${micros(profiled).toFixed(0)} (${(micros(profiled) / profiled.cpu * 100).toFixed(1)} %)`),
    (micros(layered) - micros(base)).toFixed(0)
  ]
  const [own, foreign] = [modules.filter(isOwn), modules.filter((module) => !isOwn(module))]
  const shown = Map.groupBy(modules, (module) => isLarge(module) ? module : othersOf(module))
  const more = (modules: ReadonlyArray<string>): number => sum(layered, modules) - sum(base, modules)
  return [
    ["module", ...of.map(({ mode }) => mode), `${layered.mode} more than ${base.mode}`],
    ...[...shown].sort(([, a], [, b]) => more(b) - more(a)).map(([title, modules]) =>
      row(title, (profiled) => sum(profiled, modules))
    ),
    row("all", (profiled) => sum(profiled, modules)),
    // The program takes as much as it takes off: what others take beyond that they take for the layer.
    row(
      "the layer: src, and what others take more than off",
      (profiled) => sum(profiled, own) + sum(profiled, foreign) - sum(base, foreign)
    )
  ]
}
