// What one operation costs: a span, its status, a counter, a histogram with an exemplar, right parents for third-party
// instrumentation; against the peer's bare span.
import * as Effect from "effect/Effect"
import * as Checkout from "../harness/Checkout.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Noise from "../harness/Noise.ts"
import * as Question from "../harness/Question.ts"
import * as BareSpans from "../peers/BareSpans.ts"
import * as CapturedByHand from "../peers/CapturedByHand.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as Ours from "../peers/Ours.ts"
import * as Parents from "../peers/Parents.ts"
import { arrived } from "../peers/ReadingExporter.ts"
import * as Sentry from "../peers/Sentry.ts"
import * as WithPromClient from "../peers/WithPromClient.ts"

const limits: Readonly<Record<Loop.Place, number>> = { root: 0.25, child: 0.18 }

const withCheckout = Checkout.withCheckout()

/** Ours around an effect: everything that the question asks for is checked. */
const ours = (
  name: string,
  body: Effect.Effect<unknown>,
  given: Ours.Ours,
  place: Loop.Place
): Interleaved.Candidate => {
  const way = Loop.at(place, given)
  return {
    name,
    run: Loop.batches(body, way),
    ...Ours.contextManager,
    check: Interleaved.all(
      arrived(given.exporter),
      Ours.counted(given, { ...Checkout, exemplar: true }),
      Parents.right(withCheckout, way, Ours.contextManager)
    )
  }
}

export const question: Question.Question = {
  ask: async () => {
    const peers = await BareSpans.make()
    const [byHand, allByHand] = await Promise.all([WithPromClient.make(), WithPromClient.make()])
    const captured = CapturedByHand.check(Sentry.install())
    const [once, again, eachTime, off] = await Promise.all([
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue),
      Ours.off(Checkout.catalogue)
    ])
    const figures: Array<Figure.Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    for (const place of Loop.places) {
      const unseen = Checkout.ran(Loop.batches(withCheckout(Checkout.bare), Loop.at(place, off)))
      const measured = await Interleaved.measure([
        ...peers.candidates(place),
        {
          name: "peer, prom-client and @sentry/node by hand",
          run: Loop.batches(
            CapturedByHand.withCapture(allByHand.withCheckout(Checkout.bare)),
            Loop.at(place, allByHand)
          ),
          ...Peer.contextManager,
          check: Interleaved.all(arrived(allByHand.exporter), await allByHand.counted(), captured)
        },
        {
          name: "peer, and prom-client by hand",
          run: Loop.batches(byHand.withCheckout(Checkout.bare), Loop.at(place, byHand)),
          ...Peer.contextManager,
          check: Interleaved.all(arrived(byHand.exporter), await byHand.counted())
        },
        {
          name: "ours, observability off",
          run: unseen.run,
          check: Interleaved.all(unseen.check, Ours.silent(off.context))
        },
        ours("ours", withCheckout(Checkout.bare), once, place),
        ours("ours, again", withCheckout(Checkout.bare), again, place),
        // As an argument of `Effect.fn` is.
        ours("ours, applied at each call", Effect.suspend(() => withCheckout(Checkout.bare)), eachTime, place)
      ], { rounds: 71 })
      const named = (name: string) => Interleaved.named(measured, name)
      const [own, peer] = [named("ours"), named(BareSpans.names.peer)]
      figures.push(Figure.over(own, peer, {
        question: `one operation, ${place}`,
        limit: limits[place],
        against: "the peer's bare span",
        noise: Noise.ofRatios([own, named("ours, again")], [peer, named(BareSpans.names.peerAgain)])
      }))
      tables.push({ title: `one operation, ${place}`, rows: Question.candidates(measured, [peer], Interleaved.ratio) })
    }
    await Promise.all([
      peers.close(),
      byHand.close(),
      allByHand.close(),
      once.close(),
      again.close(),
      eachTime.close(),
      off.close()
    ])
    return { figures, tables }
  }
}
