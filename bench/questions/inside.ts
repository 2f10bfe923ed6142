// How much slower code is for being inside a span, against the same code where nothing is traced.
//
// One span is around all of a sample, which has thousands of operations, so that what opening it costs does not show.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Checkout from "../harness/Checkout.ts"
import * as Figure from "../harness/Figure.ts"
import * as Interleaved from "../harness/Interleaved.ts"
import * as Loop from "../harness/Loop.ts"
import * as Noise from "../harness/Noise.ts"
import * as Question from "../harness/Question.ts"
import * as Peer from "../peers/EffectOpenTelemetry.ts"
import * as OtlpTracer from "../peers/OtlpTracer.ts"
import * as Ours from "../peers/Ours.ts"
import * as Parents from "../peers/Parents.ts"

const step = Checkout.bare

const generator = Effect.gen(function*() {
  for (let n = 0; n < 10; n++) yield* step
})

const pipe = step.pipe(
  Effect.flatMap(() => step),
  Effect.map(() => 1),
  Effect.tap(() => step),
  Effect.flatMap((value) => Effect.as(step, value)),
  Effect.map((value) => value + 1),
  Effect.tap(() => step),
  Effect.flatMap((value) => Effect.as(step, value)),
  Effect.map((value) => value + 1),
  Effect.andThen(step)
)

const promise = Effect.gen(function*() {
  for (let n = 0; n < 9; n++) yield* step
  yield* Effect.promise(() => Promise.resolve())
})

/** Some work for the processor, about as much as a row of a small query takes. */
const digest = (seed: number): number => {
  let state = seed
  for (let n = 0; n < 400; n++) state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return state
}

const rows = Effect.gen(function*() {
  let sum = 0
  for (let n = 0; n < 5; n++) {
    sum += yield* Effect.sync(() => {
      Checkout.work()
      return digest(n)
    })
  }
  return sum
})

const forked = <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.flatMap(Effect.forkChild(body), Fiber.join)

interface Body {
  readonly name: string
  readonly effect: Effect.Effect<unknown>
  /** How often it runs the bench's operation. */
  readonly steps: number
  /** Whether it can run to its end at once. */
  readonly waits: boolean
  /** What is to be reached; nothing where it is only shown. */
  readonly limit?: number | undefined
}

const bodies: ReadonlyArray<Body> = [
  { name: "ten steps of a generator", effect: generator, steps: 10, waits: false, limit: 1.03 },
  { name: "ten steps of a pipe", effect: pipe, steps: 7, waits: false, limit: 1.03 },
  { name: "nine steps and a promise", effect: promise, steps: 9, waits: true, limit: 1.03 },
  { name: "a fork of five rows of work, and its join", effect: forked(rows), steps: 5, waits: true, limit: 1.1 },
  { name: "a fork of next to nothing, and its join", effect: forked(step), steps: 1, waits: true }
]

// A thousand operations or more share a span, which takes a few microseconds.
const effort = { sampleMillis: 10, unit: 1_024 }

type Around = (self: Effect.Effect<void>) => Effect.Effect<void>

const nothing: Around = (self) => self
const inSpan: Around = (self) => Effect.withSpan(self, "outer")
const inObservation: Around = (self) => Checkout.withCheckout(self, undefined)

const run = <R>({ effect, waits }: Body, context: Context.Context<R>, around: Around) => {
  const services = Loop.programContext(context)
  const body = (count: number) => around(Loop.repeated(effect, count))
  const promised = Effect.runPromiseWith(services)
  const sync = Effect.runSyncWith(services)
  return (count: number): void | Promise<void> => waits ? promised(body(count)) : sync(body(count))
}

interface Traced<R> {
  readonly name: string
  readonly way: Loop.Way<R>
  readonly around: Around
  readonly manager?: Pick<Interleaved.Candidate, "before" | "after"> | undefined
  /** What it is to be checked for beside its spans. */
  readonly check?: Interleaved.Check | undefined
  /** Where the spans arrive, if they do. */
  readonly sink?: { readonly count: number } | undefined
}

const traced = <R>(body: Body, { around, check, manager, name, sink, way }: Traced<R>): Interleaved.Candidate => {
  const inside = run(body, way.context, around)
  const before = sink?.count ?? 0
  let spans = 0
  return {
    name,
    run: (count) => {
      spans++
      return inside(count)
    },
    ...manager,
    check: async (operations) => {
      if (sink === undefined) return undefined
      await way.flush?.()
      const arrived = sink.count - before
      return arrived === spans ? check?.(operations) : `${arrived} of ${spans} spans arrived`
    }
  }
}

/** With this package's layer, whose books say that there was no span. */
const outside = (body: Body, given: Ours.Ours): Interleaved.Candidate => {
  const { check, run: counted } = Checkout.ran(run(body, given.context, nothing), body.steps)
  return {
    name: "ours, outside of any span",
    run: counted,
    ...Ours.contextManager,
    check: Interleaved.all(check, () => {
      const { started } = given.accounting()
      return started === 0 ? undefined : `${started} spans were made`
    })
  }
}

export const question: Question.Question = {
  ask: async () => {
    const [peer, without, otlp, own, observing, alone] = await Promise.all([
      Peer.make(),
      Peer.make(),
      OtlpTracer.make(),
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue),
      Ours.make(Checkout.catalogue)
    ])
    const nowhere = { context: Context.empty() }
    const figures: Array<Figure.Figure> = []
    const tables: Array<Question.Answer["tables"][number]> = []
    for (const body of bodies) {
      const measured = await Interleaved.measure([
        { name: "nothing traced", ...Checkout.ran(run(body, nowhere.context, nothing), body.steps) },
        { name: "nothing traced, again", ...Checkout.ran(run(body, nowhere.context, nothing), body.steps) },
        traced(body, {
          name: "peer",
          way: peer,
          around: inSpan,
          manager: Peer.contextManager,
          sink: peer.exporter,
          check: Parents.right((self) => Effect.withSpan(self, "outer"), peer, Peer.contextManager)
        }),
        traced(body, {
          name: "peer without a context manager",
          way: without,
          around: inSpan,
          manager: Peer.noContextManager,
          sink: without.exporter
        }),
        traced(body, { name: "Effect's native tracer, nothing exported", way: nowhere, around: inSpan }),
        traced(body, { name: "Effect's OtlpTracer", way: otlp, around: inSpan, sink: otlp.sent }),
        traced(body, {
          name: "ours",
          way: own,
          around: inSpan,
          manager: Ours.contextManager,
          sink: own.exporter,
          check: Parents.right((self) => Effect.withSpan(self, "outer"), own, Ours.contextManager)
        }),
        traced(body, {
          name: "ours, inside an observation",
          way: observing,
          around: inObservation,
          manager: Ours.contextManager,
          sink: observing.exporter
        }),
        outside(body, alone)
      ], { ...effort, rounds: body.limit === undefined ? 25 : 81 })
      const named = (name: string) => Interleaved.named(measured, name)
      const [base, ours] = [named("nothing traced"), named("ours")]
      if (body.limit !== undefined) {
        figures.push(Figure.over(ours, base, {
          question: `code inside a span: ${body.name}`,
          limit: body.limit,
          against: `the same, nothing traced; the peer: ${Figure.spread(Interleaved.ratio(named("peer"), base), "×")}`,
          noise: Noise.ofRatios([base, named("nothing traced, again")])
        }))
      }
      tables.push({ title: body.name, rows: Question.candidates(measured, [base], Interleaved.ratio) })
    }
    await Promise.all([peer, without, otlp, own, observing, alone].map(({ close }) => close()))
    return { figures, tables }
  }
}
