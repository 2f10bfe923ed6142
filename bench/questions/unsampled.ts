// What an operation costs that is not sampled, with its counter and histogram, against the sampled peer's bare span.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as Checkout from "../harness/Checkout.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Noise from "../harness/Noise.ts"
import * as Question from "../harness/Question.ts"
import * as BareSdk from "../peers/BareSdk.ts"
import * as BareSpans from "../peers/BareSpans.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as Ours from "../peers/Ours.ts"
import { arrived } from "../peers/ReadingExporter.ts"

const limits: Readonly<Record<Loop.Place, number>> = { root: 0.18, child: 0.08 }

const spanned = Effect.withSpan(Checkout.bare, Checkout.name)
const observed = Checkout.withCheckout(Checkout.bare, undefined)

const remote = Tracer.externalSpan({
  traceId: "0123456789abcdef0123456789abcdef",
  spanId: "0123456789abcdef",
  sampled: false
})

/** By Effect's own tracer, which knows no sampler: an option says so, or a parent. */
const leftOut = Effect.withSpan(Checkout.bare, Checkout.name, { sampled: false })
const native = (place: Loop.Place): Loop.Way<never> => ({
  context: place === "root"
    ? Context.empty()
    : Context.make(
      Tracer.ParentSpan,
      Effect.runSync(Effect.makeSpan("request", { sampled: false }))
    ) as Context.Context<
      never
    >
})

type Where = Loop.Place | "child of a caller"

const words: Readonly<Record<Where, string>> = {
  root: "root",
  child: "child of an unsampled parent",
  "child of a caller": "child of a caller that is not sampled"
}

const ours = (name: string, body: Effect.Effect<unknown>, given: Ours.Ours, where: Where): Interleaved.Candidate => {
  const way = where === "child of a caller"
    ? { context: Context.add(given.context, Tracer.ParentSpan, remote), flush: given.flush }
    : Loop.at(where, given)
  // The way may have opened a span: what is in the books is compared from here on.
  const leftOut = Ours.leftOut(given)
  return {
    name,
    run: Loop.batches(body, way),
    ...Ours.contextManager,
    check: body === observed
      ? Interleaved.all(leftOut, Ours.counted(given, { ...Checkout, exemplar: false }))
      : leftOut
  }
}

export const question: Question.Question = {
  ask: async () => {
    const [root, again, child, off, offWithout] = await Promise.all([
      Peer.make(),
      Peer.make(),
      Peer.make(),
      Peer.make({ sampled: false }),
      Peer.make({ sampled: false })
    ])
    const sdk = BareSdk.make({ sampled: false })
    const never = { OTEL_TRACES_SAMPLER: "always_off" }
    const [observing, observingAgain, spanning, parentBased, parentBasedAgain] = await Promise.all([
      Ours.make(Checkout.catalogue, never),
      Ours.make(Checkout.catalogue, never),
      Ours.make(Checkout.catalogue, never),
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue)
    ])
    const figures: Array<Figure.Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    for (const place of Loop.places) {
      const asked: ReadonlyArray<readonly [Where, Ours.Ours, Ours.Ours]> = place === "root"
        ? [["root", observing, observingAgain]]
        : [["child", observing, observingAgain], ["child of a caller", parentBased, parentBasedAgain]]
      const measured = await Interleaved.measure([
        { name: BareSpans.names.alone, run: Loop.batches(Checkout.bare, { context: Context.empty() }) },
        BareSpans.peer(BareSpans.names.peer, root, "root"),
        BareSpans.peer(BareSpans.names.peerAgain, again, "root"),
        BareSpans.peer("peer, child", child, "child"),
        {
          name: "peer, not sampled",
          run: Loop.batches(spanned, Loop.at(place, off)),
          ...Peer.contextManager,
          check: arrived(off.exporter, 0)
        },
        {
          name: "peer without a context manager, not sampled",
          run: Loop.batches(spanned, Loop.at(place, offWithout)),
          ...Peer.noContextManager,
          check: arrived(offWithout.exporter, 0)
        },
        { name: "Effect's native tracer, not sampled", ...Checkout.ran(Loop.batches(leftOut, native(place))) },
        {
          name: "OpenTelemetry's SDK alone, not sampled",
          run: sdk.run(place),
          check: arrived(sdk.exporter, 0)
        },
        ...asked.flatMap(([where, given, again]) => [
          ours(`ours, ${where}`, observed, given, where),
          ours(`ours, ${where}, again`, observed, again, where)
        ]),
        ours("ours, by Effect.withSpan", spanned, spanning, place)
      ], { rounds: 81 })
      const named = (name: string) => Interleaved.named(measured, name)
      const peer = named(BareSpans.names.peer)
      for (const [where] of asked) {
        const own = named(`ours, ${where}`)
        figures.push(Figure.over(own, peer, {
          question: `not sampled, ${words[where]}`,
          limit: limits[place],
          // Its children cost more: a root is the stricter measure for both.
          against: "the peer's bare span, sampled, a root",
          noise: Noise.ofRatios([own, named(`${own.name}, again`)], [peer, named(BareSpans.names.peerAgain)])
        }))
      }
      tables.push({
        title: `not sampled, ${words[place]}`,
        rows: Question.candidates(measured, [peer, named("peer, child")], Interleaved.ratio)
      })
    }
    const all = [
      root,
      again,
      child,
      off,
      offWithout,
      sdk,
      observing,
      observingAgain,
      spanning,
      parentBased,
      parentBasedAgain
    ]
    await Promise.all(all.map(({ close }) => close()))
    return { figures, tables }
  }
}
