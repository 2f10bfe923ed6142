// Builds the layer so that its construction fails or is interrupted half-way, and tells as JSON what that left behind.
import { Catalogue, ErrorTracking, Metrics, Observability, type SpanSink, Tracing } from "@dawsos/observability"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as Harness from "../../integration/Harness.ts"
import * as Open from "../support/Open.ts"
import * as ProcessState from "../support/ProcessState.ts"

Open.watch()

/** Where somebody takes the signals: as OTLP, and over UDP. */
const [otlp, udp] = process.argv.slice(2).map((text) => JSON.parse(text) as Readonly<Record<string, string>>)
if (otlp === undefined || udp === undefined) throw new Error("two environments are needed")

const vocabulary: Observability.Vocabulary = { catalogue: Catalogue.make({ prefix: "half", metrics: {} }) }

/** Every signal on, and nobody there to take them, where nothing is sent. */
const environment = {
  ENABLE_OBSERVABILITY: "true",
  METRICS_PORT: "0",
  SENTRY_DSN: "http://key@127.0.0.1:9/1",
  SENTRY_TRACES_SAMPLE_RATE: "1",
  JAEGER_AGENT_HOST: "127.0.0.1"
}

const layerOf = (env: Readonly<Record<string, string>> = {}, options: Observability.Options = {}) =>
  Layer.fresh(
    Observability.layer(vocabulary, { captureUncaught: true, logFormat: "json", ...options }).pipe(
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ ...environment, ...env })))
    )
  )

const silent = Effect.provideService(Console.Console, Harness.recordingConsole().console)
const build = <A, E>(layer: Layer.Layer<A, E>) => Effect.exit(Effect.scoped(Layer.build(layer))).pipe(silent)

const memory = (): SpanSink.SpanSink => ({
  name: "memory",
  acknowledged: true,
  export: (batch) => Effect.succeed({ accepted: batch.length, rejected: 0 }),
  shutdown: Effect.void
})

const throwing = (property: keyof SpanSink.SpanSink): SpanSink.SpanSink =>
  Object.defineProperty(memory(), property, {
    get: () => {
      throw new Error(`no ${property}`)
    }
  })

/** A scheduler that stops every fiber after each step, and tells how many turns there were. */
const stepwise = (onTurn: (turn: number) => void): Scheduler.Scheduler => {
  let turns = 0
  const tasks: Array<() => void> = []
  const run = () => {
    const task = tasks.shift()
    if (tasks.length > 0) setImmediate(run)
    onTurn(++turns)
    task?.()
  }
  return {
    executionMode: "async",
    // Resumed, a fiber has to get one step further before it stops again.
    shouldYield: ({ currentOpCount }) => currentOpCount > 3,
    makeDispatcher: () => ({
      scheduleTask: (task) => {
        if (tasks.push(task) === 1) setImmediate(run)
      },
      flush: () => {
        while (tasks.length > 0) tasks.shift()?.()
      }
    })
  }
}

/** Builds, and interrupts after so many turns; says how many turns the construction took. */
const interruptedAfter = (limit: number) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const state = { turns: 0, interrupt: (): void => {} }
    const scheduler = stepwise((turn) => {
      state.turns = turn
      if (turn === limit) state.interrupt()
    })
    const building = yield* Effect.forkDetach(
      Layer.buildWithScope(Layer.provideMerge(Layer.effectDiscard(told), layerOf(udp)), scope).pipe(
        silent,
        Effect.provideService(Scheduler.Scheduler, scheduler)
      )
    )
    state.interrupt = () => building.interruptUnsafe()
    const exit = yield* Fiber.await(building)
    const { turns } = state
    yield* Scope.close(scope, exit).pipe(silent)
    return { failed: Exit.isFailure(exit), turns }
  })

const shown = (exit: Exit.Exit<unknown, unknown>): string => Exit.isFailure(exit) ? String(exit) : "Success"

/** A span and an event. */
const told = Effect.andThen(ErrorTracking.captureMessage("half-way"), Effect.void.pipe(Effect.withSpan("half-way")))

/** The turns in which Node closes what was given back; what is still there then goes by itself, if at all. */
const turns = 200

const report = Effect.gen(function*() {
  const untouched = ProcessState.now()
  const failures: Array<{ readonly what: string; readonly exit: string; readonly left: ProcessState.ProcessState }> = []
  let isClean = true
  const tried = <A, E>(what: string, layer: Layer.Layer<A, E>) =>
    Effect.gen(function*() {
      // What was left behind would be found again and again, each time after a long wait.
      if (!isClean) return
      const exit = yield* build(layer)
      const left = yield* ProcessState.settled(untouched, { turns })
      isClean = JSON.stringify(left) === JSON.stringify(untouched)
      failures.push({ what, exit: shown(exit), left })
    })

  yield* tried("nothing", layerOf())
  for (const wrong of [{ SENTRY_DSN: "no DSN" }, { METRICS_PORT: "many" }, { JAEGER_AGENT_PORT: "-1" }]) {
    yield* tried(Object.keys(wrong)[0]!, layerOf(wrong))
  }
  for (const property of ["name", "selects", "export", "shutdown"] as const) {
    yield* tried(`sink: ${property}`, layerOf({}, { sinks: [memory(), throwing(property)] }))
  }
  const failing = Layer.effectDiscard(Effect.fail("no database"))
  yield* tried("above", Layer.provide(failing, layerOf()))
  yield* tried("beside", Layer.merge(failing, layerOf()))
  // After the first signals have arrived: sinks open with those.
  const sinksOpen: Array<Open.Counts> = []
  const failingLate = Layer.effectDiscard(Effect.gen(function*() {
    yield* told
    yield* Tracing.flush
    yield* (yield* ErrorTracking.ErrorTracking).flush
    sinksOpen.push(Open.now())
    return yield* Effect.fail("no database")
  }))
  yield* tried("above, with sinks open", Layer.provide(failingLate, layerOf(otlp)))
  yield* tried("above, with a socket for UDP", Layer.provide(failingLate, layerOf(udp)))

  const occupied = yield* Effect.scoped(Effect.gen(function*() {
    const other = yield* Layer.build(layerOf()).pipe(silent)
    const { port } = Option.getOrThrow(Context.get(other, Metrics.Metrics).address)
    const during = ProcessState.now()
    const exit = yield* build(layerOf({ METRICS_PORT: String(port) }))
    return { port, during, exit: shown(exit), left: yield* ProcessState.settled(during, { turns }) }
  }))
  const free = yield* ProcessState.settled(untouched, { turns })

  const whole = yield* interruptedAfter(Infinity)
  const interruptions = { tried: 0, failed: 0, leaving: [] as Array<unknown> }
  for (let limit = 1; isClean && limit < whole.turns; limit++) {
    const { failed } = yield* interruptedAfter(limit)
    const left = yield* ProcessState.settled(untouched, { turns })
    interruptions.tried++
    if (failed) interruptions.failed++
    isClean = JSON.stringify(left) === JSON.stringify(untouched)
    if (!isClean) interruptions.leaving.push({ limit, left })
  }
  return { untouched, failures, sinksOpen, occupied, free, turns: whole.turns, interruptions }
})

process.stdout.write(`report: ${JSON.stringify(await Effect.runPromise(report))}\n`)
