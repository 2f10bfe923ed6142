// What a combinator adds to an effect while observability is off, in nanoseconds: without any layer, and with the layer
// that is switched off.
import * as DawsOs from "@dawsos/observability/dawsos"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Checkout from "../harness/Checkout.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Noise from "../harness/Noise.ts"
import type * as Question from "../harness/Question.ts"
import * as Ours from "../peers/Ours.ts"

const limit = 50

const withCheckout = Checkout.withCheckout()
const capability = { agent: "financial_analyst", capability: "metrics.compute_twr" }

/** A way to use a combinator, and the same program without it. */
interface Use {
  readonly name: string
  readonly without: Effect.Effect<unknown>
  readonly with: Effect.Effect<unknown>
}

const uses: ReadonlyArray<Use> = [
  { name: "applied once", without: Checkout.bare, with: withCheckout(Checkout.bare) },
  {
    name: "applied at each call",
    without: Effect.suspend(() => Checkout.bare),
    with: Effect.suspend(() => withCheckout(Checkout.bare))
  },
  {
    // Untraced, since what `Effect.fn` itself takes hides what is asked.
    name: "an argument of Effect.fnUntraced",
    without: Effect.suspend(Effect.fnUntraced(function*() {
      yield* Checkout.bare
    }, (self) => self)),
    with: Effect.suspend(Effect.fnUntraced(function*() {
      yield* Checkout.bare
    }, DawsOs.withCapabilityMetrics(capability)))
  },
  {
    name: "input given at each call",
    without: Effect.suspend(() => Checkout.bare),
    with: Effect.suspend(() => DawsOs.withCapabilityMetrics(Checkout.bare, capability))
  }
]

export const question: Question.Question = {
  ask: async () => {
    const off = await Ours.off(Checkout.catalogue)
    const figures: Array<Figure.Figure> = []
    const rows: Array<ReadonlyArray<string>> = [["", "the effect, ns", "with the combinator, ns", "added"]]
    const layers: ReadonlyArray<readonly [string, Context.Context<never>, Interleaved.Check]> = [
      ["no layer", Context.empty(), () => undefined],
      ["the layer, off", off.context, Ours.silent(off.context)]
    ]
    for (const [layer, context, silent] of layers) {
      const candidate = (name: string, effect: Effect.Effect<unknown>): Interleaved.Candidate => {
        const { check, run } = Checkout.ran(Loop.batches(effect, { context }))
        return { name, run, check: Interleaved.all(check, silent) }
      }
      const measured = await Interleaved.measure(
        uses.flatMap((use) => [
          candidate(use.name, use.without),
          candidate(`${use.name}, again`, use.without),
          candidate(`${use.name}, with`, use.with)
        ]),
        { rounds: 91 }
      )
      const found = uses.map(({ name }) => {
        const [without, again, own] = [
          Interleaved.named(measured, name),
          Interleaved.named(measured, `${name}, again`),
          Interleaved.named(measured, `${name}, with`)
        ]
        const value = Interleaved.added(own, without)
        rows.push([
          `${layer}, ${name}`,
          Figure.spread(Interleaved.spreadOf(without.samples)),
          Figure.spread(Interleaved.spreadOf(own.samples)),
          Figure.spread(value, "ns")
        ])
        const reason = own.void ?? without.void ?? again.void
        return { name, value, noise: Noise.ofDifferences([without, again]), reason }
      })
      const worst = found.reduce((one, other) => other.value.median > one.value.median ? other : one)
      figures.push({
        question: `observability off, ${layer}: what a combinator adds`,
        value: worst.value,
        unit: "ns",
        limit,
        reach: "at most",
        against: `the effect alone; the dearest of ${uses.length} uses (${worst.name})`,
        void: found.find(({ reason }) => reason !== undefined)?.reason,
        noise: worst.noise
      })
    }
    await off.close()
    return { figures, tables: [{ title: "what a combinator adds while observability is off", rows }] }
  }
}
