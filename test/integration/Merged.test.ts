import { Catalogue, type Metrics, Observability, Tracing } from "@dawsos/observability"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as ExpositionText from "../support/ExpositionText.ts"
import * as Harness from "./Harness.ts"

/** A product whose metrics stay in reach when another one's services hide them. */
const product = Effect.fnUntraced(function*(prefix: string) {
  const receiver = yield* Receiver.make()
  let metrics: Metrics.Service | undefined
  const { console } = Harness.recordingConsole()
  const layer = Observability.layer({
    catalogue: Catalogue.make({ prefix, metrics: {} }),
    onStart: (service) => {
      metrics = service
    }
  }, { logFormat: "json" }).pipe(
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(Harness.environment(receiver)))),
    Layer.provide(Layer.succeed(Console.Console, console))
  )
  const started = Effect.suspend(() =>
    Effect.map(
      metrics?.render("prometheus") ?? Effect.die(`${prefix} has not started`),
      (text) => ExpositionText.parse(text, "prometheus").value(`${prefix}_observability_spans_started_total`)
    )
  )
  const received = Effect.map(
    receiver.spans,
    (spans) => spans.filter(({ signal }) => signal === "otlp").map(({ name }) => name)
  )
  return { layer, received, started }
})

/** A part of a program that does some work when it starts. */
const part = (name: string) => Layer.effectDiscard(Effect.andThen(Effect.withSpan(Effect.void, name), Tracing.flush))

describe("two live layers in one graph", () => {
  it.live("serve the parts that stand on them, each with its own books", () =>
    Effect.gen(function*() {
      const [shop, bank] = [yield* product("shop"), yield* product("bank")]
      yield* Layer.build(Layer.mergeAll(
        Layer.mergeAll(part("order"), part("basket")).pipe(Layer.provide(shop.layer)),
        part("payment").pipe(Layer.provide(bank.layer))
      ))
      assert.deepStrictEqual([yield* shop.started, yield* bank.started], [2, 1])
      assert.sameMembers(yield* shop.received, ["order", "basket"])
      assert.deepStrictEqual(yield* bank.received, ["payment"])
    }))

  it.live("merged into one, the last serves the program, and both keep their books", () =>
    Effect.gen(function*() {
      const [shop, bank] = [yield* product("shop"), yield* product("bank")]
      yield* Layer.build(part("payment").pipe(Layer.provide(Layer.mergeAll(shop.layer, bank.layer))))
      assert.deepStrictEqual([yield* shop.started, yield* bank.started], [0, 1])
      assert.deepStrictEqual(yield* shop.received, [])
      assert.deepStrictEqual(yield* bank.received, ["payment"])
    }))
})
