// What one request does, on every way on which a fiber's context travels or gets lost, and what it has to leave.
import { ErrorTracking } from "@dawsos/observability"
import * as Otel from "@opentelemetry/api"
import type * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import { EventEmitter } from "node:events"
import * as Random from "../../../scripts/Random.ts"
import * as Meeting from "../../support/Meeting.ts"
import { observed } from "./Subject.ts"

class Failure extends Data.TaggedError("Failure")<{ readonly message: string }> {}

/** One object that fails in every fourth request. */
const shared = new Failure({ message: "shared" })

/** How the step `ending`, and with it request `n`, ends. */
export const endingOf = (n: number): "success" | "error" | "defect" =>
  (["success", "error", "defect", "error"] as const)[n % 4]!

const ending = (n: number): Effect.Effect<void, Failure> =>
  n % 4 === 0
    ? Effect.void
    : n % 4 === 1
    ? Effect.fail(new Failure({ message: `ending of ${n}` }))
    : n % 4 === 2
    ? Effect.die(new Error(`ending of ${n}`))
    : Effect.fail(shared)

export const userOf = (n: number): string => `user-${n}`

interface Message {
  readonly n: number
  readonly kind: "queue" | "job"
  /** The context of the request that sent it. */
  readonly context: Context.Context<never>
  readonly span: Tracer.AnySpan
  readonly done: Deferred.Deferred<void>
}

/** What the requests of one run share. */
export interface World {
  readonly size: number
  /** Holds each request until as many as run together have begun. */
  readonly meeting: Effect.Effect<void>
  readonly queue: Queue.Queue<Message>
  readonly bus: EventEmitter
  /** Whom somebody has to call, by the event's name. */
  readonly waiting: Array<string>
  /** What the layer provides, and nothing of a request. */
  readonly base: Context.Context<never>
  readonly random: () => number
  readonly daemons: Array<Fiber.Fiber<unknown, unknown>>
  /** Completed when somebody has the request's answer. */
  readonly answered: ReadonlyArray<Deferred.Deferred<void>>
}

const third = Otel.trace.getTracer("third-party")
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A breadcrumb, a log line and an observation that name the request; then what is inside. */
export const step = <A = void, E = never, R = never>(
  name: string,
  n: number,
  inside: Effect.Effect<A | void, E, R> = Effect.void
): Effect.Effect<A | void, E, R> =>
  Effect.gen(function*() {
    yield* ErrorTracking.addBreadcrumb({ message: `${name} of ${n}` })
    yield* Effect.logInfo(`${name} of ${n}`)
    return yield* inside
  }).pipe(observed({ step: name, n }))

const callSomebody = (world: World): void => {
  const name = world.waiting.pop()
  if (name !== undefined) world.bus.emit(name)
}

/** Takes messages of all requests: some in the name of their sender, some as jobs of its own. */
const worker = (world: World): Effect.Effect<never> =>
  Effect.forever(Effect.gen(function*() {
    const { context, done, kind, n, span } = yield* Queue.take(world.queue)
    if (kind === "queue") yield* Effect.provideContext(step("queue", n), context)
    else {
      yield* step("job", n, Effect.fail(new Failure({ message: `job of ${n}` }))).pipe(
        ErrorTracking.withTags({ job: String(n) }),
        Effect.withParentSpan(span),
        ErrorTracking.withBoundary(`run of job of ${n}`),
        Effect.ignore
      )
    }
    yield* Effect.sync(() => callSomebody(world))
    yield* Deferred.succeed(done, undefined)
  }))

/** What requests share, and who works for all of them, for the life of the scope. */
export const world = (size: number, seed: number, together = size): Effect.Effect<World, never, Scope.Scope> =>
  Effect.gen(function*() {
    const made: World = {
      size,
      meeting: Meeting.make(together),
      queue: yield* Queue.unbounded<Message>(),
      bus: new EventEmitter().setMaxListeners(size),
      waiting: [],
      base: yield* Effect.context<never>(),
      random: Random.seeded(seed),
      daemons: [],
      answered: Array.from({ length: size }, () => Deferred.makeUnsafe<void>())
    }
    for (let n = 0; n < 4; n++) yield* Effect.forkScoped(worker(made))
    yield* Effect.acquireRelease(
      Effect.sync(() => setInterval(() => callSomebody(made), 0)),
      (timer) => Effect.sync(() => clearInterval(timer))
    )
    return made
  })

