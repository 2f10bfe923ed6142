// What the documents say, as data: files, code, links, tests, names.
import { readdirSync, readFileSync } from "node:fs"
import * as Path from "node:path"

/** The root of the repository. */
export const root = Path.resolve(import.meta.dirname, "../..")

/** A file of the repository. */
export const read = (path: string): string => readFileSync(Path.join(root, path), "utf8")

/** The documents, generated ones too. */
export const documents: ReadonlyArray<string> = [
  "README.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...readdirSync(Path.join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
]

const fence = /^\s*```/

/** The lines of a document outside of code blocks. */
export const prose = (text: string): string => {
  let inCode = false
  return text.split("\n").filter((line) => {
    if (!fence.test(line)) return !inCode
    inCode = !inCode
    return false
  }).join("\n")
}

/** What stands in backticks. */
export const codes = (text: string): ReadonlyArray<string> =>
  [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code as string)

/** The targets of a document's links and images. */
export const links = (text: string): ReadonlyArray<string> =>
  [...prose(text).replaceAll(/`[^`\n]*`/g, "").matchAll(/\[[^\]]*\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)]
    .map(([, target]) => target as string)

/** The name under which a heading can be linked to, as GitHub makes it. */
const slug = (heading: string): string =>
  heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-")

/** The anchors of a document. */
export const anchors = (text: string): ReadonlySet<string> =>
  new Set(
    prose(text).split("\n").flatMap((line) => {
      const heading = /^#{1,6}\s+(.+)$/.exec(line)?.[1]
      return heading === undefined ? [] : [slug(heading)]
    })
  )

const title = /\b(?:it|test|describe|served)(?:\.\w+)*(?:\([^()]*\))?\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g

/** The name of a case: promtool's tests are lists of data. */
const nameOfCase = /\bname: (["'`])((?:\\.|(?!\1)[^\\])*)\1/g

/** The titles of the tests and suites of a file; parts that are computed stand as they are written. */
export const titles = (source: string): ReadonlyArray<string> =>
  [title, ...(/^\s*(?:cases|corrected)\(/m.test(source) ? [nameOfCase] : [])].flatMap((pattern) =>
    [...source.matchAll(pattern)].map(([, , text]) => (text as string).replaceAll(/\\(.)/g, "$1"))
  )

/** A test that a document names: a file in backticks, then one or more titles in typographic quotes. */
export interface NamedTest {
  readonly file: string
  /** `undefined` where a file is named and no test of it. */
  readonly title: string | undefined
}

/** The tests that a cell of a table names. */
export const namedTests = (cell: string): ReadonlyArray<NamedTest> => {
  const named: Array<NamedTest> = []
  const bare = new Set<string>()
  let file: string | undefined
  for (const [, path, quoted] of cell.matchAll(/`(test\/[^`]+)`|“([^”]+)”/g)) {
    if (path !== undefined) {
      file = path
      bare.add(path)
    } else if (file !== undefined && quoted !== undefined) {
      named.push({ file, title: quoted })
      bare.delete(file)
    }
  }
  return [...named, ...[...bare].map((path) => ({ file: path, title: undefined }))]
}

/** The tables of a document: rows as records from heading to cell, with the heading of their section. */
export const rows = (text: string): ReadonlyArray<Readonly<Record<string, string>>> => {
  const found: Array<Record<string, string>> = []
  let headings: ReadonlyArray<string> | undefined
  for (const line of prose(text).split("\n")) {
    if (!line.startsWith("|")) {
      headings = undefined
      continue
    }
    const cells = line.slice(1, line.lastIndexOf("|")).split("|").map((cell) => cell.trim())
    if (headings === undefined) headings = cells
    else if (!cells.every((cell) => /^-+$/.test(cell))) {
      found.push(Object.fromEntries(headings.map((heading, index) => [heading, cells[index] ?? ""])))
    }
  }
  return found
}
