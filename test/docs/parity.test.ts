import { ObservabilityConfig } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { describe, expect, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import * as Path from "node:path"
import * as Base from "./BaseDocument.ts"
import * as Documents from "./Documents.ts"
import * as Exports from "./Exports.ts"

const page = Documents.read("docs/parity.md")
const rows = Documents.rows(page).filter((row) => "base document" in row)
const firstCells = rows.map((row) => row["base document"] ?? "")
const codes = Documents.codes(firstCells.join("\n"))

/** Code of the first column that is the name, alone or with its parameters. */
const isNamed = (name: string): boolean => codes.some((code) => code === name || code.startsWith(`${name}(`))

/** The same, or a part of such code. */
const isMentioned = (name: string): boolean => codes.some((code) => code.split(/[^\w-]+/).includes(name))

const rowOf = (code: string) => rows.find((row) => Documents.codes(row["base document"] ?? "").includes(code))

const withMissing = (names: ReadonlyArray<string>, there: (name: string) => boolean) =>
  expect(names.filter((name) => !there(name))).toEqual([])

describe("docs/parity.md has everything of the base document", () => {
  it("each file", () =>
    withMissing(Base.files, (file) => Documents.codes(page).includes(file) || page.includes(`\`${file}\``)))

  it("each class with its methods and attributes", () => {
    withMissing(Object.keys(Base.classes), isNamed)
    for (const [name, methods] of Object.entries(Base.classes)) {
      withMissing(methods, (method) => isNamed(`${name}.${method}`) || (method !== "__init__" && isNamed(method)))
    }
    for (const [name, attributes] of Object.entries(Base.attributes)) {
      withMissing(attributes, (attribute) => isNamed(`${name}.${attribute}`))
    }
  })

  it("each variable, key and import", () => {
    withMissing(Base.variables, isMentioned)
    withMissing(Base.libraries, isMentioned)
  })

  it("each of the 20 metrics, with its variable, its labels, and ours under the same name and labels", () => {
    expect(Object.keys(Base.metrics).length).toBe(20)
    const told = Object.entries(Base.metrics).map(([variable, [name, labels]]) => {
      const row = rowOf(variable)
      const [, key = ""] = /`DawsOs\.metrics\.(\w+)`/.exec(row?.["ours"] ?? "") ?? []
      const definition = Object.entries(DawsOs.metrics).find(([each]) => each === key)?.[1]
      return {
        written: Documents.codes(row?.["base document"] ?? "").includes(labels === "" ? name : `${name}{${labels}}`),
        name: definition?.name,
        // The document gives the labels of an Info where it is set.
        labels: variable === "system_info" ? "" : Object.keys(definition?.labels ?? {}).join(",")
      }
    })
    expect(told).toEqual(Object.values(Base.metrics).map(([name, labels]) => ({ written: true, name, labels })))
  })

  it("each environment variable with its value, which the layer reads", () => {
    const known = new Set(ObservabilityConfig.variables.map(({ name }) => name))
    for (const [name, value] of Object.entries(Base.environment)) {
      expect(codes).toContain(`${name}=${value}`)
      expect(known).toContain(name)
    }
  })

  it("each panel, alert and container", () => {
    withMissing([Base.dashboard, ...Base.panels, ...Base.alerts, ...Base.composeServices], isNamed)
  })

  it("each statement of what is there, counts as success or is to be tested", () =>
    withMissing(Base.statements, (statement) => firstCells.some((cell) => cell.includes(statement))))
})

describe("docs/parity.md says nothing that is not so", () => {
  // Text between the tables may name a file alone; a row may not.
  const named = [
    ...rows.flatMap((row) => Documents.namedTests(Object.values(row).join(" "))),
    ...Documents.prose(page).split("\n").filter((line) => !line.startsWith("|")).flatMap(Documents.namedTests)
      .filter(({ title }) => title !== undefined)
  ]

  it("every row has a test", () => {
    const without = rows.filter((row) => {
      const test = row["test"] ?? ""
      // The rows that only point to a later part of the page.
      return test !== "below" && Documents.namedTests(test).length === 0
    })
    expect(without).toEqual([])
  })

  it("every test that it names is there, under that name", () => {
    expect(named.length).toBeGreaterThan(100)
    const wrong = named.filter(({ file, title }) => {
      if (!existsSync(Path.join(Documents.root, file))) return true
      return title === undefined || !Documents.titles(Documents.read(file)).some((each) => each.includes(title))
    })
    expect(wrong).toEqual([])
  })

  it("every path and export that it names is there", () => {
    const all = Documents.codes(page)
    expect(all.filter((code) => Exports.isMissingPath(code))).toEqual([])
    expect(all.filter((code) => Exports.isMissing(code))).toEqual([])
  })

  it("the panels, alerts and containers that it says are generated are those of the base document", () => {
    const overview: unknown = JSON.parse(Documents.read("observability/grafana/dashboards/dawsos-overview.json"))
    expect(overview).toMatchObject({ title: Base.dashboard })
    const text = JSON.stringify(overview)
    withMissing(Base.panels, (title) => text.includes(`"title":"${title}"`))
    const rules = Documents.read("observability/prometheus/alerts.yml")
    withMissing(Base.alerts, (name) => new RegExp(`- alert: ${name}$`, "m").test(rules))
    const compose = Documents.read("docker-compose.observability.yml")
    withMissing(Base.composeServices, (name) => new RegExp(`^  ${name}:$`, "m").test(compose))
  })
})

describe("the look at what documents name", () => {
  it("finds what is missing", () => {
    expect(Exports.isMissing("DawsOs.metrics.noSuchMetric")).toBe(true)
    expect(Exports.isMissing("Tracing.noSuchFunction")).toBe(true)
    expect(Exports.isMissing("Accounting.Accounting")).toBe(false)
    expect(Exports.isMissing("DawsOsMixin.defaults.responseTime")).toBe(false)
    expect(Exports.isMissing("Lint.noSuchFunction")).toBe(true)
    expect(Exports.isMissing("PromQL.Expression")).toBe(false)
    expect(Exports.isMissing("PromQL.NoSuchType")).toBe(true)
    expect(Exports.isMissing("Effect.fn")).toBe(false)
    expect(Exports.isMissingPath("src/NoSuchModule.ts")).toBe(true)
    expect(Exports.isMissingPath("src/Guard.ts#noSuchExport")).toBe(true)
    expect(Exports.isMissingPath("src/Guard.ts#make")).toBe(false)
    expect(Exports.isMissingPath("observability/prometheus/none.yml")).toBe(true)
    expect(Exports.isMissingPath("observability/secrets/grafana/admin_password")).toBe(false)
  })

  it("reads titles of tests as they are written", () => {
    const source = "describe(\"a\", () => {\n  it.effect.each([1])(\n    `b ${c} d`, () => {})\n  served('e', f)\n})"
    expect(Documents.titles(source)).toEqual(["a", "b ${c} d", "e"])
  })

  it("reads names of cases where tests are made of data, and there only", () => {
    const source = "  cases([{ name: \"f\", fires: {} }])"
    expect(Documents.titles(source)).toEqual(["f"])
    expect(Documents.titles(source.replace("cases", "others"))).toEqual([])
  })

  it("takes titles for those of the file before them", () => {
    expect(Documents.namedTests("`test/a.test.ts` “b”, “c”; `test/d.test.ts`")).toEqual([
      { file: "test/a.test.ts", title: "b" },
      { file: "test/a.test.ts", title: "c" },
      { file: "test/d.test.ts", title: undefined }
    ])
  })
})