const ask = (world: World, n: number, kind: Message["kind"]): Effect.Effect<void> =>
  Effect.gen(function*() {
    const message = {
      n,
      kind,
      context: yield* Effect.context<never>(),
      span: yield* Effect.orDie(Effect.currentSpan),
      done: yield* Deferred.make<void>()
    }
    yield* Queue.offer(world.queue, message)
    yield* Deferred.await(message.done)
  })

/** Runs an effect from a callback, with the context of the fiber that gave the callback away. */
const fromCallback = (
  register: (body: () => void) => void,
  effect: Effect.Effect<unknown>
): Effect.Effect<void> =>
  Effect.flatMap(Effect.context<never>(), (context) =>
    Effect.callback<void>((resume) => {
      register(() => {
        Effect.runPromiseWith(context)(effect).then(
          () => resume(Effect.void),
          (fault: unknown) => resume(Effect.die(fault))
        )
      })
    }))

const forked = (n: number) =>
  step(
    "fork",
    n,
    Effect.flatMap(
      Effect.forkChild(step("child", n, ErrorTracking.captureMessage(`note of ${n}`))),
      Fiber.join
    )
  )

const streamed = (n: number) =>
  Stream.range(0, 1).pipe(
    Stream.buffer({ capacity: 1 }),
    Stream.merge(Stream.make(2)),
    Stream.mapEffect((item) => step(`stream ${item}`, n), { concurrency: 2 }),
    Stream.runDrain
  )

const timedOut = (n: number) => step("timeout", n, Effect.timeout(Effect.never, 1)).pipe(Effect.ignore)

const raced = (n: number) =>
  Effect.gen(function*() {
    const entered = yield* Deferred.make<void>()
    const loser = step("loser", n, Effect.andThen(Deferred.succeed(entered, undefined), Effect.never))
    yield* Effect.race(Effect.andThen(Deferred.await(entered), step("winner", n)), loser)
  })

const interrupted = (n: number) =>
  Effect.gen(function*() {
    const entered = yield* Deferred.make<void>()
    const inside = Effect.andThen(Deferred.succeed(entered, undefined), Effect.never).pipe(
      Effect.onInterrupt(() => step("cleanup", n))
    )
    const fiber = yield* Effect.forkChild(step("interrupted", n, inside))
    yield* Deferred.await(entered)
    yield* Fiber.interrupt(fiber)
  })

const emitted = (world: World, n: number) =>
  fromCallback((body) => {
    world.bus.once(`call ${n}`, body)
    world.waiting.push(`call ${n}`)
    // Whoever waits for the longest is called in the middle of this fiber.
    const other = world.waiting.shift()
    if (other !== undefined) world.bus.emit(other)
  }, step("emitter", n))

const timed = (n: number) => fromCallback((body) => void setTimeout(body, 1), step("timer", n))

const promised = (n: number) =>
  fromCallback(
    (body) => void Promise.resolve().then(turn).then(body),
    step("promise", n, Effect.sync(() => third.startSpan(`inner of ${n}`).end()))
  )

const thirdParty = (n: number) =>
  Effect.andThen(
    Effect.sync(() => third.startSpan(`sync of ${n}`).end()),
    Effect.promise(() =>
      third.startActiveSpan(`third of ${n}`, async (span) => {
        await turn()
        third.startSpan(`leaf of ${n}`).end()
        span.end()
      })
    )
  )

/** In a callback that knows the layer, but nothing of the request: a program beside it. */
const alone = (world: World, n: number) =>
  Effect.promise(() =>
    turn().then(() =>
      Effect.runPromiseWith(world.base)(
        step("alone", n, Effect.fail(new Failure({ message: `alone of ${n}` }))).pipe(
          ErrorTracking.withBoundary(`run of alone of ${n}`),
          Effect.ignore
        )
      )
    )
  )

