import { Catalogue } from "@dawsos/observability"
import { PromQL, Rules, RulesFile } from "@dawsos/observability/mixin"
import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { parse } from "yaml"

const { Label } = Catalogue

const orders = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders by outcome",
  labels: { status: Label.oneOf("success", "error") }
})

const byStatus = PromQL.greaterThan(
  PromQL.sum(PromQL.rate(PromQL.counter(orders), "5 minutes"), { by: ["job", "status"] }),
  1
)

const runbook: Rules.Runbook = {
  meaning: "Orders fail.",
  firstLook: ["Which step?"],
  usualCauses: ["The payment provider."],
  actions: ["Roll back."]
}

const options: Omit<Rules.Alert, "_tag"> = {
  name: "OrdersFail",
  expression: byStatus,
  for: "90 seconds",
  severity: "critical",
  summary: "Orders fail",
  description: "{{ $value }} of {{ $labels.job }}",
  dashboard: "shop-overview",
  runbook
}

const links = {
  runbookUrl: "https://shop.example/runbooks/",
  grafanaUrl: "https://grafana.example",
  header: "Generated."
}

const recording = Rules.recording({ record: "job:shop_orders:rate5m", expression: byStatus })

const group = (name: string, ...rules: ReadonlyArray<Rules.Rule>): Rules.Group => ({ name, rules })

describe("An alert is refused", () => {
  const cases: ReadonlyArray<readonly [why: string, changed: Partial<typeof options>, message: string]> = [
    [
      "when its name is no CamelCase",
      { name: "orders_fail" },
      "orders_fail: the name of an alert is written in CamelCase"
    ],
    ["when its summary is empty", { summary: " " }, "OrdersFail: summary is empty"],
    ["when its description is empty", { description: "" }, "OrdersFail: description is empty"],
    [
      "when its summary has a template",
      { summary: "{{ $value }} orders fail" },
      "OrdersFail: a summary has no templates, they belong in the description"
    ],
    [
      "when its description names a label that it has not",
      { description: "{{ $labels.shop }}" },
      "OrdersFail: the description names the label shop, the alert has job, status, severity"
    ],
    [
      "when its runbook has no first look",
      { runbook: { ...runbook, firstLook: [] } },
      "OrdersFail: firstLook is empty"
    ],
    [
      "when a step of its runbook is empty",
      { runbook: { ...runbook, actions: ["", "x"] } },
      "OrdersFail: actions is empty"
    ]
  ]
  it.for(cases)("%s", ([, changed, message]) => {
    expect(() => Rules.alert({ ...options, ...changed })).toThrow(message)
  })

  it("but not for a label that the rule adds itself", () => {
    expect(Rules.alert({ ...options, labels: { shop: "web" }, description: "{{ $labels.shop }}" }).labels)
      .toEqual({ shop: "web" })
  })
})

describe("A recording rule", () => {
  it("is named level:metric:operations", () => {
    expect(() => Rules.recording({ record: "shop_orders_rate5m", expression: byStatus })).toThrow(
      "shop_orders_rate5m: a recording rule is named level:metric:operations"
    )
    expect(recording.record).toBe("job:shop_orders:rate5m")
  })
})

describe("A rules file", () => {
  it("reads well in a diff: expressions of several lines are blocks, links are made from the alert's name and dashboard", () => {
    const long = Rules.alert({
      ...options,
      keepFiringFor: "5 minutes",
      labels: { team: "shop" },
      expression: PromQL.and(
        byStatus,
        PromQL.sum(PromQL.rate(PromQL.counter(orders), "1 hour"), { by: ["job", "status"] })
      )
    })
    expect(RulesFile.text([{ name: "shop", interval: "1 minute", rules: [recording, long] }], links)).toBe(
      `# Generated.
groups:
  - name: shop
    interval: 1m
    rules:
      - record: job:shop_orders:rate5m
        expr: sum by (job, status) (rate(shop_orders_total[5m])) > 1
      - alert: OrdersFail
        expr: |-
          sum by (job, status) (rate(shop_orders_total[5m])) > 1
          and sum by (job, status) (rate(shop_orders_total[1h]))
        for: 1m30s
        keep_firing_for: 5m
        labels:
          severity: critical
          team: shop
        annotations:
          summary: Orders fail
          description: "{{ $value }} of {{ $labels.job }}"
          runbook_url: https://shop.example/runbooks/OrdersFail.md
          dashboard: https://grafana.example/d/shop-overview
`
    )
  })

  it("keeps every text as it is, whatever YAML would make of it", () => {
    const texts = FastCheck.oneof(
      FastCheck.constantFrom(
        "on",
        "no",
        "~",
        "null",
        "0x10",
        "1e3",
        "12:30:45",
        "2001-01-01",
        "- a",
        "a: b",
        "a #b",
        "|",
        ">-"
      ),
      FastCheck.string({ unit: "grapheme", minLength: 1 })
    ).filter((text) => text.trim() !== "" && !text.includes("{{") && !text.includes("$labels"))
    FastCheck.assert(FastCheck.property(texts, texts, texts, (summary, description, label) => {
      const alert = Rules.alert({ ...options, summary, description, labels: { label } })
      const file = RulesFile.text([group("shop", alert)], links)
      for (const version of ["1.1", "1.2"] as const) {
        const [rule] = parse(file, { version }).groups[0].rules
        expect(rule.annotations).toMatchObject({ summary, description })
        expect(rule.labels).toEqual({ severity: "critical", label })
      }
    }))
  })

  it("puts a header of several lines into comments", () => {
    const file = RulesFile.text([group("shop", recording)], { ...links, header: "One.\nTwo." })
    expect(file.split("\n").slice(0, 3)).toEqual(["# One.", "# Two.", "groups:"])
  })

  it("may hold an alert with several conditions, told apart by their labels", () => {
    const fast = Rules.alert({ ...options, labels: { window: "1h" } })
    const slow = Rules.alert({ ...options, labels: { window: "6h" } })
    expect(parse(RulesFile.text([group("shop", fast, slow)], links)).groups[0].rules).toHaveLength(2)
  })

  const twice: ReadonlyArray<readonly [string, ReadonlyArray<Rules.Group>, string]> = [
    [
      "two groups of one name",
      [group("shop", recording), group("shop", recording)],
      "shop: there is another group of this name"
    ],
    ["a group without rules", [group("shop")], "shop: the group has no rules"],
    [
      "two alerts that nobody can tell apart",
      [group("a", Rules.alert(options)), group("b", Rules.alert(options))],
      "b: the rule [\"OrdersFail\",[[\"severity\",\"critical\"]]] is there twice"
    ],
    [
      "two recordings of one name",
      [group("a", recording, recording)],
      "a: the rule [\"job:shop_orders:rate5m\",[]] is there twice"
    ],
    [
      "a length of time below zero",
      [group("a", Rules.alert({ ...options, for: "-1 minutes" }))],
      "OrdersFail: a length of time was"
    ]
  ]
  it.for(twice)("is refused with %s", ([, groups, message]) => {
    expect(() => RulesFile.text(groups, links)).toThrow(message)
  })
})
