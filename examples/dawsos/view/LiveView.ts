/** What happens now, as a block of text. */
import { Accounting, type ErrorTracking } from "@dawsos/observability"
import type { ReceivedEvent } from "../../receiver/SentryEnvelope.ts"
import { formatDuration } from "../../receiver/TraceTree.ts"
import { type Figures, isServerError } from "./Figures.ts"
import type { Line } from "./Screen.ts"

export interface State {
  /** Where to look. */
  readonly addresses: string
  readonly seconds: number
  readonly figures: Figures
  /** The figures some seconds ago, for rates. */
  readonly before: { readonly seconds: number; readonly figures: Figures }
  readonly spans: Accounting.Accounting
  readonly events: ErrorTracking.ErrorAccounting
  /** What the receivers have got; nothing where a signal goes elsewhere. */
  readonly lastEvent: ReceivedEvent | undefined
  readonly slowestTrace: string | undefined
}

const time = (seconds: number | undefined): string =>
  seconds === undefined ? "–" : formatDuration(BigInt(Math.round(seconds * 1e9)))

const age = (seconds: number): string =>
  seconds < 120
    ? `${Math.round(seconds)} s`
    : seconds < 7200
    ? `${Math.round(seconds / 60)} min`
    : `${(seconds / 3600).toFixed(1)} h`

interface Table {
  readonly title: string
  /** The base name of the histogram, whose `_count` is the number of calls. */
  readonly histogram: string
  readonly counter: string
  readonly labels: ReadonlyArray<string>
  readonly failed: (labels: Readonly<Record<string, string>>) => boolean
}

const routes: Table = {
  title: "route",
  histogram: "dawsos_api_request_duration_seconds",
  counter: "dawsos_api_requests_total",
  labels: ["method", "endpoint"],
  failed: ({ status_code = "" }) => isServerError(status_code)
}

const capabilities: Table = {
  title: "capability (slowest)",
  histogram: "dawsos_agent_capability_duration_seconds",
  counter: "dawsos_agent_capability_calls_total",
  labels: ["agent_name", "capability"],
  failed: ({ status }) => status === "error" || status === "defect"
}

const columns = (name: string, ...cells: ReadonlyArray<string>): string =>
  name.padEnd(48).slice(0, 48) + cells.map((cell) => cell.padStart(10)).join("")

const table = (
  { before, figures, seconds }: State,
  { counter, failed, histogram, labels, title }: Table,
  rows: number
): ReadonlyArray<Line> => {
  const span = Math.max(0.001, seconds - before.seconds)
  const found = figures.of(`${histogram}_count`).filter(({ value }) => value > 0).map(({ labels: all, value }) => {
    const own = Object.fromEntries(labels.map((label) => [label, all[label] ?? ""]))
    return {
      name: Object.values(own).join(" "),
      count: value,
      rate: (value - before.figures.total(`${histogram}_count`, own)) / span,
      p50: figures.quantile(histogram, 0.5, own),
      p95: figures.quantile(histogram, 0.95, own) ?? 0,
      errors: figures.of(counter, own).filter((sample) => failed(sample.labels)).reduce(
        (sum, { value }) => sum + value,
        0
      )
    }
  }).sort((a, b) => b.p95 - a.p95)
  return [
    { text: columns(title, "calls", "per s", "p50", "p95", "errors"), style: "bold" },
    ...found.slice(0, rows).map(({ count, errors, name, p50, p95, rate }): Line => ({
      text: columns(name, `${count}`, rate.toFixed(1), time(p50), time(p95), errors === 0 ? "" : `${errors}`),
      ...(errors > 0 ? { style: "red" } : {})
    })),
    ...(found.length > rows ? [{ text: `… ${found.length - rows} more`, style: "dim" } as Line] : [])
  ]
}

const headline = ({ before, figures, seconds }: State): string => {
  const requests = "dawsos_api_requests_total"
  const rate = (figures.total(requests) - before.figures.total(requests)) / Math.max(0.001, seconds - before.seconds)
  const pack = figures.of("dawsos_pricing_pack_status").find(({ value }) => value === 1)?.labels["status"] ?? "missing"
  const fresh = figures.of("dawsos_pricing_pack_freshness_seconds")[0]
  return [
    `${age(seconds)} up`,
    `${figures.total(requests)} requests, ${rate.toFixed(1)}/s, ${(figures.serverErrors() * 100).toFixed(1)} % errors`,
    `pack ${pack}${fresh === undefined ? "" : `, ${age(fresh.value)} old`}`,
    `${figures.total("dawsos_alerts_delivered_total", { status: "success" })} alerts delivered`,
    `database ${figures.total("dawsos_db_connections_active")}/${figures.total("dawsos_db_connections_max")} busy`
  ].join("  ·  ")
}

/** The books of error events as one line. */
export const eventBooks = ({ captured, dropped, queued, sent }: ErrorTracking.ErrorAccounting): string =>
  `events: captured ${captured}, sent ${sent}, dropped ${
    Object.values(dropped).reduce((sum, n) => sum + n, 0)
  }, queued ${queued}`

/** An event in one line: what failed, why, and the trace to look at. */
export const eventLine = ({ exceptions, level, message, traceId }: ReceivedEvent): string => {
  const error = exceptions.at(-1)
  const root = exceptions.length > 1 ? exceptions[0] : undefined
  const why = root === undefined ? "" : ` (${root.type}: ${root.value?.split("\n", 1)[0]})`
  return `trace ${traceId}  ${error?.type ?? level}: ${error?.value ?? message}${why}`
}

const blank: Line = { text: "" }

/** The block, at most `rows` lines: in a small window its tables are shorter and the trace gives way. */
export const render = (state: State, rows: number): ReadonlyArray<Line> => {
  const [started = "", ...sinks] = Accounting.format(state.spans).split("; ")
  const small = rows < 40
  const lines: ReadonlyArray<Line> = [
    { text: headline(state), style: "bold" },
    { text: state.addresses, style: "dim" },
    blank,
    ...table(state, routes, small ? 4 : 9),
    blank,
    ...table(state, capabilities, small ? 3 : 8),
    blank,
    { text: started },
    ...sinks.map((text) => ({ text: `  ${text}` })),
    { text: eventBooks(state.events) },
    ...(state.lastEvent === undefined
      ? []
      : [{ text: `last error  ${eventLine(state.lastEvent)}`, style: "red" } as Line])
  ]
  const trace = state.slowestTrace?.split("\n") ?? []
  const room = Math.min(20, rows - lines.length - 3)
  return room < 3 || trace.length === 0 ? lines : [
    ...lines,
    blank,
    { text: "slowest request", style: "bold" },
    ...trace.slice(0, room).map((text) => ({ text: `  ${text}` })),
    ...(trace.length > room ? [{ text: `  … ${trace.length - room} more spans`, style: "dim" } as Line] : [])
  ]
}
