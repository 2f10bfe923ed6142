// Ends the program by itself, as LEAKS_CRASH says, with an error that tells what is in LEAKS_TEXTS.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { markerOf, type Part, partOf } from "../CrashParts.ts"

/** An error as a careless program makes it: secrets in its message, its cause and its fields. */
const makeError = (texts: ReadonlyArray<string>): Error => {
  const lines = (part: Part) => texts.filter((_, at) => partOf(at) === part).map((text) => `${markerOf(part)} ${text}`)
  return Object.assign(
    new Error(`a fatal probe\n${lines("message").join("\n")}`, { cause: new TypeError(lines("cause").join("\n")) }),
    { request: { lines: lines("field") } }
  )
}

const crash = Effect.suspend(() => {
  const error = makeError(JSON.parse(process.env["LEAKS_TEXTS"] ?? "[]"))
  switch (process.env["LEAKS_CRASH"]) {
    case "defect":
      return Effect.die(error)
    case "uncaught":
      return Effect.sync(() => {
        setTimeout(() => {
          throw error
        }, 10)
      })
    case "rejected":
      return Effect.sync(() => void Promise.reject(error))
    default:
      return Effect.void
  }
})

export const layer = Layer.effectDiscard(crash)
