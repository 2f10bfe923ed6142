// Stands in for `@dawsos/observability` where the reference program is wired by hand: errors go to `@sentry/node`; all
// else that the program takes from there does nothing without a layer.
import * as Core from "@dawsos/observability"
import * as Effect from "effect/Effect"
import * as CapturedByHand from "../peers/CapturedByHand.ts"

export * from "@dawsos/observability"

type Wrap = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const withTags = (tags: Readonly<Record<string, string>>): Wrap => (self) =>
  Effect.andThen(CapturedByHand.tellScope((scope) => scope.setTags(tags)), self)

const withUser = <A, E, R>(self: Effect.Effect<A, E, R>, { id, role }: Core.Boundary.User): Effect.Effect<A, E, R> =>
  Effect.andThen(
    CapturedByHand.tellScope((scope) => scope.setUser({ id, ...role === undefined ? {} : { role } })),
    self
  )

const withBoundary = (operation: string): Wrap => (self) =>
  CapturedByHand.withCapture(
    Effect.andThen(CapturedByHand.tellScope((scope) => scope.setTransactionName(operation)), self)
  )

const addBreadcrumb: typeof Core.ErrorTracking.addBreadcrumb = ({ category, message }) =>
  CapturedByHand.tellScope((scope) => scope.addBreadcrumb({ message, ...category === undefined ? {} : { category } }))

export const ErrorTracking = { ...Core.ErrorTracking, addBreadcrumb, withBoundary, withTags, withUser }
