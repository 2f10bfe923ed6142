import { vocabulary } from "../../src/dawsos/layers.ts"
import { type Variable, variables } from "../../src/ObservabilityConfig.ts"

const width = 100

/** Comment lines of at most `width` characters; a word is never broken. */
const comment = (text: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = "#"
  for (const word of text.split(" ")) {
    if (line !== "#" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = "#"
    }
    line = `${line} ${word}`
  }
  return [...lines, line]
}

// The file is the reference program's, so it has what DawsOS says of itself.
const ofProduct: Readonly<Record<string, string | undefined>> = {
  SERVICE_NAME: vocabulary.service?.name,
  SERVICE_VERSION: vocabulary.service?.version
}

const withProduct = (variable: Variable): Variable => ({
  ...variable,
  default: variable.default ?? ofProduct[variable.name]
})

const entry = (variable: Variable): ReadonlyArray<string> => [
  ...comment(variable.meaning),
  ...comment(`Allowed: ${variable.allowed}.${variable.secret ? " A secret: it is never logged." : ""}`),
  ...comment(variable.default === undefined ? "Default: not set" : `Default: ${variable.default}`),
  // The one line that is in force: without it, copying the file would change nothing.
  variable.name === "ENABLE_OBSERVABILITY" ? `${variable.name}=true` : `#${variable.name}=${variable.default ?? ""}`
]

/** The text of `.env.example`: every variable with its meaning and its default, all but the main switch commented out. */
export const envExample = (): string => {
  const groups = Map.groupBy(variables.map(withProduct), (variable) => variable.group)
  const sections = Array.from(groups, ([group, members]) =>
    [
      `# ---- ${group} ----`,
      ...members.flatMap((variable) => ["", ...entry(variable)])
    ].join("\n"))
  const heading = [
    "# Settings of the observability layer, generated from src/ObservabilityConfig.ts (npm run generate).",
    "# Copy this file to .env; the process environment beats it. An empty value counts as not set."
  ].join("\n")
  return `${[heading, ...sections].join("\n\n")}\n`
}
