import { Catalogue, ErrorTracking, Observability } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as Sentry from "@sentry/node"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Harness from "../integration/Harness.ts"

const { console } = Harness.recordingConsole()
const vocabulary: Observability.Vocabulary = { catalogue: Catalogue.make({ prefix: "host", metrics: {} }) }

/** The items that one failure comes to at Sentry, without what differs from one to the next. */
const sent = Effect.gen(function*() {
  const receiver = yield* Receiver.make()
  yield* ErrorTracking.addBreadcrumb({ message: "step" }).pipe(
    Effect.andThen(Effect.fail(new Error("no prices", { cause: new Error("timeout") }))),
    Effect.withSpan("load"),
    ErrorTracking.withTags({ pattern: "holdings" }),
    ErrorTracking.withUser({ id: "u-17", role: "analyst" }),
    ErrorTracking.withBoundary("job"),
    Effect.ignore,
    Effect.provide(
      Layer.fresh(Observability.layer(vocabulary, { logFormat: "json" })).pipe(
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(Harness.environment(receiver))))
      )
    ),
    Effect.provideService(Console.Console, console)
  )
  return (yield* receiver.items).map(({ payload, type }) => {
    const { breadcrumbs, contexts, event_id, timestamp, ...rest } = payload as unknown as Sentry.ErrorEvent
    assert.match(event_id ?? "", /^[0-9a-f]{32}$/)
    assert.isNumber(timestamp)
    const { trace, ...others } = contexts ?? {}
    return {
      ...rest,
      type,
      contexts: { ...others, trace: Object.keys(trace ?? {}).toSorted() },
      breadcrumbs: breadcrumbs?.map(({ category, level, message }) => ({ category, level, message }))
    }
  })
}).pipe(Effect.scoped)

describe("a program that uses Sentry's SDK itself, in the same process", () => {
  it.live("adds nothing to our events, changes nothing in them, and keeps none back", () =>
    Effect.gen(function*() {
      const alone = yield* sent
      assert.strictEqual(alone.length, 1)
      const scope = Sentry.getGlobalScope()
      scope.setTags({ pattern: "of the program", program: "tag" })
      scope.setUser({ id: "somebody-else", email: "jane.doe@example.com" })
      scope.setExtras({ request: { password: "hunter2" } })
      scope.setContext("program", { secret: "hunter2" })
      scope.addBreadcrumb({ message: "of the program" })
      scope.setFingerprint(["of the program"])
      scope.setLevel("fatal")
      scope.setTransactionName("of the program")
      scope.addAttachment({ filename: "heap.txt", data: "hunter2" })
      assert.deepStrictEqual(yield* sent, alone)

      const ways: ReadonlyArray<(event: Sentry.Event) => Sentry.Event | null> = [
        (event) => ({ ...event, server_name: "host", request: { cookies: { sid: "hunter2" } } }),
        () => null,
        () => {
          throw new Error("a processor of the program")
        }
      ]
      let way = 0
      scope.addEventProcessor((event) => ways[way]!(event))
      for (; way < ways.length; way++) assert.deepStrictEqual(yield* sent, alone)
    }))
})
