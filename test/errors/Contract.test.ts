import { Catalogue, ErrorTracking, Observability } from "@dawsos/observability"
import { TestErrors } from "@dawsos/observability/testing"
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as EffectErrorReporter from "effect/ErrorReporter"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as ErrorTrackingLive from "../../src/errors/ErrorTrackingLive.ts"
import * as FakeSentry from "./FakeSentry.ts"

/** What can be told of an event wherever it went. */
interface Told {
  readonly type: string | undefined
  readonly value: string | undefined
  readonly level: string
  readonly operation: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly breadcrumbs: number
}

interface Subject {
  readonly run: <A, E>(
    program: Effect.Effect<A, E, ErrorTracking.ErrorTracking>
  ) => Effect.Effect<{ readonly value: A; readonly events: ReadonlyArray<Told> }, E>
}

const quiet = Logger.layer([])

const test: Subject = {
  run: (program) =>
    Effect.gen(function*() {
      const value = yield* program
      const events = yield* TestErrors.events
      return {
        value,
        events: events.map((event): Told => ({
          type: event.exceptions[0]?.type,
          value: event.exceptions[0]?.value ?? event.message,
          level: event.level,
          operation: event.fingerprint[1],
          tags: event.tags,
          breadcrumbs: event.breadcrumbs.length
        }))
      }
    }).pipe(Effect.provide(Observability.layerTest({ catalogue: Catalogue.make({ prefix: "contract", metrics: {} }) })))
}

const live: Subject = {
  run: (program) =>
    Effect.gen(function*() {
      const sentry = yield* FakeSentry.make
      const layer = ErrorTrackingLive.layer({
        config: {
          service: { name: "test", version: "0.0.0", environment: "test" },
          sentry: { dsn: Option.some(sentry.dsn), profilesSampleRate: 0 }
        }
      })
      const value = yield* Effect.provide(program, layer.pipe(Layer.provideMerge(quiet)))
      return {
        value,
        events: sentry.envelopes.map(FakeSentry.eventOf).map((event): Told => ({
          type: event.exception?.values.at(-1)?.type,
          value: event.exception?.values.at(-1)?.value ?? event.message,
          level: event.level,
          operation: event.fingerprint[1],
          tags: event.tags,
          breadcrumbs: event.breadcrumbs?.length ?? 0
        }))
      }
    }).pipe(Effect.scoped)
}

class Broken extends Data.TaggedError("Broken")<{ readonly message: string }> {}

class Marked extends Data.TaggedError("Marked") {
  override readonly [EffectErrorReporter.ignore] = true
}

const suite = (name: string, subject: Subject) =>
  describe(`ErrorTracking, ${name}`, () => {
    it.live("tells of a failed job once, with its user, tags and breadcrumbs, scrubbed", () =>
      Effect.gen(function*() {
        const { events } = yield* subject.run(
          ErrorTracking.addBreadcrumb({ message: "before" }).pipe(
            Effect.andThen(Effect.fail(new Broken({ message: "with Bearer abc.def" }))),
            ErrorTracking.withTags({ part: "one" }),
            Effect.withErrorReporting,
            ErrorTracking.withBoundary("job"),
            Effect.exit
          )
        )
        assert.deepStrictEqual(events, [{
          type: "Broken",
          value: "with Bearer [redacted]",
          level: "error",
          operation: "job",
          tags: { part: "one", operation: "job", user: "anonymous" },
          breadcrumbs: 1
        }])
      }))

    it.live("tells of messages with their level", () =>
      Effect.gen(function*() {
        const { events } = yield* subject.run(ErrorTracking.captureMessage("old", "Warn"))
        assert.deepStrictEqual(events.map(({ level, type, value }) => [type, value, level]), [
          [undefined, "old", "warning"]
        ])
      }))

    it.live("does not tell of what is expected", () =>
      Effect.gen(function*() {
        const { events, value } = yield* subject.run(ErrorTracking.captureException(new Marked()))
        assert.deepStrictEqual([events, value], [[], Option.none()])
      }))

    it.live("gives an account that is balanced", () =>
      Effect.gen(function*() {
        const { value } = yield* subject.run(Effect.gen(function*() {
          for (let i = 0; i < 12; i++) yield* ErrorTracking.captureException(new Broken({ message: "x" }))
          return yield* Effect.flatMap(ErrorTracking.ErrorTracking, ({ flush }) => flush)
        }))
        assert.deepStrictEqual(
          { captured: value.captured, sent: value.sent, limited: value.dropped.rate_limited, queued: value.queued },
          { captured: 12, sent: 10, limited: 2, queued: 0 }
        )
      }))
  })

suite("live", live)
suite("test", test)
