/**
 * Captured errors: every event that would have been sent, scrubbed, and expectations on them.
 *
 * @example
 * import { TestErrors } from "@dawsos/observability/testing"
 * import { ErrorTracking } from "@dawsos/observability"
 * import * as DawsOs from "@dawsos/observability/dawsos"
 * import * as Effect from "effect/Effect"
 *
 * export const test = Effect.gen(function*() {
 *   yield* Effect.exit(Effect.die(new TypeError("no prices")).pipe(ErrorTracking.withBoundary("pack build")))
 *   yield* TestErrors.expectEvent({ type: "TypeError", operation: "pack build", handled: false })
 * }).pipe(Effect.provide(DawsOs.layerTest))
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Events from "../errors/ErrorEvent.ts"
import { expect, met } from "./ExpectationError.ts"
import * as Pattern from "./Pattern.ts"

/** An event as it would be sent. */
export type ErrorEvent = Events.ErrorEvent

/** The events that a program under test has captured. */
export class TestErrors extends Context.Service<TestErrors, {
  /** Everything that was captured so far, the oldest first. */
  readonly events: Effect.Effect<ReadonlyArray<ErrorEvent>>
  /** Forgets the events so far. */
  readonly clear: Effect.Effect<void>
}>()("@dawsos/observability/testing/TestErrors") {}

/** An event as expectations see it: with the type of its first exception beside it. */
interface Seen extends ErrorEvent {
  /** The `_tag` of the error, else its name. */
  readonly type: string | undefined
}

/** What a test says of an event; what it leaves out may be anything. Texts may be regular expressions. */
export type EventPattern = {
  readonly [Key in keyof Seen]?: Pattern.Pattern<NonNullable<Seen[Key]>> | undefined
}

/** Every event that was captured so far, the oldest first. */
export const events: Effect.Effect<ReadonlyArray<ErrorEvent>, never, TestErrors> = Effect.flatMap(
  TestErrors,
  (service) => service.events
)

/** Forgets the events so far. */
export const clear: Effect.Effect<void, never, TestErrors> = Effect.flatMap(TestErrors, (service) => service.clear)

const seen = (event: ErrorEvent): Seen => {
  const [first] = event.exceptions
  return { ...event, type: first?.type, message: event.message ?? first?.value }
}

const listed = (all: ReadonlyArray<ErrorEvent>): ReadonlyArray<string> =>
  all.map((event) => {
    const { level, message, operation, type } = seen(event)
    return `  ${type ?? "message"}: ${Pattern.show(message)} in ${operation} [${level}]`
  })

/**
 * Expects that an event like this was captured, and answers with it. `type` is the error's `_tag` or name, `message`
 * its message. Dies with an `ExpectationError` that shows how the closest event differs.
 *
 * @example
 * import { TestErrors } from "@dawsos/observability/testing"
 *
 * export const check = TestErrors.expectEvent({ type: "ProviderError", tags: { route: "/api/quotes/{symbol}" } })
 */
export const expectEvent = (pattern: EventPattern): Effect.Effect<ErrorEvent, never, TestErrors> =>
  expect(
    expectEvent,
    Effect.map(events, (all) => {
      const closest = Pattern.closest(all.map(seen), pattern)
      if (closest === undefined) return { problem: `expected an event ${Pattern.show(pattern)}, but none was captured` }
      const index = all.findIndex(({ id }) => id === closest.value.id)
      const event = all[index]
      if (closest.differences.length === 0 && event !== undefined) return { met: event }
      return {
        problem: [
          `no event is as expected; the closest of ${all.length} differs`,
          ...closest.differences.map((difference) => `✗ ${Pattern.describe(difference)}`),
          "captured",
          ...listed(all)
        ].join("\n")
      }
    })
  )

/** Expects that nothing was captured. */
export const expectNoEvents: Effect.Effect<void, never, TestErrors> = expect(
  undefined,
  Effect.map(
    events,
    (all) => all.length === 0 ? met : { problem: ["expected no events, but", ...listed(all)].join("\n") }
  )
)
