// What plain `Effect.withSpan` costs on our tracer, against the peer.
import * as Effect from "effect/Effect"
import * as Checkout from "../harness/Checkout.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Noise from "../harness/Noise.ts"
import * as Question from "../harness/Question.ts"
import * as BareSpans from "../peers/BareSpans.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as OrderSpan from "../peers/OrderSpan.ts"
import * as Ours from "../peers/Ours.ts"
import * as Parents from "../peers/Parents.ts"
import { arrived } from "../peers/ReadingExporter.ts"

const limit = 0.5

const withSpan = Effect.withSpan(Checkout.name)
// Of three attributes one differs as a rule. Where all are the same each time, nothing is left to be scrubbed.
const sameAttributes = Effect.withSpan(Checkout.bare, OrderSpan.name, { attributes: OrderSpan.attributesOf(3) })

export const question: Question.Question = {
  ask: async () => {
    const peers = await BareSpans.make()
    const [plain, again, rich, same] = await Promise.all([
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue)
    ])
    const richPeer = await Peer.make()
    const figures: Array<Figure.Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    for (const place of Loop.places) {
      const ours = (name: string, given: Ours.Ours): Interleaved.Candidate => {
        const way = Loop.at(place, given)
        return {
          name,
          run: Loop.batches(withSpan(Checkout.bare), way),
          ...Ours.contextManager,
          check: Interleaved.all(
            arrived(given.exporter),
            Parents.right((self) => Effect.withSpan(self, Checkout.name), way, Ours.contextManager)
          )
        }
      }
      const richly = (name: string, program: Effect.Effect<void>, given: Ours.Ours): Interleaved.Candidate => ({
        name,
        run: Loop.batches(program, Loop.at(place, given)),
        ...Ours.contextManager,
        check: arrived(given.exporter)
      })
      const measured = await Interleaved.measure([
        ...peers.candidates(place),
        {
          name: "peer, three attributes",
          run: Loop.batches(OrderSpan.spanned, Loop.at(place, richPeer)),
          ...Peer.contextManager,
          check: arrived(richPeer.exporter)
        },
        ours("ours", plain),
        ours("ours, again", again),
        richly("ours, three attributes", OrderSpan.spanned, rich),
        richly("ours, three attributes, the same each time", sameAttributes, same)
      ], { rounds: 75 })
      const named = (name: string) => Interleaved.named(measured, name)
      const [own, peer] = [named("ours"), named(BareSpans.names.peer)]
      const noise = Noise.ofRatios([own, named("ours, again")], [peer, named(BareSpans.names.peerAgain)])
      const shared = { limit, noise }
      figures.push(
        Figure.over(own, peer, {
          ...shared,
          question: `Effect.withSpan, ${place}`,
          against: "the same on the peer's tracer"
        }),
        Figure.over(named("ours, three attributes"), named("peer, three attributes"), {
          ...shared,
          question: `Effect.withSpan with three attributes, ${place}`,
          against: "the same on the peer's tracer"
        })
      )
      tables.push({
        title: `Effect.withSpan, ${place}`,
        rows: Question.candidates(measured, [peer], Interleaved.ratio)
      })
    }
    await Promise.all([peers.close(), plain.close(), again.close(), rich.close(), same.close(), richPeer.close()])
    return { figures, tables }
  }
}
