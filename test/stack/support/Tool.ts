/** Where the real programs are; a missing one is an error that says how to install it. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Tools from "../../../scripts/stack/Tools.ts"

/** A program that the stack tests need is not on this machine. */
export class ToolMissing extends Data.TaggedError("ToolMissing")<{
  readonly name: Tools.ToolName
  readonly message: string
}> {}

/** The path of a program. */
export const path = (name: Tools.ToolName): Effect.Effect<string, ToolMissing> =>
  Effect.suspend(() => {
    const outcome = Tools.resolve(name)
    return outcome._tag === "Found"
      ? Effect.succeed(outcome.path)
      : Effect.fail(new ToolMissing({ name: outcome.name, message: outcome.message }))
  })
