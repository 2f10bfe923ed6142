/** A service of the compose file as a process of this machine. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "./Http.ts"
import * as Program from "./Program.ts"
import type * as Stack from "./Stack.ts"

export interface Service extends Program.Program {
  /** Every value that differs from the committed files, by the container's path of the file. */
  readonly changes: Stack.Placed["changes"]
}

/** Why a service does not run. */
export type NotStarted = Program.ProgramFailed | Effect.Error<ReturnType<Stack.Stack["place"]>>

/**
 * Starts a service with the program at a path, the compose file's arguments, and its health check; ended with the scope.
 * Its data stay in the stack's folder.
 */
export const start = <E>(
  stack: Stack.Stack,
  service: string,
  program: Effect.Effect<string, E>
): Effect.Effect<Service, E | NotStarted, Scope.Scope> =>
  Effect.gen(function*() {
    const path = yield* program
    const placed = yield* stack.place(service)
    const started = yield* Program.start({
      name: service,
      path,
      args: placed.args,
      env: placed.env,
      cwd: placed.folder,
      ready: () => Http.text(placed.health),
      stopWithin: placed.grace
    })
    return { ...started, changes: placed.changes }
  })
