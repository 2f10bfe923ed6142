// Checked by `tsc`: a combinator keeps A, E and R, and refuses what its description does not allow.
import { Catalogue, Observation } from "@dawsos/observability"
import { describe, expectTypeOf, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"

class Stock extends Context.Service<Stock, { readonly left: number }>()("test/Stock") {}
class Failed {
  readonly _tag = "Failed"
}

const total = Catalogue.counter({
  name: "shop_orders_total",
  help: "Orders placed",
  labels: { channel: Catalogue.Label.oneOf("web", "phone"), status: Catalogue.Label.oneOf(...Observation.statuses) }
})
const duration = Catalogue.histogram({
  name: "shop_order_duration_seconds",
  help: "Time that an order takes",
  unit: "seconds",
  labels: { channel: Catalogue.Label.oneOf("web", "phone") },
  buckets: [1],
  bucketsReason: "a test"
})

interface Input {
  readonly channel: "web" | "phone"
}
const span = ({ channel }: Input) => ({ name: channel })
const withOrder = Observation.make<Input>({
  prefix: "shop",
  span,
  instruments: [
    Observation.count(total, ({ channel }, status) => ({ channel, status })),
    Observation.time(duration, ({ channel }) => ({ channel }))
  ]
})
const input: Input = { channel: "web" }

type Order = Effect.Effect<{ readonly id: number }, Failed, Stock>
declare const order: Order

describe("The types of a combinator", () => {
  it("A, E and R stay as they are, in both call styles and with options", () => {
    const piped = () => order.pipe(withOrder(input))
    expectTypeOf<ReturnType<typeof piped>>().toEqualTypeOf<Order>()
    const first = () => withOrder(order, input)
    expectTypeOf<ReturnType<typeof first>>().toEqualTypeOf<Order>()
    const degraded = () => withOrder(order, input, { degraded: (value) => value.id < 0 })
    expectTypeOf<ReturnType<typeof degraded>>().toEqualTypeOf<Order>()
    const degradedPiped = () =>
      order.pipe(withOrder(input, { degraded: (value: { readonly id: number }) => value.id < 0 }))
    expectTypeOf<ReturnType<typeof degradedPiped>>().toEqualTypeOf<Order>()
  })

  it("a requirement of the parent span stays too, which withSpan would take away", () => {
    const self: Effect.Effect<void, never, Tracer.ParentSpan> = Effect.asVoid(Effect.service(Tracer.ParentSpan))
    expectTypeOf(withOrder(self, input)).toEqualTypeOf<Effect.Effect<void, never, Tracer.ParentSpan>>()
  })

  it("never and unknown stay", () => {
    expectTypeOf(withOrder(Effect.never, input)).toEqualTypeOf<Effect.Effect<never>>()
    const unknown = () => withOrder(order as Effect.Effect<unknown, unknown, unknown>, input)
    expectTypeOf<ReturnType<typeof unknown>>().toEqualTypeOf<Effect.Effect<unknown, unknown, unknown>>()
  })

  it("Effect.fn infers arguments and result through it, generic ones too", () => {
    const plain = Effect.fn(function*(n: number) {
      const { left } = yield* Stock
      if (left < n) return yield* Effect.fail(new Failed())
      return { id: n }
    }, withOrder(input))
    expectTypeOf(plain).parameters.toEqualTypeOf<[n: number]>()
    expectTypeOf<ReturnType<typeof plain>>().toEqualTypeOf<Effect.Effect<{ id: number }, Failed, Stock>>()

    const generic = Effect.fn(function*<T extends string>(value: T) {
      return yield* Effect.succeed({ value })
    }, withOrder(input))
    const called = () => generic("a" as const)
    expectTypeOf<ReturnType<typeof called>>().toEqualTypeOf<Effect.Effect<{ value: "a" }>>()
  })

  it("wrong input, a wrong label and a `degraded` for another value don't compile", () => {
    // @ts-expect-error a value that the input does not allow
    withOrder({ channel: "fax" })
    // @ts-expect-error a missing input
    withOrder({})
    // @ts-expect-error a misspelt input
    withOrder({ chanel: "web" })
    // @ts-expect-error `degraded` is about another value than the effect's
    const wrong = () => order.pipe(withOrder(input, { degraded: (value: string) => value === "" }))
    // @ts-expect-error a misspelt label
    Observation.count(total, ({ channel }: Input, status) => ({ chanel: channel, status }))
    // @ts-expect-error a missing label
    Observation.count(total, ({ channel }: Input) => ({ channel }))
    // @ts-expect-error a value that the label does not have
    Observation.count(total, (_: Input, status) => ({ channel: "fax", status }))
    // @ts-expect-error a label that the histogram does not have
    Observation.time(duration, ({ channel }: Input) => ({ channel, status: "success" }))
    // @ts-expect-error a histogram does not count
    Observation.count(duration, ({ channel }: Input) => ({ channel }))
    // @ts-expect-error a status is one of five
    const status: Observation.Status = "failed"
    expectTypeOf(wrong).toBeFunction()
    expectTypeOf(status).toBeString()
  })

  it("an instrument takes what its description's input has", () => {
    const more = Observation.count(
      total,
      ({ channel }: Input & { readonly basket: number }, status) => ({ channel, status })
    )
    // @ts-expect-error an instrument that asks for more than the operation tells
    Observation.make<Input>({ prefix: "shop", span, instruments: [more] })
    expectTypeOf(withOrder).toEqualTypeOf<Observation.Combinator<Input>>()
  })
})
