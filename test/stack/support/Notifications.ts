/** The compose file's service that notifications go to as long as no receiver has its secret. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Service from "./Service.ts"
import type * as Stack from "./Stack.ts"

/** The port that Alertmanager posts to; a test that wants the bodies listens on it itself. */
export const port = 8025

/** Where a test listens in place of the service: `Receiver.web({ port: Notifications.portOf(stack) })`. */
export const portOf = (stack: Stack.Stack): number => stack.port("notifications", port)

/** Starts the service, which prints what it is sent; ended with the scope. */
export const start = (
  stack: Stack.Stack
): Effect.Effect<Service.Service, Service.NotStarted, Scope.Scope> =>
  Service.start(stack, "notifications", Effect.succeed(process.execPath))
