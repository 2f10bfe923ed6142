import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Variable } from "../ObservabilityConfig.ts"
import type { Parser } from "./Parser.ts"
import * as Problem from "./Problem.ts"

/** A variable together with its parser: the default is a text that the same parser reads. */
export interface Definition<out A> extends Variable, Problem.Shown {
  readonly parse: Parser<A>["parse"]
}

/** A variable that has a value even when nobody sets it. */
export interface DefinitionWithDefault<out A> extends Definition<A> {
  readonly default: string
  readonly fallback: A
}

interface Words<A> {
  readonly name: string
  readonly group: string
  readonly meaning: string
  readonly secret?: true
  readonly parser: Parser<A>
}

/** A variable without a default. */
export const optional = <A>(words: Words<A>): Definition<A> => ({
  name: words.name,
  group: words.group,
  meaning: words.meaning,
  allowed: words.parser.allowed,
  secret: words.secret === true,
  default: undefined,
  parse: words.parser.parse,
  show: words.parser.show
})

/** What a default in code means. One that the variable would refuse is a mistake in that code, and thrown. */
export const defaultOf = <A>({ name, parse }: Definition<A>, text: string): A =>
  Result.getOrThrowWith(parse(text), (reason) => new Error(`The default of ${name} is not allowed: ${reason}`))

/** A variable with a default, which must be a text that its own parser reads. */
export const withDefault = <A>(words: Words<A> & { readonly default: string }): DefinitionWithDefault<A> => ({
  ...optional(words),
  default: words.default,
  fallback: defaultOf(optional(words), words.default)
})

/** Reads variables one by one and keeps every problem, so that a user sees them all at once. */
export interface Reader {
  readonly problems: Array<Problem.Problem>
  /** What a variable is set to. */
  readonly text: (variable: Pick<Variable, "name">) => Option.Option<string>
  /** The value when it is set and valid. */
  readonly read: <A>(definition: Definition<A>) => Option.Option<A>
  /** The value, or the default where it is unset or a problem. */
  readonly readOrDefault: <A>(definition: DefinitionWithDefault<A>) => A
  /** Notes a problem that only shows together with other variables; nothing when the variable is unset. */
  readonly refuse: (definition: Variable & Problem.Shown, reason: string) => void
  /** Whether someone set the variable to something else than its default. */
  readonly differsFromDefault: (definition: Variable) => boolean
}

/** A reader over the texts that a `ConfigProvider` gave; blank texts count as unset, surrounding blanks do not count. */
export const reader = (raw: Readonly<Record<string, Option.Option<string>>>): Reader => {
  const problems: Array<Problem.Problem> = []
  const textOf = (variable: Pick<Variable, "name">): Option.Option<string> =>
    (raw[variable.name] ?? Option.none()).pipe(Option.map((text) => text.trim()), Option.filter((text) => text !== ""))
  const refuse = (variable: Variable & Problem.Shown, reason: string): void => {
    const text = textOf(variable)
    if (Option.isSome(text)) problems.push(Problem.make(variable, text.value, reason))
  }
  const read = <A>(definition: Definition<A>): Option.Option<A> =>
    Option.flatMap(textOf(definition), (text) => {
      const parsed = definition.parse(text)
      if (Result.isSuccess(parsed)) return Option.some(parsed.success)
      refuse(definition, parsed.failure)
      return Option.none()
    })
  return {
    problems,
    text: textOf,
    read,
    readOrDefault: (definition) => Option.getOrElse(read(definition), () => definition.fallback),
    refuse,
    differsFromDefault: (variable) => Option.exists(textOf(variable), (text) => text !== variable.default)
  }
}
