// The span that questions on the export are about: three attributes, of which one differs from span to span.
import { Observation } from "@dawsos/observability"
import type * as Otel from "@opentelemetry/api"
import * as Effect from "effect/Effect"

/** Its name. */
export const name = "order"

/** Its attributes, in an object of its own as a program makes it. */
export const attributesOf = (items: number) => ({ "shop.channel": "web", "shop.currency": "EUR", "shop.items": items })

/** Whether a span that arrived has them. */
export const isComplete = (span: { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }) =>
  span.name === name && span.attributes["shop.channel"] === "web" && span.attributes["shop.currency"] === "EUR" &&
  typeof span.attributes["shop.items"] === "number"

const kinds = 1_000
let made = 0

const work = Effect.sync(() => {
  made++
})

const withOrder = Observation.make<number>({
  prefix: "shop",
  span: (items) => ({ name, attributes: attributesOf(items) }),
  instruments: []
})

/** An operation in a span by this package's combinator, with what it is given at this moment. */
export const observed: Effect.Effect<void> = Effect.suspend(() => withOrder(work, made % kinds))

// Where the span was written is a stack trace a span when options are made at run time: left out, as its fastest use.
/** The same by `Effect.withSpan`. */
export const spanned: Effect.Effect<void> = Effect.suspend(() =>
  Effect.withSpan(work, name, { attributes: attributesOf(made % kinds), captureStackTrace: false })
)

/** So many of the same by OpenTelemetry's API. */
export const started = (tracer: Otel.Tracer, spans: number): void => {
  for (let n = 0; n < spans; n++) {
    made++
    tracer.startSpan(name, { attributes: attributesOf(made % kinds) }).end()
  }
}
