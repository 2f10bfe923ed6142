import { MixinError, Queries } from "@dawsos/observability/mixin"
import { assert, describe, it } from "@effect/vitest"

const target = (expr: string, more: object = {}) => ({ refId: "A", expr, ...more })

describe("Queries.ofDashboard", () => {
  const dashboard = {
    uid: "shop",
    panels: [
      {
        type: "timeseries",
        title: "Orders",
        targets: [target(`rate(a{job=~"$job"}[$__rate_interval])`, { exemplar: true })]
      },
      { type: "row", title: "More", panels: [{ title: "Sum", targets: [target("sum(a)", { instant: true })] }] },
      { type: "text", title: "Words" },
      { type: "stat", title: "Other", targets: [{ refId: "A", query: "{}" }] }
    ]
  }

  it("finds every expression, those of collapsed rows too, as Prometheus is asked", () => {
    const asked = [
      {
        dashboard: "shop",
        panel: "Orders",
        refId: "A",
        expr: `rate(a{job=~".+"}[1m])`,
        instant: false,
        exemplars: true
      },
      { dashboard: "shop", panel: "Sum", refId: "A", expr: "sum(a)", instant: true, exemplars: false }
    ]
    assert.deepStrictEqual(Queries.ofDashboard(dashboard), asked)
    assert.deepStrictEqual(Queries.ofDashboard(JSON.stringify(dashboard)), asked)
  })

  it("fills in variables in all their spellings, and leaves what it does not know of Grafana's", () => {
    const filling = {
      variables: { job: "dawsos", route: "/a|/b" },
      rateInterval: "20 seconds",
      range: "5 minutes"
    } as const
    assert.strictEqual(
      Queries.fill(`a{j=~"$job", r=~"\${route:regex}", o=~"$other"}[$__rate_interval] b[$__range] \${__from}`, filling),
      `a{j=~"dawsos", r=~"/a|/b", o=~".+"}[20s] b[5m] \${__from}`
    )
  })

  it("refuses what is no dashboard", () => {
    for (const other of [undefined, [], {}, `{"dashboard": {"panels": []}}`, { panels: 1 }]) {
      assert.throws(() => Queries.ofDashboard(other), MixinError, "it is no dashboard with panels")
    }
  })
})
