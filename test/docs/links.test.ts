import { describe, expect, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import * as Path from "node:path"
import * as Documents from "./Documents.ts"

const isExternal = (target: string): boolean => /^[a-z][a-z0-9+.-]*:/i.test(target)

/** Why a link leads nowhere; `undefined` where it leads somewhere. */
const broken = (document: string, target: string): string | undefined => {
  const [path = "", anchor] = target.split("#")
  const file = path === "" ? document : Path.posix.join(Path.posix.dirname(document), path)
  if (file.startsWith("..") || !existsSync(Path.join(Documents.root, file))) return `${document}: ${target} is no file`
  if (anchor === undefined || !file.endsWith(".md")) return undefined
  return Documents.anchors(Documents.read(file)).has(anchor) ? undefined : `${document}: ${target} is no heading`
}

describe("Links of the documents", () => {
  const relative = Documents.documents.flatMap((document) =>
    Documents.links(Documents.read(document)).filter((target) => !isExternal(target)).map((target) =>
      [document, target] as const
    )
  )

  it("lead to a file of the repository and a heading that it has", () => {
    expect(relative.length).toBeGreaterThan(20)
    expect(relative.flatMap(([document, target]) => broken(document, target) ?? [])).toEqual([])
  })

  it("lead from the README to every other document", () => {
    const reached = new Set(relative.filter(([from]) => from === "README.md").map(([, target]) => target))
    expect(Documents.documents.filter((document) => document !== "README.md" && !reached.has(document))).toEqual([])
  })

  it("leave the repository by https only", () => {
    const external = Documents.documents.flatMap((document) => Documents.links(Documents.read(document)))
      .filter(isExternal)
    expect(external.filter((target) => !target.startsWith("https://"))).toEqual([])
  })
})

describe("The look at links", () => {
  it("finds those that lead nowhere", () => {
    expect(broken("README.md", "docs/no-such-page.md")).toBeDefined()
    expect(broken("docs/architecture.md", "../README.md#no-such-heading")).toBeDefined()
    expect(broken("docs/architecture.md", "../../outside.md")).toBeDefined()
    expect(broken("docs/architecture.md", "../README.md#signals")).toBeUndefined()
  })

  it("does not take code for a link", () => {
    expect(Documents.links("`[a](b)` [c](d.md)\n```\n[e](f)\n```\n[g](h#i)")).toEqual(["d.md", "h#i"])
  })
})
