import { describe, expect, it } from "@effect/vitest"
import * as Examples from "../../scripts/check/Examples.ts"

describe("Examples", () => {
  it("finds the blocks of a document that are marked ts, with their lines", () => {
    const text = ["# Title", "```sh", "npm ci", "```", "", "```ts", "const a = 1", "```"].join("\n")
    expect(Examples.ofMarkdown("docs/a.md", text)).toEqual([{ file: "docs/a.md", line: 6, code: "const a = 1" }])
  })

  it("finds what follows @example in a doc comment, up to the next tag", () => {
    const text = ["const x = 1", "/**", " * Says so.", " *", " * @example", " * const b = 2", " * @since 1", " */"]
      .join("\n")
    expect(Examples.ofModule("src/a.ts", text)).toEqual([{ file: "src/a.ts", line: 6, code: "const b = 2" }])
  })

  it("finds fenced blocks of a doc comment once, with or without @example", () => {
    const text = ["/**", " * @example", " * ```ts", " * const c = 3", " * ```", " */"].join("\n")
    expect(Examples.ofModule("src/a.ts", text).map((example) => example.code)).toEqual(["const c = 3"])
  })
})
