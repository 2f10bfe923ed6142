import * as Config from "effect/Config"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Variable } from "../ObservabilityConfig.ts"

/** A variable whose value was refused; `message` is one line that holds no secret. */
export interface Problem {
  readonly variable: string
  readonly message: string
}

/** What may be shown of a text whose parts are not alike in this. */
export interface Shown {
  readonly show?: ((text: string) => string) | undefined
}

const longest = 120

/** A value fit for a message: credentials and query strings blotted out, one line, printable, at most 120 characters. */
export const show = (value: string): string => {
  const clean = value
    .replace(
      /^([a-z][a-z0-9+.-]*:\/{0,2})?[^]*@/i,
      (_, scheme: string | undefined) => `${scheme !== undefined && scheme.endsWith("//") ? scheme : ""}<redacted>@`
    )
    .replace(/\?[^]*$/, "?<redacted>")
  const short = clean.length > longest ? `${clean.slice(0, longest)}…` : clean
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u2028\u2029\p{Cf}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`
  )
}

/** The problem of a variable with this text. */
export const make = (variable: Variable & Shown, text: string, reason: string): Problem => ({
  variable: variable.name,
  message: `${variable.name}` +
    `${variable.secret ? " (a secret, not shown)" : `=${show(variable.show?.(text) ?? text)}`} is not allowed: ` +
    `${reason}. Allowed: ${variable.allowed}.`
})

/** One `ConfigError` for all problems: a schema error with a pointer per variable, as Effect's own configs have. */
export const toConfigError = (problems: readonly [Problem, ...Array<Problem>]): Config.ConfigError => {
  const issue = (problem: Problem): SchemaIssue.Issue =>
    new SchemaIssue.Pointer([problem.variable], new SchemaIssue.InvalidValue({ message: problem.message }))
  const [first, ...rest] = problems
  return new Config.ConfigError(
    new Schema.SchemaError(
      rest.length === 0
        ? issue(first)
        : new SchemaIssue.Composite(Schema.Unknown.ast, [issue(first), ...rest.map(issue)])
    )
  )
}

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const linesOf = (error: Config.ConfigError): ReadonlyArray<string> => {
  if (error.cause._tag === "SourceError") return [error.cause.message]
  return issuesOf(error.cause.issue).issues.map((issue) => {
    const path = (issue.path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment)).join(
      "_"
    )
    return path === "" || issue.message.startsWith(path) ? issue.message : `${path}: ${issue.message}`
  })
}

/** See `ObservabilityConfig.formatError`. */
export const formatError = (error: Config.ConfigError): string => {
  const lines = linesOf(error)
  const heading = lines.length === 1
    ? "The configuration has a problem:"
    : `The configuration has ${lines.length} problems:`
  return [heading, ...lines.map((line) => `  - ${line.replaceAll("\n", "\n    ")}`)].join("\n")
}
