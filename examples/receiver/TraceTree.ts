import type { ReceivedSpan } from "./ReceivedSpan.ts"

/** Nanoseconds for a reader: `12.3 ms`. */
export const formatDuration = (nanos: bigint): string => {
  const value = Number(nanos)
  if (value < 0) return `-${formatDuration(-nanos)}`
  if (value < 1_000) return `${value} ns`
  if (value < 1_000_000) return `${(value / 1e3).toPrecision(3)} µs`
  if (value < 999_500_000) return `${Number((value / 1e6).toPrecision(3))} ms`
  return `${(value / 1e9).toFixed(2)} s`
}

/** What is printed may come from a request: no control character may reach the terminal. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\ufffd")

const line = (span: ReceivedSpan): string => {
  const kind = span.kind === "internal" || span.kind === "unspecified" ? "" : ` [${span.kind}]`
  const message = span.status.message === undefined ? "" : `: ${printable(span.status.message).slice(0, 120)}`
  const status = span.status.code === "error" ? `  ERROR${message}` : span.status.code === "ok" ? "  ok" : ""
  const duration = formatDuration(span.endTimeUnixNano - span.startTimeUnixNano)
  return `${printable(span.name)}${kind}  ${duration}${status}`
}

const byStart = (left: ReceivedSpan, right: ReceivedSpan): number =>
  left.startTimeUnixNano < right.startTimeUnixNano
    ? -1
    : left.startTimeUnixNano > right.startTimeUnixNano
    ? 1
    : left.spanId < right.spanId
    ? -1
    : 1

/** The spans of a trace by id: a span that several signals sent is there once. */
const distinct = (spans: ReadonlyArray<ReceivedSpan>): ReadonlyMap<string, ReceivedSpan> =>
  new Map([...spans].sort(byStart).map((span) => [span.spanId, span]))

/**
 * One trace as an indented tree, a span a line with duration and status, siblings by start. A span whose parent was
 * not received stands at the left edge with `(parent … not received)`. At most `maxLines` lines (200).
 */
export const render = (spans: ReadonlyArray<ReceivedSpan>, maxLines = 200): string => {
  const all = distinct(spans)
  const children = new Map<string, Array<ReceivedSpan>>()
  const roots: Array<ReceivedSpan> = []
  for (const span of all.values()) {
    if (span.parentSpanId !== undefined && all.has(span.parentSpanId)) {
      const siblings = children.get(span.parentSpanId)
      if (siblings === undefined) children.set(span.parentSpanId, [span])
      else siblings.push(span)
    } else {
      roots.push(span)
    }
  }
  const lines: Array<string> = []
  const seen = new Set<string>()
  const print = (start: ReceivedSpan, note: string): void => {
    const open: Array<{ readonly span: ReceivedSpan; readonly own: string; readonly below: string }> = [
      { span: start, own: "", below: "" }
    ]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next.span.spanId)) continue
      seen.add(next.span.spanId)
      lines.push(`${next.own}${line(next.span)}${next.span === start ? note : ""}`)
      const below = children.get(next.span.spanId) ?? []
      for (let index = below.length - 1; index >= 0; index--) {
        const last = index === below.length - 1
        open.push({
          span: below[index]!,
          own: `${next.below}${last ? "└─ " : "├─ "}`,
          below: `${next.below}${last ? "   " : "│  "}`
        })
      }
    }
  }
  for (const root of roots) {
    print(root, root.parentSpanId === undefined ? "" : `  (parent ${root.parentSpanId} not received)`)
  }
  // What is left has parents in a circle; no honest program sends that, and it must not hide spans.
  for (const span of all.values()) if (!seen.has(span.spanId)) print(span, "  (parents in a circle)")
  if (lines.length <= maxLines) return lines.join("\n")
  return [...lines.slice(0, maxLines), `… ${lines.length - maxLines} more spans`].join("\n")
}

/** The trace whose root span (one without a parent) took longest; `undefined` without any root. */
export const slowest = (spans: ReadonlyArray<ReceivedSpan>): string | undefined => {
  let found: ReceivedSpan | undefined
  for (const span of spans) {
    if (span.parentSpanId !== undefined) continue
    if (
      found === undefined
      || span.endTimeUnixNano - span.startTimeUnixNano > found.endTimeUnixNano - found.startTimeUnixNano
    ) {
      found = span
    }
  }
  return found?.traceId
}
