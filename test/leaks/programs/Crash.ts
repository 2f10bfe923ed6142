// Ends the program by itself, as LEAKS_CRASH says, with an error that tells what is in LEAKS_TEXTS.
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** An error as a careless program makes it: secrets in its message, its cause and its fields. */
const makeError = (texts: ReadonlyArray<string>): Error => {
  const part = (index: number) => texts.filter((_, at) => at % 3 === index).map((text) => `zqcrashqz ${text}`)
  return Object.assign(
    new Error(`a fatal probe\n${part(0).join("\n")}`, { cause: new TypeError(part(1).join("\n")) }),
    {
      request: { lines: part(2) }
    }
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
