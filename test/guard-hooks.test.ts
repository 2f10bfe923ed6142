import { Catalogue, ErrorTracking, Guard, Metrics, Observation } from "@dawsos/observability"
import type { Observability, SpanSink } from "@dawsos/observability"
import * as DawsOs from "@dawsos/observability/dawsos"
import { assert, describe, it } from "@effect/vitest"
import * as Otel from "@opentelemetry/api"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Tracer from "effect/Tracer"
import { type Subject, subjects } from "./contract/WholeLayer.ts"

const broken = (what: string) => (): never => {
  throw new Error(`a broken ${what}`)
}

class Failed extends Data.TaggedError("Failed") {}

const failed = new Failed()
const defect = new Error("defect")

/** How the host may end. */
const ends: ReadonlyArray<
  readonly [name: string, end: Effect.Effect<string, Failed>, exit: Exit.Exit<string, Failed>]
> = [
  ["success", Effect.succeed("value"), Exit.succeed("value")],
  ["a failure", Effect.fail(failed), Exit.fail(failed)],
  ["a defect", Effect.die(defect), Exit.die(defect)],
  [
    "a cause of several",
    Effect.failCause(Cause.combine(Cause.fail(failed), Cause.die(defect))),
    Exit.failCause(Cause.combine(Cause.fail(failed), Cause.die(defect)))
  ]
]

/** Everything of an exit that a program can see: its annotations differ, they name the spans around. */
const told = (exit: Exit.Exit<string, Failed>): ReadonlyArray<unknown> =>
  exit._tag === "Success"
    ? ["Success", exit.value]
    : exit.cause.reasons.flatMap((reason) => [
      reason._tag,
      reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : reason.fiberId
    ])

const ordersTotal = Catalogue.counter({ name: "shop_orders_total", help: "Orders placed" })
const stock = Catalogue.gauge({ name: "shop_stock", help: "Things in stock" })

const plain: Observability.Vocabulary = {
  catalogue: Catalogue.make({ prefix: "shop", metrics: { ordersTotal, stock } })
}

type Host = (end: Effect.Effect<string, Failed>) => Effect.Effect<string, Failed, Observability.Services>

/** A way to make one hook throw while the host runs. */
interface Attack {
  readonly hook: Guard.Hook
  readonly sentence: string
  readonly host: Host
  readonly vocabulary?: Observability.Vocabulary
  readonly sinks?: ReadonlyArray<SpanSink.SpanSink>
  /** Where the hook exists; in both unless it says so. */
  readonly only?: Subject["name"]
}

/** A value of which nothing can be read. */
const unreadable = new Proxy({}, {
  get: broken("value"),
  has: broken("value"),
  ownKeys: broken("value"),
  getOwnPropertyDescriptor: broken("value"),
  getPrototypeOf: broken("value")
})

const observed = Observation.make<void>({
  prefix: "shop",
  span: () => ({ name: "observed" }),
  instruments: [{ metric: "shop_orders_total", bind: () => broken("recorder") }]
})

const undescribed = Observation.make<void>({ prefix: "shop", span: broken("description"), instruments: [] })

const sinkThat = (name: string, send: SpanSink.SpanSink["export"]): SpanSink.SpanSink => ({
  name,
  acknowledged: true,
  export: send,
  shutdown: Effect.void
})

const answering = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response("ok"))))

