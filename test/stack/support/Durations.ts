/**
 * Shorter durations for the same rules: every duration in Prometheus's and Alertmanager's files divided by one factor,
 * so that an alert of half an hour can be waited for.
 *
 * Thresholds are not durations: `> 90000` seconds of age stays what it is.
 */
import { parser } from "@prometheus-io/lezer-promql"
import type * as Substitution from "./Substitution.ts"

/** No faster: below it a range selector of a minute holds too few scrapes to be a rate. */
export const maxFactor = 30

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000
}

const unit = /(\d+)(ms|[smhdwy])/g

/** `1h30m` as milliseconds; undefined where the text is no duration. */
export const parse = (text: string): number | undefined =>
  /^(\d+(ms|[smhdwy]))+$/.test(text)
    ? [...text.matchAll(unit)].reduce(
      (sum, [, amount, name]) => sum + Number(amount) * (milliseconds[name ?? ""] ?? 0),
      0
    )
    : undefined

/** Milliseconds as Prometheus writes them. */
export const format = (duration: number): string => {
  const whole = Math.max(1, Math.round(duration))
  return whole % 1000 === 0 ? `${whole / 1000}s` : `${whole}ms`
}

const scaled = (text: string, factor: number): string => {
  const duration = parse(text)
  return duration === undefined || duration === 0 ? text : format(duration / factor)
}

/** A PromQL expression with its ranges, steps and offsets divided. */
export const expression = (promql: string, factor: number): string => {
  let result = promql
  const found: Array<{ readonly from: number; readonly to: number }> = []
  parser.parse(promql).iterate({
    enter: ({ from, name, to }) => {
      if (name === "NumberDurationLiteralInDurationContext") found.push({ from, to })
    }
  })
  for (const { from, to } of found.toReversed()) {
    result = result.slice(0, from) + scaled(promql.slice(from, to), factor) + result.slice(to)
  }
  return result
}

const keys = new Set([
  "scrape_interval",
  "scrape_timeout",
  "evaluation_interval",
  "interval",
  "query_offset",
  "for",
  "keep_firing_for",
  "group_wait",
  "group_interval",
  "repeat_interval",
  "resolve_timeout"
])

const least: Readonly<Record<string, number>> = {
  // Prometheus refuses nothing below, but two cores do.
  scrape_interval: 1000,
  scrape_timeout: 1000,
  evaluation_interval: 1000,
  interval: 1000
}

/** Divides the durations of a file by a factor of 1 to `maxFactor`; scrapes and evaluations stay a second apart. */
export const edit = (factor: number): Substitution.Edit => {
  if (!(factor >= 1 && factor <= maxFactor)) {
    throw new RangeError(`factor ${factor} is not allowed. Allowed: a number from 1 to ${maxFactor}.`)
  }
  return (value, path) => {
    const key = path.at(-1) ?? ""
    if (typeof value !== "string" || factor === 1) return value
    if (key === "expr") return expression(value, factor)
    if (!keys.has(key)) return value
    const duration = parse(value)
    if (duration === undefined || duration === 0) return value
    return format(Math.max(duration / factor, Math.min(duration, least[key] ?? 0)))
  }
}
