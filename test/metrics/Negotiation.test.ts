import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { negotiate } from "../../src/metrics/Negotiation.ts"

const prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
  + "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
  + "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
const prometheus2 = "application/openmetrics-text; version=1.0.0,application/openmetrics-text; version=0.0.1;q=0.75,"
  + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
const chrome = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

describe("The format of a scrape", () => {
  const cases: ReadonlyArray<readonly [who: string, accept: string | undefined, format: string]> = [
    ["Prometheus 3", prometheus3, "openmetrics"],
    ["Prometheus 2", prometheus2, "openmetrics"],
    ["a browser", chrome, "prometheus"],
    ["curl", "*/*", "prometheus"],
    ["one who says nothing", undefined, "prometheus"],
    ["one who says an empty thing", "", "prometheus"],
    ["one who would rather have text", "application/openmetrics-text;q=0.5,text/plain;q=0.6", "prometheus"],
    ["one who likes both", "text/plain,application/openmetrics-text", "openmetrics"],
    ["one who refuses OpenMetrics", "application/openmetrics-text;q=0,*/*", "prometheus"],
    ["one who wants a version to come", "application/openmetrics-text;version=2.0.0,text/plain;q=0.1", "prometheus"],
    ["one who shouts and spaces", "  Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.9 ", "openmetrics"],
    ["one who only reads JSON", "application/json", "prometheus"],
    ["one whose weight is no number", "application/openmetrics-text;q=high,text/plain;q=0.5", "prometheus"]
  ]
  for (const [who, accept, format] of cases) {
    it(`is ${format} for ${who}`, () => {
      expect(negotiate(accept)).toBe(format)
    })
  }

  it("is found for any header", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string(), (accept) => {
      expect(["prometheus", "openmetrics"]).toContain(negotiate(accept))
    }))
  })
})
