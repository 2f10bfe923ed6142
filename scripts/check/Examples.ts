/** The examples in doc comments, README and docs, as programs that the type checker reads. */
import * as fs from "node:fs"
import * as path from "node:path"

/** A piece of TypeScript found in prose, with where it begins. */
export interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}

const fence = /^\s*```(\w*)\s*$/

/** The fenced blocks marked `ts` among lines of Markdown. */
const fenced = (file: string, lines: ReadonlyArray<string>, firstLine: number): ReadonlyArray<Example> => {
  const examples: Array<Example> = []
  let open: { readonly language: string; readonly line: number; readonly code: Array<string> } | undefined
  lines.forEach((line, index) => {
    const language = fence.exec(line)?.[1]
    if (language === undefined) open?.code.push(line)
    else if (open === undefined) open = { language, line: firstLine + index, code: [] }
    else {
      if (open.language === "ts") examples.push({ file, line: open.line, code: open.code.join("\n") })
      open = undefined
    }
  })
  return examples
}

/** The examples of a Markdown file. */
export const ofMarkdown = (file: string, text: string): ReadonlyArray<Example> => fenced(file, text.split("\n"), 1)

/** The examples of a module's doc comments: what follows `@example`, and fenced blocks. */
export const ofModule = (file: string, text: string): ReadonlyArray<Example> => {
  const examples: Array<Example> = []
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const firstLine = text.slice(0, comment.index).split("\n").length
    const lines = comment[0].split("\n").map((line) => line.replace(/^\s*(\/\*\*|\*\/|\* ?)/, ""))
    examples.push(...fenced(file, lines, firstLine))
    const start = lines.findIndex((line) => line.trim() === "@example")
    if (start === -1 || lines.slice(start).some((line) => fence.test(line))) continue
    const after = lines.slice(start + 1)
    const end = after.findIndex((line) => /^\s*@\w+/.test(line))
    const code = (end === -1 ? after : after.slice(0, end)).join("\n").trim()
    examples.push({ file, line: firstLine + start + 1, code })
  }
  return examples
}

const files = (root: string, folder: string, extension: string): ReadonlyArray<string> =>
  fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(extension))
    .map((name) => path.join(folder, name))
    .sort()

/** Every example of the repository. */
export const collect = (root: string): ReadonlyArray<Example> => {
  const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")
  const documents = ["README.md", ...fs.existsSync(path.join(root, "docs")) ? files(root, "docs", ".md") : []]
    .filter((file) => fs.existsSync(path.join(root, file)))
  return [
    ...documents.flatMap((file) => ofMarkdown(file, read(file))),
    ...files(root, "src", ".ts").flatMap((file) => ofModule(file, read(file)))
  ]
}

/**
 * Writes each example as a module of its own into a folder of the repository, so that the package's own name resolves,
 * with a `tsconfig.json` that checks them all. Returns the path of that file.
 */
export const write = (root: string, examples: ReadonlyArray<Example>): string => {
  const folder = path.join(root, ".examples")
  fs.rmSync(folder, { recursive: true, force: true })
  fs.mkdirSync(folder)
  examples.forEach((example, index) => {
    const name = `${String(index).padStart(3, "0")}-${
      example.file.replaceAll(/[^A-Za-z0-9]+/g, "-")
    }-${example.line}.ts`
    fs.writeFileSync(path.join(folder, name), `// ${example.file}:${example.line}\n${example.code}\nexport {}\n`)
  })
  const config = path.join(folder, "tsconfig.json")
  fs.writeFileSync(
    config,
    JSON.stringify({ extends: "../tsconfig.json", compilerOptions: { noUnusedLocals: false }, include: ["*.ts"] })
  )
  return config
}
