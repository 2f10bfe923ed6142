/** Which spans of a service are in Jaeger, by their ids. */
import * as Effect from "effect/Effect"
import * as Deadline from "./Deadline.ts"
import type * as Http from "./Http.ts"
import type * as Jaeger from "./Jaeger.ts"

/** All of them; a service that Jaeger never heard of has none. */
export const ids = (jaeger: Jaeger.Jaeger, service: string): Effect.Effect<ReadonlyArray<string>, Http.AskFailed> =>
  Effect.map(
    // A search goes up to the moment at which it is made, so each question makes its own.
    Effect.suspend(() => jaeger.find({ service, limit: 5_000 })),
    (traces) => traces.flatMap(({ spans }) => spans.map(({ spanID }) => spanID))
  )

/** Waits until the wanted ones are there, then gives all. */
export const among = (
  jaeger: Jaeger.Jaeger,
  service: string,
  wanted: Iterable<string>
): Effect.Effect<ReadonlyArray<string>, Deadline.NotInTime> =>
  Deadline.eventually(ids(jaeger, service), {
    what: `the spans of ${service} are in Jaeger`,
    until: (there) => {
      const known = new Set(there)
      return [...wanted].every((id) => known.has(id))
    }
  })