/** In a callback that knows nothing at all: nothing is observed. */
const bare = (n: number) =>
  Effect.promise(() => turn().then(() => Effect.runPromise(Effect.void.pipe(observed({ step: "bare", n })))))

/** Goes on after the answer: once as part of the request, once as a job of its own. */
const daemons = (world: World, n: number) =>
  Effect.gen(function*() {
    const late = step("late", n, ErrorTracking.captureException(new Error(`late of ${n}`)))
    const daemon = step("daemon", n, Effect.fail(new Failure({ message: `daemon of ${n}` }))).pipe(
      ErrorTracking.withBoundary(`run of daemon of ${n}`),
      Effect.ignore
    )
    for (const body of [late, daemon]) {
      world.daemons.push(yield* Effect.forkDetach(Effect.andThen(Deferred.await(world.answered[n]!), body)))
    }
  })

/** Request `n`: everything beside one another, in an order that the seed decides, then its end. */
export const work = (world: World, n: number): Effect.Effect<void, Failure> => {
  const ways: ReadonlyArray<Effect.Effect<unknown>> = [
    forked(n),
    streamed(n),
    ask(world, n, "queue"),
    ask(world, n, "job"),
    timedOut(n),
    raced(n),
    interrupted(n),
    emitted(world, n),
    timed(n),
    promised(n),
    thirdParty(n),
    alone(world, n),
    bare(n),
    daemons(world, n)
  ]
  const inside = Effect.gen(function*() {
    yield* world.meeting
    yield* Effect.all(Random.shuffled(ways, world.random), { concurrency: "unbounded", discard: true })
    yield* step("ending", n, ending(n)).pipe(ErrorTracking.withTags({ ending: String(n) }))
  })
  return step("request", n, inside).pipe(
    Effect.annotateLogs({ request: n }),
    ErrorTracking.withTags({ request: String(n) })
  ) as Effect.Effect<void, Failure>
}

/** Lets the daemons of `n` go on. */
export const answered = (world: World, n: number): Effect.Effect<boolean> =>
  Deferred.succeed(world.answered[n]!, undefined)

/** Waits for everything that was begun. */
export const settled = (world: World): Effect.Effect<ReadonlyArray<Exit.Exit<unknown, unknown>>> =>
  Effect.forEach(world.daemons, Fiber.await)

type Status = "success" | "error" | "defect" | "interrupted"

/** Each step of a request: below which other one its span is, and how it ends. */
export const steps: Readonly<
  Record<string, { readonly below: string | undefined; readonly status: Status | "ending" }>
> = {
  request: { below: undefined, status: "ending" },
  fork: { below: "request", status: "success" },
  child: { below: "fork", status: "success" },
  "stream 0": { below: "request", status: "success" },
  "stream 1": { below: "request", status: "success" },
  "stream 2": { below: "request", status: "success" },
  queue: { below: "request", status: "success" },
  job: { below: "request", status: "error" },
  timeout: { below: "request", status: "error" },
  winner: { below: "request", status: "success" },
  loser: { below: "request", status: "interrupted" },
  interrupted: { below: "request", status: "interrupted" },
  cleanup: { below: "interrupted", status: "success" },
  emitter: { below: "request", status: "success" },
  timer: { below: "request", status: "success" },
  promise: { below: "request", status: "success" },
  alone: { below: undefined, status: "error" },
  late: { below: "request", status: "success" },
  daemon: { below: "request", status: "error" },
  ending: { below: "request", status: "ending" }
}

/** Spans that no observation of ours opens. */
export const thirdPartySpans: Readonly<Record<string, string>> = {
  sync: "request",
  third: "request",
  leaf: "third",
  inner: "promise"
}

/** What is in a boundary of its own, or comes after the end. */
const elsewhere = new Set(["job", "alone", "late", "daemon"])

/** The steps whose breadcrumbs are in the event of a request that fails. */
export const before: ReadonlyArray<string> = Object.keys(steps).filter((name) => !elsewhere.has(name))
