/** Puts figures into words. A local text stands in for the language model, so that the program needs no account. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { agent, computes } from "../orchestrator/AgentRuntime.ts"

const Subject = Schema.Struct({ subject: Schema.String, figures: Schema.Record(Schema.String, Schema.Unknown) })

/** The figures in the order of their size, numbers with two decimals. */
export const describe = (input: typeof Subject.Type): string => {
  const numbers = Object.entries(input.figures)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value.toFixed(2)}`)
  const grade = typeof input.figures["grade"] === "string" ? ` and is graded ${input.figures["grade"]}` : ""
  return `${input.subject} shows ${numbers.join(", ") || "no figures"}${grade}.`
}

export class Claude extends Context.Service<Claude>()("dawsos/agents/Claude", {
  make: Effect.sync(() => {
    const speak = computes(Subject, (input) => Effect.succeed({ text: describe(input), model: "template" }))
    return agent("claude", { "claude.explain": speak, "claude.summarize": speak, "ai.explain": speak })
  })
}) {
  static readonly layer = Layer.effect(Claude, Claude.make)
}
