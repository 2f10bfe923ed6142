/**
 * Metrics that are kept and can be read and written out, and are served nowhere: what the test layer uses.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Catalogue from "../Catalogue.ts"
import * as Guard from "../Guard.ts"
import * as Metrics from "./Metrics.ts"
import * as Registry from "./Registry.ts"

/** What metrics are kept for. */
export interface Options {
  readonly catalogue: Catalogue.Catalogue
  /** Cleans the values of bounded labels when they are first seen, each as its label's name has it. */
  readonly scrubber: Registry.LabelScrubber
  /** Counts the faults of recorders and collectors; the guard of the surrounding layer where it is not given. */
  readonly guard?: Guard.Guard | undefined
}

/** A registry on the clock, and under the guard, of the fiber that makes it. */
export const registry = (options: Options): Effect.Effect<Registry.Registry> =>
  Effect.withFiber((fiber) => {
    const clock = fiber.getRef(Clock.Clock)
    return Effect.sync(() =>
      Registry.make({
        catalogue: options.catalogue,
        scrubber: options.scrubber,
        guard: options.guard ?? fiber.getRef(Guard.CurrentGuard),
        now: () => clock.currentTimeMillisUnsafe()
      })
    )
  })

/**
 * The service without a server. Values of known label sets are 0, time is that of the fiber (`TestClock` in tests), and
 * prom-client is loaded when the exposition is first written.
 */
export const make = (options: Options): Effect.Effect<Metrics.Service> =>
  Effect.gen(function*() {
    const made = yield* registry(options)
    const context = yield* Effect.context<never>()
    let render: Promise<(format: Metrics.Format) => Promise<string>> | undefined
    const load = async () => {
      const [{ default: prom }, Exposition] = await Promise.all([import("prom-client"), import("./Exposition.ts")])
      return Exposition.make({ registry: made, prom, context })
    }
    return {
      enabled: true,
      ...made.recording,
      render: (format) => Effect.promise(async () => (await (render ??= load()))(format)),
      address: Option.none()
    }
  })

/** A layer of `make`. */
export const layer = (options: Options): Layer.Layer<Metrics.Metrics> => Layer.effect(Metrics.Metrics)(make(options))
