import { Lint } from "@dawsos/observability/mixin"
import { describe, expect, it } from "vitest"
import { context, edit, inRules, options, type Path, rules, rulesText } from "./shop.ts"

type Edit = readonly [path: Path, value: unknown]

interface Cases {
  readonly says: string
  readonly good?: ReadonlyArray<Edit>
  readonly bad: ReadonlyArray<Edit>
}

const recorded: Path = ["groups", 0, "rules", 3]
const webOnly: Path = ["groups", 1, "rules", 0]
const noOrders: Path = ["groups", 1, "rules", 2]
const rate = "sum by (job) (rate(shop_orders_total[5m]))"

const cases: Readonly<Record<string, Cases>> = {
  "rules-shape": {
    says: "a file holds groups of alerts and recording rules",
    bad: [
      [[], {}],
      [["groups"], "none"],
      [["groups", 0, "name"], "alerts"],
      [["groups", 0, "name"], undefined],
      [[...recorded, "record"], undefined],
      [[...webOnly, "record"], "job:shop_orders:rate1m"]
    ]
  },
  "rule-unique": {
    says: "rules can be told apart",
    good: [[["groups", 1, "rules"], (all: ReadonlyArray<object>) => [
      ...all,
      { ...all[0], labels: { severity: "critical" } }
    ]]],
    bad: [[["groups", 1, "rules"], (all: ReadonlyArray<object>) => [...all, all[0]]]]
  },
  "recording-name": {
    says: "recording rules are named level:metric:operations",
    good: [[[...recorded, "record"], "slo:shop_orders"]],
    bad: [[[...recorded, "record"], "orders_rate"], [[...recorded, "record"], "Job:orders:rate"]]
  },
  "alert-severity": {
    says: "alerts have one of three severities",
    good: [[[...webOnly, "labels", "severity"], "critical"], [[...webOnly, "labels", "severity"], "info"]],
    bad: [[[...webOnly, "labels", "severity"], "page"], [[...webOnly, "labels"], undefined]]
  },
  "alert-summary": {
    says: "alerts have summaries without templates",
    bad: [
      [[...webOnly, "annotations", "summary"], "{{ $labels.job }} is wrong"],
      [[...webOnly, "annotations", "summary"], " "],
      [[...webOnly, "annotations", "summary"], undefined]
    ]
  },
  "alert-description": {
    says: "alerts have descriptions that say how much of what",
    good: [
      [[...webOnly, "annotations", "description"], "{{ $value | humanize }} is too much"],
      [[...webOnly, "annotations", "description"], "{{ if gt $value 1.0 }}much{{ else }}little{{ end }}"],
      [[...noOrders, "expr"], "absent(shop_orders_total) or absent(up) unless on () up"]
    ],
    bad: [
      [[...webOnly, "annotations", "description"], "It is too much."],
      [[...webOnly, "annotations", "description"], "{{ template }} It is too much."],
      [[...noOrders, "annotations", "description"], ""],
      [[...noOrders, "expr"], "absent(shop_orders_total{job=\"shop\"}) or max by (job) (up) == 0"]
    ]
  },
  "template-labels": {
    says: "templates name labels that the result has",
    good: [[[...webOnly, "labels", "of"], "{{ $labels.job }}"]],
    bad: [
      [[...webOnly, "annotations", "description"], "{{ $labels.product }} is at {{ $value }}"],
      [[...webOnly, "annotations", "description"], "{{ $value }} is {{ $labels.severity }}"],
      [[...webOnly, "annotations", "description"], "{{ if $labels.product }}{{ $value }}{{ end }}"],
      [[...webOnly, "labels", "of"], "{{ $labels.product }}"]
    ]
  },
  "alert-runbook": {
    says: "alerts have runbooks that are there",
    bad: [
      [[...webOnly, "annotations", "runbook_url"], undefined],
      [[...webOnly, "annotations", "runbook_url"], "WebOnly.md"],
      [[...webOnly, "annotations", "runbook_url"], "http://runbooks.test/WebOnly"]
    ]
  },
  "alert-dashboard": {
    says: "alerts have dashboards that are there",
    bad: [
      [[...webOnly, "annotations", "dashboard"], undefined],
      [[...webOnly, "annotations", "dashboard"], "/d/shop"],
      [[...webOnly, "annotations", "dashboard"], "http://grafana.test/shop"],
      [[...webOnly, "annotations", "dashboard"], "http://grafana.test/d/closed"]
    ]
  },
  "alert-comparison": {
    says: "alerts compare",
    good: [
      [[...webOnly, "expr"], "count by (job) (up == 0)"],
      [[...webOnly, "expr"], `${rate} and ${rate} > 1`],
      [[...webOnly, "expr"], `${rate} > 1 unless ${rate}`],
      [[...webOnly, "expr"], `${rate} > 1 or ${rate} < 0.5`]
    ],
    bad: [
      [[...webOnly, "expr"], rate],
      [[...webOnly, "expr"], `${rate} > bool 1`],
      [[...webOnly, "expr"], `${rate} / (${rate} > 1)`],
      [[...webOnly, "expr"], `${rate} > 1 or ${rate}`],
      [[...webOnly, "expr"], `${rate} unless ${rate} > 1`]
    ]
  },
  "alert-for": {
    says: "alerts wait or stay",
    good: [[webOnly, (all: object) => ({ ...all, for: undefined, keep_firing_for: "5m" })]],
    bad: [[[...webOnly, "for"], undefined], [[...webOnly, "for"], "0s"]]
  },
  "alert-by-job": {
    says: "alerts are aggregated by job",
    good: [[[...noOrders, "expr"], "absent(shop_orders_total)"]],
    bad: [
      [webOnly, (all: object) => ({
        ...edit(all, ["annotations", "description"], "{{ $value }}") as object,
        expr: "sum(rate(shop_orders_total[5m])) > 1"
      })],
      [[...webOnly, "expr"], `${rate} > 1 or sum(rate(shop_orders_total[5m])) > 1`],
      [[...webOnly, "expr"], "sum(rate(shop_orders_total[5m])) > 1 or max by (job) (up) == 0"]
    ]
  },
  "alert-tests": {
    says: "alerts have tests, and tests have alerts",
    bad: [
      [["groups", 1, "rules"], (all: ReadonlyArray<object>) => [
        ...all,
        edit(all[0], [], (one: object) => ({ ...one, alert: "PhoneOnly" }))
      ]],
      [["groups", 1, "rules"], (all: ReadonlyArray<object>) => all.slice(1)]
    ]
  },
  "alert-name": {
    says: "alerts are named in CamelCase",
    bad: [
      [["groups", 1, "rules"], (all: ReadonlyArray<object>) => [
        ...all,
        edit(all[3], [], (one: object) => ({ ...one, alert: "watch_dog" }))
      ]]
    ]
  }
}

