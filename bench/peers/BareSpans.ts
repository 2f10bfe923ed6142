// A bare span around the operation by each of the peers, and nothing around it: what questions on spans compare with.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Checkout from "../harness/Checkout.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as BareSdk from "./BareSdk.ts"
import * as Peer from "./EffectOpenTelemetry.ts"
import * as OtlpTracer from "./OtlpTracer.ts"
import * as Parents from "./Parents.ts"
import { arrived } from "./ReadingExporter.ts"

/** The names of those that figures are made of. */
export const names = {
  alone: "the effect alone",
  aloneAgain: "the effect alone, again",
  peer: "peer",
  peerAgain: "peer, again",
  native: "Effect's native tracer, nothing exported"
} as const

export interface BareSpans {
  readonly candidates: (place: Loop.Place) => ReadonlyArray<Interleaved.Candidate>
  readonly close: () => Promise<unknown>
}

const spanned = Effect.withSpan(Checkout.bare, Checkout.name)

/** The peer as it is compared with. */
export const peer = (name: string, given: Peer.EffectOpenTelemetry, place: Loop.Place): Interleaved.Candidate => {
  const way = Loop.at(place, given)
  return {
    name,
    run: Loop.batches(spanned, way),
    ...Peer.contextManager,
    check: Interleaved.all(
      arrived(given.exporter),
      Parents.right((self) => Effect.withSpan(self, Checkout.name), way, Peer.contextManager)
    )
  }
}

/** Sets all of them up, each with a sink of its own. */
export const make = async (): Promise<BareSpans> => {
  const [first, again, without] = await Promise.all([Peer.make(), Peer.make(), Peer.make()])
  const otlp = await OtlpTracer.make()
  const sdk = BareSdk.make()
  const nowhere = { context: Context.empty() }
  return {
    candidates: (place) => [
      { name: names.alone, ...Checkout.ran(Loop.batches(Checkout.bare, nowhere)) },
      { name: names.aloneAgain, ...Checkout.ran(Loop.batches(Checkout.bare, nowhere)) },
      peer(names.peer, first, place),
      peer(names.peerAgain, again, place),
      {
        name: "peer without a context manager",
        run: Loop.batches(spanned, Loop.at(place, without)),
        ...Peer.noContextManager,
        check: arrived(without.exporter)
      },
      { name: names.native, ...Checkout.ran(Loop.batches(spanned, Loop.at(place, nowhere))) },
      {
        name: "Effect's OtlpTracer, requests made",
        run: Loop.batches(spanned, Loop.at(place, otlp)),
        check: arrived(otlp.sent)
      },
      { name: "OpenTelemetry's SDK alone", run: sdk.run(place), check: arrived(sdk.exporter) }
    ],
    close: () => Promise.all([first.close(), again.close(), without.close(), otlp.close(), sdk.close()])
  }
}
