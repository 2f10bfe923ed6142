/**
 * Alert and recording rules as data.
 *
 * A rule is described once: the rules file, its runbook page, the documentation and the links between them are made from
 * it.
 */
import type * as Duration from "effect/Duration"
import { refuse } from "./MixinError.ts"
import * as PromQL from "./PromQL.ts"

/** `critical` wakes a person, `warning` waits for the working day, `info` tells and asks for nothing. */
export type Severity = "critical" | "warning" | "info"

/** What a tired person needs to know, in the order in which they need it. Texts are Markdown. */
export interface Runbook {
  /** What the alert means, and for whom. */
  readonly meaning: string
  /** Where to look first, step by step. */
  readonly firstLook: ReadonlyArray<string>
  /** What usually causes it, the most usual first. */
  readonly usualCauses: ReadonlyArray<string>
  /** What to do. */
  readonly actions: ReadonlyArray<string>
}

/** An alert rule. */
export interface Alert {
  readonly _tag: "Alert"
  /** In CamelCase, at most once in all groups, unless the same alert has several conditions (burn rates). */
  readonly name: string
  readonly expression: PromQL.Expression
  /** How long the condition must hold. */
  readonly for?: Duration.Input | undefined
  /** How long the alert stays after its condition has gone, against flapping. */
  readonly keepFiringFor?: Duration.Input | undefined
  readonly severity: Severity
  /** Further labels, for routing. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** One line without templates, the title of a notification. */
  readonly summary: string
  /** The body of a notification; `{{ $value }}` and `{{ $labels.… }}` are filled in by Prometheus. */
  readonly description: string
  /** The uid of the dashboard on which it is looked into. */
  readonly dashboard: string
  readonly runbook: Runbook
}

/** A recording rule. */
export interface Recording {
  readonly _tag: "Recording"
  /** `level:metric:operations`. */
  readonly record: string
  readonly expression: PromQL.Expression
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** A rule of either kind. */
export type Rule = Alert | Recording

/** Rules that are evaluated together, one after the other. */
export interface Group {
  readonly name: string
  /** How often; Prometheus's `evaluation_interval` unless given. */
  readonly interval?: Duration.Input | undefined
  readonly rules: ReadonlyArray<Rule>
}

const filled = (where: string, texts: Readonly<Record<string, string | ReadonlyArray<string>>>): void => {
  for (const [name, text] of Object.entries(texts)) {
    const all = typeof text === "string" ? [text] : text
    if (all.length === 0 || all.some((one) => one.trim() === "")) refuse(where, `${name} is empty`)
  }
}

/** An alert rule. Raises `MixinError` when it is not fit to wake anybody. */
export const alert = (options: Omit<Alert, "_tag">): Alert => {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(options.name)) refuse(options.name, "the name of an alert is written in CamelCase")
  filled(options.name, { summary: options.summary, description: options.description, ...options.runbook })
  if (options.summary.includes("{{")) refuse(options.name, "a summary has no templates, they belong in the description")
  const known: ReadonlyArray<string> = [...options.expression.labels, ...Object.keys(options.labels ?? {}), "severity"]
  for (const [, label = ""] of options.description.matchAll(/\$labels\.([a-zA-Z_]\w*)/g)) {
    if (!known.includes(label)) {
      refuse(options.name, `the description names the label ${label}, the alert has ${known.join(", ")}`)
    }
  }
  return { _tag: "Alert", ...options }
}

/** A recording rule. Raises `MixinError` when its name does not follow `level:metric:operations`. */
export const recording = (options: Omit<Recording, "_tag">): Recording => {
  if (!/^[a-z_][a-z0-9_]*(:[a-zA-Z_][a-zA-Z0-9_]*){1,2}$/.test(options.record)) {
    refuse(options.record, "a recording rule is named level:metric:operations")
  }
  return { _tag: "Recording", ...options }
}

/** A query as the text of a runbook shows it: on one line, as code. */
export const query = (expression: PromQL.Expression): string =>
  `\`${PromQL.render(expression).replace(/\s*\n\s*/g, " ").replaceAll("( ", "(").replaceAll(" )", ")")}\``
