/** The patterns: sequences of capabilities as data, in DawsOS's own form (`patterns.json`). */
import * as Schema from "effect/Schema"
import json from "./patterns.json" with { type: "json" }

const Input = Schema.Struct({
  type: Schema.Literals(["string", "number", "boolean"]),
  default: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]))
})

export const Pattern = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  inputs: Schema.Record(Schema.String, Input),
  steps: Schema.Array(Schema.Struct({
    capability: Schema.String,
    args: Schema.Record(Schema.String, Schema.Unknown),
    /** The key of the result in the state. */
    as: Schema.String,
    if: Schema.optionalKey(Schema.String)
  }))
})

export type Pattern = typeof Pattern.Type

export const patterns = Schema.decodeUnknownSync(Schema.Array(Pattern))(json)

/** A pattern as `pattern-broken` deploys it: a template of its step `sectors` names something that is not there. */
export const mistyped = (pattern: Pattern): Pattern => ({
  ...pattern,
  steps: pattern.steps.map((each) =>
    each.as === "sectors" ? { ...each, args: { positions: "{{state.valued_positions}}" } } : each
  )
})
