/**
 * Node's own metrics (event loop, heap, garbage collection, handles), collected once a process.
 *
 * prom-client's `collectDefaultMetrics` leaves an observer of garbage collections and a monitor of the event loop
 * behind at each call and has no way to take them back. So it is called once a process, into a registry of its own that
 * outlives the layers; the layers of a process take turns in nothing: each shows the same values. The count says
 * whether any layer is there to show them.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Registry } from "prom-client"

/** What is needed of prom-client, which is loaded only where metrics are on. */
export interface PromClient {
  readonly Registry: typeof Registry
  readonly collectDefaultMetrics: (options: { readonly register: Registry }) => void
}

let registry: Registry | undefined
let users = 0

/** The number of layers that show Node's metrics at the moment. */
export const userCount = (): number => users

/** The registry of Node's metrics, for the life of a scope. The first caller of a process starts the collection. */
export const acquire = (prom: PromClient): Effect.Effect<Registry, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      if (registry === undefined) {
        const made = new prom.Registry()
        prom.collectDefaultMetrics({ register: made })
        registry = made
      }
      users++
      return registry
    }),
    () =>
      Effect.sync(() => {
        users--
      })
  )
