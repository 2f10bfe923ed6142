import { assert, describe, it } from "@effect/vitest"
import { Figures, isServerError, parse } from "../../../../examples/dawsos/view/Figures.ts"

const page = `# HELP requests_total Requests
# TYPE requests_total counter
requests_total{route="/a",code="200"} 6
requests_total{route="/a",code="500"} 2
requests_total{route="/b \\"x\\" \\\\ \\n",code="200"} 1 1700000000000
idle_total{route="/a"} 0
age_seconds 93610.5
took_seconds_bucket{route="/a",le="0.1"} 4
took_seconds_bucket{route="/a",le="1"} 8
took_seconds_bucket{route="/a",le="+Inf"} 10
took_seconds_bucket{route="/b",le="0.1"} 10
took_seconds_bucket{route="/b",le="1"} 10
took_seconds_bucket{route="/b",le="+Inf"} 10
took_seconds_count{route="/a"} 10
`

const figures = new Figures(parse(page))

describe("Figures", () => {
  it("reads a page in the text format, with escapes, timestamps and infinities", () => {
    assert.lengthOf(parse(page), 12)
    assert.deepStrictEqual(parse("a{b=\"}\\n\",c=\"\"} +Inf"), [{
      name: "a",
      labels: { b: "}\n", c: "" },
      value: Infinity
    }])
    assert.deepStrictEqual(figures.of("requests_total", { code: "200" }).map(({ labels }) => labels["route"]), [
      "/a",
      "/b \"x\" \\ \n"
    ])
    assert.strictEqual(figures.total("age_seconds"), 93610.5)
  })

  it("sums by labels and groups what is above 0", () => {
    assert.strictEqual(figures.total("requests_total"), 9)
    assert.strictEqual(figures.total("requests_total", { route: "/a" }), 8)
    assert.strictEqual(figures.total("missing_total"), 0)
    assert.deepStrictEqual(figures.groups("requests_total", "code"), [{ key: "200", value: 7 }, {
      key: "500",
      value: 2
    }])
    assert.deepStrictEqual(figures.groups("idle_total", "route"), [])
  })

  it("interpolates a quantile within its bucket, as Prometheus does", () => {
    assert.closeTo(figures.quantile("took_seconds", 0.5, { route: "/a" }) ?? 0, 0.1 + 0.9 * (5 - 4) / 4, 1e-9)
    assert.closeTo(figures.quantile("took_seconds", 0.2, { route: "/a" }) ?? 0, 0.05, 1e-9)
    // Beyond the last bound nothing more is known.
    assert.strictEqual(figures.quantile("took_seconds", 0.95, { route: "/a" }), 1)
    assert.closeTo(figures.quantile("took_seconds", 0.7) ?? 0, 0.1 * 14 / 14, 1e-9)
    assert.isUndefined(figures.quantile("missing_seconds", 0.5))
  })

  it("does not count 503 as a server error: it is the answer while a pack is being built", () => {
    assert.deepStrictEqual(["500", "504", "503", "404"].map(isServerError), [true, true, false, false])
    const mixed = "dawsos_api_requests_total{status_code=\"503\"} 8\ndawsos_api_requests_total{status_code=\"500\"} 2"
    assert.strictEqual(new Figures(parse(mixed)).serverErrors(), 0.2)
  })
})
