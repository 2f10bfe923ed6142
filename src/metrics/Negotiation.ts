/** Chooses the text format that a scraper wants most. */
import type * as Metrics from "./Metrics.ts"

interface Range {
  readonly type: string
  readonly version: string | undefined
  readonly quality: number
}

const parse = (accept: string): ReadonlyArray<Range> =>
  accept.split(",").flatMap((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase())
    if (type === "") return []
    const named = new Map(parameters.map((parameter) => {
      const [name = "", value = ""] = parameter.split("=").map((piece) => piece.trim())
      return [name, value.replace(/^"(.*)"$/, "$1")] as const
    }))
    const quality = named.has("q") ? Number(named.get("q")) : 1
    return [{
      type,
      version: named.get("version"),
      // A weight that is none counts as the least wish that is still a wish.
      quality: quality >= 0 && quality <= 1 ? quality : 0.001
    }]
  })

/** The versions of OpenMetrics whose text is the one that is written. */
const openMetricsVersions = new Set([undefined, "1.0.0", "0.0.1"])

const wish = (ranges: ReadonlyArray<Range>, matches: (range: Range) => number): number => {
  let best = { precision: 0, quality: 0 }
  for (const range of ranges) {
    const precision = matches(range)
    if (precision > best.precision || (precision === best.precision && range.quality > best.quality && precision > 0)) {
      best = { precision, quality: range.quality }
    }
  }
  return best.quality
}

/**
 * The format for an `Accept` header. OpenMetrics is written only for those who name it and do not rather have plain
 * text: it is the format that carries exemplars, but a person with a browser gets text. A header that allows neither is
 * answered with text too, as Prometheus' own clients do.
 */
export const negotiate = (accept: string | undefined): Metrics.Format => {
  if (accept === undefined) return "prometheus"
  const ranges = parse(accept)
  const openMetrics = wish(
    ranges,
    ({ type, version }) => type === "application/openmetrics-text" && openMetricsVersions.has(version) ? 3 : 0
  )
  const text = wish(
    ranges,
    ({ type }) => type === "text/plain" ? 3 : type === "text/*" ? 2 : type === "*/*" ? 1 : 0
  )
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "prometheus"
}