const attacks: ReadonlyArray<Attack> = [
  {
    hook: "tracer",
    sentence: "a failure that can't be read when its span ends",
    host: (end) => Effect.fail(unreadable).pipe(Effect.withSpan("unreadable failure"), Effect.exit, Effect.andThen(end))
  },
  {
    hook: "tracer",
    sentence: "an attribute that can't be read",
    host: (end) => Effect.withSpan(end, "unreadable attribute", { attributes: { unreadable } }),
    only: "live"
  },
  {
    hook: "context",
    sentence: "a parent that can't be handed to foreign code",
    host: (end) =>
      Effect.promise(async () => Otel.context.active()).pipe(
        Effect.andThen(end),
        Effect.provideService(Tracer.ParentSpan, {
          ...Tracer.externalSpan({ traceId: "a".repeat(32), spanId: "b".repeat(16) }),
          get traceId(): string {
            return broken("trace id")()
          }
        })
      ),
    only: "live"
  },
  {
    hook: "logger",
    sentence: "a cause that can't be read",
    host: (end) => Effect.andThen(Effect.logError("unreadable", Cause.fail(unreadable)), end)
  },
  {
    hook: "reporter",
    sentence: "tags of a capture that can't be read",
    host: (end) =>
      ErrorTracking.captureException(defect, {
        tags: {
          get unreadable(): string {
            return broken("tag")()
          }
        }
      }).pipe(Effect.andThen(end))
  },
  { hook: "recorder", sentence: "a recorder that throws", host: (end) => observed(end, undefined) },
  { hook: "recorder", sentence: "a description that throws", host: (end) => undescribed(end, undefined) },
  {
    hook: "recorder",
    sentence: "a judge of degraded values that throws",
    host: (end) => observed(end, undefined, { degraded: broken("judge") })
  },
  {
    hook: "recorder",
    sentence: "a start of the vocabulary that throws",
    host: (end) => end,
    vocabulary: { ...plain, onStart: broken("start") }
  },
  {
    hook: "listener",
    sentence: "a listener to operations that throws",
    host: (end) =>
      DawsOs.withServiceMetrics(end, { service: "PricingService", method: "get_prices" }).pipe(
        Effect.provideService(Observation.CurrentOperationListener, { onEnd: broken("listener") })
      )
  },
  {
    hook: "scrubber",
    sentence: "a detector that throws",
    host: (end) => Effect.withSpan(end, "scrubbed!"),
    vocabulary: { ...plain, scrubber: { detectors: [{ name: "broken", triggers: "!", find: broken("detector") }] } }
  },
  {
    hook: "sink",
    sentence: "a sink that throws when it is called",
    host: (end) => Effect.withSpan(end, "exported"),
    sinks: [sinkThat("throws", broken("sink"))],
    only: "live"
  },
  {
    hook: "sink",
    sentence: "a sink that dies",
    host: (end) => Effect.withSpan(end, "exported"),
    sinks: [sinkThat("dies", () => Effect.die(new Error("a broken sink")))],
    only: "live"
  },
  {
    hook: "collect",
    sentence: "a collector that throws",
    host: (end) =>
      Effect.gen(function*() {
        const metrics = yield* Metrics.Metrics
        yield* metrics.collect({ definition: stock, collect: broken("collector") })
        metrics.samples()
        return yield* end
      }).pipe(Effect.scoped)
  },
  {
    hook: "instrument",
    sentence: "metrics of a client that throw",
    host: (end) =>
      answering.pipe(DawsOs.observeProvider({ provider: "fmp" })).get("http://x.test/v3/quote/AAPL").pipe(
        Effect.provideService(Metrics.Metrics, {
          ...Metrics.disabled,
          enabled: true,
          counter: broken("counter"),
          gauge: broken("gauge"),
          histogram: broken("histogram")
        }),
        Effect.exit,
        Effect.flatMap((exit) => exit._tag === "Success" ? end : Effect.die("the client was harmed"))
      )
  }
]

const host = (attack: Attack, end: Effect.Effect<string, Failed>) =>
  Effect.andThen(Effect.withSpan(Effect.void, "before"), attack.host(end))

for (const subject of subjects) {
  describe(`A throw in a hook (${subject.name})`, () => {
    for (const attack of attacks.filter(({ only = subject.name }) => only === subject.name)) {
      it.live(
        `${attack.hook}: ${attack.sentence} leaves the host's exit as it was, and is counted`,
        () =>
          Effect.gen(function*() {
            for (const [name, end, expected] of ends) {
              const { exit, exposition, faults, spans, tracing } = yield* subject.run(
                attack.vocabulary ?? plain,
                host(attack, end),
                attack.sinks === undefined ? {} : { sinks: attack.sinks }
              )
              assert.deepStrictEqual(told(exit), told(expected), name)
              told(exit).forEach((part, index) => assert.strictEqual(part, told(expected)[index], name))
              const count = faults(attack.hook)
              // The judge is asked of values only.
              const asked = !attack.sentence.startsWith("a judge") || name === "success"
              if (asked) assert.isAbove(count, 0, `${name}: faults of ${attack.hook}`)
              assert.match(
                exposition("prometheus"),
                new RegExp(`shop_observability_faults_total\\{hook="${attack.hook}"\\} ${count}\\n`)
              )
              // What is no part of the fault goes on.
              assert.include(spans, "before 1")
              assert.strictEqual(tracing.open, 0)
            }
          }),
        30_000
      )
    }
  })
}

describe("The hooks of the guard", () => {
  it("are all thrown in by these tests", () => {
    assert.deepStrictEqual([...new Set(attacks.map(({ hook }) => hook))], [...Guard.hooks])
  })
})