const found = (edits: ReadonlyArray<Edit>) =>
  edits.map(([path, value]) => ({ path, value, found: inRules(path, value) }))

const wanted = (edits: ReadonlyArray<Edit>, lints: ReadonlyArray<string>) =>
  edits.map(([path, value]) => ({ path, value, found: lints }))

describe("In rules", () => {
  it("that are as they should be, nothing is found", () => {
    expect(Lint.rules(rulesText(rules), context)).toEqual([])
  })

  for (const [lint, { bad, good = [], says }] of Object.entries(cases)) {
    it(`${says} (${lint})`, () => {
      expect(found(good)).toEqual(wanted(good, []))
      expect(found(bad)).toEqual(wanted(bad, [lint]))
    })
  }

  it("an alert that always fires needs no condition, no wait, no job and no test", () => {
    const { tests, ...others } = options
    const strict = Lint.context({ ...others, tests: tests ?? [], watchdogs: [] })
    const found = Lint.rules(rulesText(rules), strict).filter(({ where }) => where === "alert Watchdog")
    expect([...new Set(found.map(({ rule }) => rule))].toSorted()).toEqual([
      "alert-by-job",
      "alert-comparison",
      "alert-description",
      "alert-for",
      "alert-tests"
    ])
  })

  it("tests are missed one by one", () => {
    const tests = options.tests?.filter(({ alert, shows }) => alert !== "WebOnly" || shows === "firing")
    expect(Lint.rules(rulesText(rules), Lint.context({ ...options, tests }))).toEqual([
      { rule: "alert-tests", where: "alert WebOnly", problem: "it has no unit test that shows it quiet" },
      { rule: "alert-tests", where: "alert WebOnly", problem: "it has no unit test that shows it without data" }
    ])
  })

  it("a file that is no YAML, or of another shape, is told so", () => {
    expect(Lint.rules("groups: [", context)[0]).toMatchObject({ rule: "rules-shape", where: "file" })
    for (const text of ["", "7", "groups: 7", "groups: [null, {rules: [null, 7]}]"]) {
      expect(Lint.rules(text, context).map(({ rule }) => rule)).toContain("rules-shape")
    }
  })

  it("what is not given is not checked", () => {
    const little = Lint.context({ catalogue: options.catalogue, foreign: options.foreign })
    const changed = edit(edit(rules, [...webOnly, "annotations", "runbook_url"], "http://a.test"), [
      ...webOnly,
      "annotations",
      "dashboard"
    ], "http://a.test/d/closed")
    expect(Lint.rules(rulesText(changed), little)).toEqual([])
  })

  it("a recording rule may ask for those before it only", () => {
    const reversed = edit(rules, ["groups", 0, "rules"], (all: ReadonlyArray<object>) => all.toReversed())
    const found = Lint.rules(rulesText(reversed), Lint.context({ ...options, rules: [] }))
    expect(found).toEqual([])
  })

  it("every lint of rules is tried here or with the expressions", () => {
    const names = Lint.lints.filter(({ dashboard, rules }) => dashboard === undefined && rules !== undefined)
    expect(Object.keys(cases).toSorted()).toEqual(names.map(({ name }) => name).toSorted())
  })
})

describe("The list of lints", () => {
  it("has a name and a sentence for each", () => {
    const names = Lint.lints.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, says } of Lint.lints) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(says).toMatch(/^[A-Z].*\.$/)
    }
  })
})
