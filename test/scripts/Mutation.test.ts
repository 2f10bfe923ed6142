import { existsSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import * as Mutation from "../../scripts/mutation/Mutation.ts"
import { mutations } from "../../scripts/mutation/mutations.ts"
import * as VitestReport from "../../scripts/VitestReport.ts"

const mutation: Mutation.Mutation = {
  breaks: "a sum",
  file: "src/Sum.ts",
  search: "a + b",
  replace: "a - b // $& $1",
  tests: ["test/Sum.test.ts"]
}

describe("Mutation", () => {
  it("replaces the text literally", () => {
    expect(Mutation.apply(mutation, "return a + b")).toEqual({ content: "return a - b // $& $1" })
  })

  it("is an error when the text is absent, occurs twice, is empty or stays the same, or no test is named", () => {
    const error = { error: expect.any(String) as string }
    expect(Mutation.apply(mutation, "return a")).toEqual(error)
    expect(Mutation.apply(mutation, "a + b + (a + b)")).toEqual(error)
    expect(Mutation.apply({ ...mutation, search: "" }, "")).toEqual(error)
    expect(Mutation.apply({ ...mutation, replace: "a + b" }, "a + b")).toEqual(error)
    expect(Mutation.apply({ ...mutation, tests: [] }, "a + b")).toEqual(error)
  })
})

describe("The listed mutations", () => {
  it("are at least 24, and no two are called the same", () => {
    const names = mutations.map(({ breaks, file }) => `${file}: ${breaks}`)
    expect(names.length).toBeGreaterThanOrEqual(24)
    expect(new Set(names).size).toBe(names.length)
  })

  it("each apply to their file as it is, and name test files that are there", () => {
    const problems = mutations.flatMap((mutation) => {
      const applied = Mutation.apply(mutation, readFileSync(mutation.file, "utf8"))
      const missing = mutation.tests.filter((test) => !existsSync(test)).map((test) => `${test} does not exist`)
      return ["error" in applied ? [applied.error] : [], missing].flat().map((problem) =>
        `${mutation.breaks}: ${problem}`
      )
    })
    expect(problems).toEqual([])
  })
})

describe("VitestReport", () => {
  const file = (name: string, status: string, ...statuses: ReadonlyArray<string>) => ({
    name,
    status,
    assertionResults: statuses.map((each) => ({ status: each, fullName: "a test" }))
  })
  const results = VitestReport.parse(JSON.stringify({
    testResults: [
      file("/root/test/A.test.ts", "failed", "passed", "failed", "skipped", "todo"),
      file("/root/test/B.test.ts", "failed"),
      file("/root/test/C.test.ts", "failed", "passed")
    ]
  }))

  it("counts the tests of each file", () => {
    expect(VitestReport.ofFile(results, "test/A.test.ts")).toEqual({ passed: 1, failed: 1, skipped: 2, broken: false })
  })

  it("tells a file that failed outside its tests from one with a failed test", () => {
    expect(VitestReport.ofFile(results, "test/B.test.ts")).toMatchObject({ failed: 0, broken: true })
    expect(VitestReport.ofFile(results, "test/C.test.ts")).toMatchObject({ passed: 1, failed: 0, broken: true })
  })

  it("does not take the end of a longer name for the file", () => {
    expect(VitestReport.ofFile(results, "A.test.ts")).toBeDefined()
    expect(VitestReport.ofFile(results, "est/A.test.ts")).toBeUndefined()
  })
})
