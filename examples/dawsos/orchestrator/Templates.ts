/** Templates `{{inputs.x}}`, `{{ctx.x}}`, `{{state.key.path}}` and the conditions of a step. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** A template names something that is not there, or a condition cannot be read. */
export class TemplateError extends Schema.TaggedError<TemplateError>()("TemplateError", {
  template: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.template}: ${this.reason}`
  }
}

export interface Scope {
  readonly inputs: Readonly<Record<string, unknown>>
  readonly ctx: object
  readonly state: Readonly<Record<string, unknown>>
}

type Resolved = Result.Result<unknown, TemplateError>

const lookup = (path: string, scope: Scope): Resolved => {
  let value: unknown = scope
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) {
      return Result.fail(new TemplateError({ template: `{{${path}}}`, reason: `there is no ${key}` }))
    }
    value = Reflect.get(value, key)
  }
  return Result.succeed(value)
}

const whole = /^\{\{\s*([\w.]+)\s*\}\}$/
const within = /\{\{\s*([\w.]+)\s*\}\}/g

/** Fills in templates at any depth: one alone keeps the value's type, one inside of text becomes text. */
export const resolve = (value: unknown, scope: Scope): Resolved => {
  if (typeof value === "string") {
    const path = whole.exec(value)?.[1]
    if (path !== undefined) return lookup(path, scope)
    let failed: TemplateError | undefined
    const text = value.replace(within, (_, name: string) =>
      Result.match(lookup(name, scope), {
        onSuccess: String,
        onFailure: (error) => {
          failed ??= error
          return ""
        }
      }))
    return failed === undefined ? Result.succeed(text) : Result.fail(failed)
  }
  if (Array.isArray(value)) return Result.all(value.map((item) => resolve(item, scope)))
  if (typeof value === "object" && value !== null) {
    return Result.all(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, scope)])))
  }
  return Result.succeed(value)
}

const comparison = /^(.+?)\s*(==|!=|>=|<=|>|<)\s*(.+)$/

const operand = (text: string, scope: Scope): Resolved =>
  whole.test(text)
    ? resolve(text, scope)
    : /^-?\d+(\.\d+)?$/.test(text)
    ? Result.succeed(Number(text))
    : Result.fail(new TemplateError({ template: text, reason: "not a number or a template" }))

/** A comparison of templates and numbers, or a template whose value is taken as yes or no. */
export const holds = (condition: string, scope: Scope): Result.Result<boolean, TemplateError> => {
  const text = condition.trim()
  const compared = comparison.exec(text)
  if (compared === null) return Result.map(operand(text, scope), Boolean)
  const [, left = "", operator, right = ""] = compared
  return Result.flatMap(operand(left, scope), (a) =>
    Result.flatMap(operand(right, scope), (b) => {
      if (operator === "==") return Result.succeed(a === b)
      if (operator === "!=") return Result.succeed(a !== b)
      if (typeof a !== "number" || typeof b !== "number") {
        return Result.fail(new TemplateError({ template: text, reason: "only numbers have an order" }))
      }
      return Result.succeed(
        operator === ">" ? a > b : operator === "<" ? a < b : operator === ">=" ? a >= b : a <= b
      )
    }))
}
