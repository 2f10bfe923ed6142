import { describe, expect, it } from "@effect/vitest"
import { type Format, parse } from "./ExpositionText.ts"

const refused: ReadonlyArray<readonly [what: string, format: Format, text: string]> = [
  ["an OpenMetrics text without its end", "openmetrics", "# TYPE a gauge\na 1\n"],
  ["text after the end", "openmetrics", "# EOF\na 1\n"],
  ["an empty line in OpenMetrics", "openmetrics", "# TYPE a gauge\n\na 1\n# EOF\n"],
  ["a last line that does not end", "prometheus", "a 1"],
  ["a counter without _total in OpenMetrics", "openmetrics", "# TYPE a counter\na 1\n# EOF\n"],
  ["a counter whose suffix is doubled", "openmetrics", "# TYPE a_total counter\na_total_total 1\n# EOF\n"],
  ["a negative counter", "prometheus", "# TYPE a_total counter\na_total -1\n"],
  ["a type that does not exist", "prometheus", "# TYPE a number\na 1\n"],
  ["an unescaped quote in a label", "prometheus", "a{b=\"c\"d\"} 1\n"],
  ["an escape that does not exist", "prometheus", "a{b=\"\\t\"} 1\n"],
  ["an unescaped quote in an OpenMetrics help text", "openmetrics", "# HELP a \"b\"\n# TYPE a gauge\na 1\n# EOF\n"],
  ["a lone surrogate", "prometheus", "a{b=\"\ud800\"} 1\n"],
  ["a label twice", "prometheus", "a{b=\"1\",b=\"2\"} 1\n"],
  ["a sample twice", "prometheus", "a{b=\"1\"} 1\na{b=\"1\"} 2\n"],
  ["a family torn apart", "prometheus", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\na{c=\"1\"} 1\n"],
  ["a value that is no number", "prometheus", "a 1x\n"],
  [
    "buckets that fall",
    "prometheus",
    "# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n"
  ],
  ["a histogram without +Inf", "prometheus", "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\na_sum 1\na_count 1\n"],
  ["a count beside its buckets", "prometheus", "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n"],
  [
    "a bound that is no float",
    "prometheus",
    "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n"
  ],
  ["an exemplar on a gauge", "openmetrics", "# TYPE a gauge\na 1 # {b=\"c\"} 1\n# EOF\n"],
  ["an exemplar in the older format", "prometheus", "# TYPE a_total counter\na_total 1 # {b=\"c\"} 1\n"],
  [
    "an exemplar outside of its bucket",
    "openmetrics",
    "# TYPE a histogram\na_bucket{le=\"1.0\"} 1 # {b=\"c\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n# EOF\n"
  ]
]

describe("The strict reader of expositions", () => {
  for (const [what, format, text] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => parse(text, format)).toThrow(/^line \d+: /)
    })
  }

  it("reads what the formats allow", () => {
    const text = [
      "# HELP a say \\\"\\n\\\\",
      "# TYPE a counter",
      "a_total{b=\"\\\"\\n\\\\\"} 1 # {trace_id=\"x\"} 0.5 1.5",
      "# EOF",
      ""
    ].join("\n")
    const read = parse(text, "openmetrics")
    expect(read.families.get("a")?.help).toBe("say \"\n\\")
    expect(read.sample("a_total", { b: "\"\n\\" })?.exemplar).toEqual({
      labels: { trace_id: "x" },
      value: 0.5,
      timestamp: 1.5
    })
  })
})
