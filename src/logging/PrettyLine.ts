/**
 * A log line for people.
 */
import type { LogLine } from "./LogLine.ts"

const codes = { bold: "1", red: "31", green: "32", yellow: "33", blue: "34", gray: "90", alarm: "41;97" } as const

const levelColors: Record<LogLine["level"], keyof typeof codes> = {
  All: "gray",
  Trace: "gray",
  Debug: "blue",
  Info: "green",
  Warn: "yellow",
  Error: "red",
  Fatal: "alarm",
  None: "gray"
}

// Text comes from anywhere: it must not steer the terminal, nor pass for a line of its own.
const harmless = (text: string): string => {
  let out = ""
  for (const character of text) {
    const code = character.charCodeAt(0)
    if (character === "\n") out += "\n    "
    else if ((code < 32 && character !== "\t") || (code >= 127 && code < 160)) {
      out += `\\x${code.toString(16).padStart(2, "0")}`
    } else out += character
  }
  return out
}

const shown = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? String(value)

const pairs = (record: Readonly<Record<string, unknown>> | undefined, suffix = ""): string =>
  Object.entries(record ?? {}).map(([key, value]) => ` ${key}=${shown(value)}${suffix}`).join("")

/** The line, with its cause indented below it. */
export const format = (line: LogLine, colors: boolean): string => {
  const paint = (text: string, ...names: ReadonlyArray<keyof typeof codes>): string =>
    colors ? `\u001b[${names.map((name) => codes[name]).join(";")}m${text}\u001b[0m` : text
  const time = line.timestamp.slice(11, 23)
  const level = paint(line.level.toUpperCase().padEnd(5), levelColors[line.level])
  const values = (line.values ?? []).map((value) => ` ${shown(value)}`).join("")
  const trace = line.trace_id === undefined ? "" : ` trace_id=${line.trace_id} span_id=${line.span_id}`
  const details = harmless(`${pairs(line.spans, "ms")}${pairs(line.annotations)}`) + trace
  const cause = line.cause === undefined ? "" : `\n    ${harmless(line.cause)}`
  return `${paint(time, "gray")} ${level} ${paint(harmless(line.message), "bold")}${harmless(values)}${
    paint(details, "gray")
  }${cause}`
}
