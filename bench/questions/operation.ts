// What one operation costs: a span, its status, a counter, a histogram with an exemplar, right parents for third-party
// instrumentation; against the peer's bare span.
import { Catalogue, Observation } from "@dawsos/observability"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import type { Figure } from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Question from "../harness/Question.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as Ours from "../peers/Ours.ts"
import { arrived } from "../peers/ReadingExporter.ts"

const { Label } = Catalogue

const total = Catalogue.counter({
  name: "bench_operations_total",
  help: "Operations.",
  labels: { operation: Label.oneOf("checkout"), status: Label.oneOf(...Observation.statuses) }
})
const duration = Catalogue.histogram({
  name: "bench_operation_duration_seconds",
  help: "How long operations took.",
  labels: { operation: Label.oneOf("checkout") },
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  bucketsReason: "twelve, as most histograms have"
})
const catalogue = Catalogue.make({ prefix: "bench", metrics: { total, duration } })

const withOperation = Observation.make<void>({
  prefix: "bench",
  span: () => ({ name: "checkout" }),
  instruments: [
    Observation.count(total, (_, status) => ({ operation: "checkout", status })),
    Observation.time(duration, () => ({ operation: "checkout" }))
  ]
})

let state = 0
const bare = Effect.sync(() => {
  state++
})

/** The context of a span that stays open, for children of it. */
const under = <R>(context: Context.Context<R>): Context.Context<R> => {
  const parent = Effect.runSyncWith(context)(Effect.makeSpan("request"))
  return Context.add(context, Tracer.ParentSpan, parent) as Context.Context<R>
}

export const question: Question.Question = {
  title: "one operation with span, status, counter, histogram and exemplar, against the peer's bare span",
  ask: async () => {
    const peer = await Peer.make()
    const ours = await Ours.make(catalogue)
    const figures: Array<Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    for (const [place, limit] of [["root", 0.25], ["child", 0.18]] as const) {
      const contextOf = <R>({ context }: { readonly context: Context.Context<R> }) =>
        place === "root" ? context : under(context)
      const measured = await Interleaved.measure([
        { name: "the effect alone", run: Loop.batches(bare, { context: Context.empty() }) },
        { name: "the effect alone, again", run: Loop.batches(bare, { context: Context.empty() }) },
        {
          name: "peer",
          run: Loop.batches(Effect.withSpan(bare, "checkout"), { ...peer, context: contextOf(peer) }),
          ...Peer.contextManager,
          check: arrived(peer.exporter)
        },
        {
          name: "ours",
          run: Loop.batches(withOperation(bare, undefined), { ...ours, context: contextOf(ours) }),
          ...Ours.contextManager,
          check: arrived(ours.exporter)
        }
      ])
      const [own, other] = [Interleaved.named(measured, "ours"), Interleaved.named(measured, "peer")]
      figures.push({
        question: `one operation, ${place}`,
        value: Interleaved.ratio(own, other),
        unit: "×",
        limit,
        reach: "at most",
        against: "the peer's bare span",
        void: own.void ?? other.void
      })
      tables.push({ title: place, rows: Question.candidates(measured, [other], Interleaved.ratio) })
    }
    await Promise.all([peer.close(), ours.close()])
    return { figures, tables }
  }
}
