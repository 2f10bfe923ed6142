// Requests at the same time, over real sockets, to an HttpApi and to plain routes, and what they leave.
import { Catalogue, ErrorTracking, HttpServer as ObservedServer, Metrics, Tracing } from "@dawsos/observability"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as Http from "node:http"
import { TestErrors } from "../../../src/errors/TestErrors.ts"
import { duration, requests } from "../../support/HttpHost.ts"
import * as Findings from "./Findings.ts"
import * as Shuffle from "./Shuffle.ts"
import * as Subject from "./Subject.ts"
import * as Work from "./Work.ts"

const catalogue = Catalogue.make({ prefix: "isolation", metrics: { ...Subject.metrics, requests, duration } })
const serve = ObservedServer.serve({ requests, duration, prefix: "isolation" })

const Api = HttpApi.make("api").add(
  HttpApiGroup.make("group").add(
    HttpApiEndpoint.get("work", "/api/:n", { params: { n: Schema.FiniteFromString }, success: Schema.String })
  )
)

/** Every third request goes to a plain route, the others to the `HttpApi`. */
const isPlain = (n: number): boolean => n % 3 === 0
const pathOf = (n: number): string => `${isPlain(n) ? "/plain" : "/api"}/${n}`
const routeOf = (n: number): string => `${isPlain(n) ? "/plain" : "/api"}/{n}`

/** The user of an even request is named in the code, that of an odd one in its header. */
const isLexical = (n: number): boolean => n % 2 === 0

const handled = (world: Work.World, n: number) => {
  const work = Effect.orDie(Work.work(world, n))
  return isLexical(n) ? ErrorTracking.withUser(work, { id: Work.userOf(n) }) : work
}

const app = (world: Work.World, server: Http.Server) => {
  const api = HttpApiBuilder.layer(Api).pipe(
    Layer.provide(
      HttpApiBuilder.group(
        Api,
        "group",
        (handlers) => handlers.handle("work", ({ params: { n } }) => Effect.as(handled(world, n), `done ${n}`))
      )
    )
  )
  const plain = HttpRouter.add(
    "GET",
    "/plain/:n",
    Effect.flatMap(
      HttpRouter.params,
      ({ n }) => Effect.as(handled(world, Number(n)), HttpServerResponse.text(`done ${n}`))
    )
  )
  return serve(Layer.mergeAll(api, plain), { disableListenLog: true, disableLogger: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => server, { port: 0, host: "127.0.0.1" }))
  )
}

const caller = (n: number) => ({
  traceId: (n + 1).toString(16).padStart(32, "0"),
  spanId: (n + 1).toString(16).padStart(16, "0")
})

const headersOf = (n: number): Readonly<Record<string, string>> => {
  const { spanId, traceId } = caller(n)
  return {
    traceparent: `00-${traceId}-${spanId}-01`,
    "x-request-id": `id-of-${n}`,
    ...isLexical(n) ? {} : { "x-user-id": Work.userOf(n) }
  }
}

interface Answer {
  readonly status: number | undefined
  readonly requestId: string | ReadonlyArray<string> | undefined
}

const ask = (port: number, n: number, agent: Http.Agent | false): Effect.Effect<Answer> =>
  Effect.callback((resume) => {
    const options = { host: "127.0.0.1", port, path: pathOf(n), headers: headersOf(n), agent }
    const request = Http.get(options, (response) => {
      response.resume().on("end", () => {
        resume(Effect.succeed({ status: response.statusCode, requestId: response.headers["x-request-id"] }))
      })
    })
    request.on("error", (error) => resume(Effect.die(error)))
  })

/** One connection for each request that runs at the same time; the next one comes on it when the first has its answer. */
const keptConnections = (together: number) =>
  Effect.acquireRelease(
    Effect.sync(() => new Http.Agent({ keepAlive: true, maxSockets: together })),
    (agent) => Effect.sync(() => agent.destroy())
  )

const run = Effect.fnUntraced(function*(size: number, seed: number, together: number) {
  const { layer, left } = Subject.make(catalogue)
  const server = Http.createServer({ keepAliveTimeout: 60_000 })
  let connections = 0
  server.on("connection", () => connections++)
  const numbers = Array.from({ length: size }, (_, n) => n)
  const program = Effect.gen(function*() {
    const world = yield* Work.world(size, seed, together)
    const { address } = Context.get(yield* Layer.build(app(world, server)), HttpServer.HttpServer)
    const port = "port" in address ? address.port : 0
    const agent = together < size ? yield* keptConnections(together) : false
    const answers = yield* Effect.forEach(
      numbers,
      (n) => Effect.tap(ask(port, n, agent), () => Work.answered(world, n)),
      { concurrency: "unbounded" }
    ).pipe(Effect.withTracerEnabled(false))
    yield* Work.settled(world)
    // The server's spans end after their answers.
    yield* Effect.whileLoop({
      while: () => left.spans.filter(({ kind }) => kind === 1).length < size,
      body: () => Effect.andThen(Tracing.flush, Effect.yieldNow),
      step: () => undefined
    })
    yield* Subject.flushed
    const metrics = yield* Metrics.Metrics
    const samples = metrics.samples()
    const came: Findings.Came = {
      size,
      caller,
      lexicalUser: isLexical,
      tags: (n) => ({ method: "GET", route: routeOf(n), request_id: `id-of-${n}` }),
      transaction: (n) => `GET ${routeOf(n)}`,
      events: yield* (yield* TestErrors).events,
      steps: samples.filter(({ name }) => name === Subject.metrics.steps.name),
      exposition: yield* metrics.render("openmetrics")
    }
    const counted = samples.filter(({ name, value }) => name === requests.name && value > 0)
    return { answers, came, counted }
  })
  const { answers, came, counted } = yield* Effect.scoped(program).pipe(
    Effect.provide(layer),
    Effect.provideService(Scheduler.Scheduler, Shuffle.scheduler(seed))
  )
  return { ...Findings.check(left, came), answers, counted, connections }
})

/** Holds that nothing of one request is on another, in its answer neither. */
export const apart = (size: number, seed: number, together = size) =>
  Effect.map(run(size, seed, together), ({ answers, checks, connections, counted, findings }) => {
    assert.deepStrictEqual(findings.slice(0, 10), [])
    assert.strictEqual(connections, together)
    assert.isAbove(checks, 200 * size)
    const expected = new Map<string, number>()
    answers.forEach(({ requestId, status }, n) => {
      assert.strictEqual(status, Work.endingOf(n) === "success" ? 200 : 500)
      assert.strictEqual(requestId, `id-of-${n}`)
      const key = `${routeOf(n)} ${status}`
      expected.set(key, (expected.get(key) ?? 0) + 1)
    })
    assert.deepStrictEqual(
      new Map(counted.map(({ labels, value }) => [`${labels["endpoint"]} ${labels["status_code"]}`, value])),
      expected
    )
  })

/** Holds that requests whose clients have gone leave nothing on one another. */
export const abortedApart = Effect.fnUntraced(function*(size: number, seed: number) {
  const { layer, left } = Subject.make(catalogue)
  const numbers = Array.from({ length: size }, (_, n) => n)
  const entered = numbers.map(() => Promise.withResolvers<void>())
  const hanging = (n: number) =>
    Work.step("hang", n, Effect.andThen(Effect.sync(() => entered[n]!.resolve()), Effect.never)).pipe(
      Effect.onInterrupt(() => Work.step("cleanup", n)),
      Effect.as(HttpServerResponse.empty())
    )
  const route = HttpRouter.add("GET", "/hang/:n", Effect.flatMap(HttpRouter.params, ({ n }) => hanging(Number(n))))
  const giveUp = (port: number, n: number) =>
    Effect.promise(() => {
      const options = { host: "127.0.0.1", port, path: `/hang/${n}`, headers: headersOf(n), agent: false }
      const request = Http.get(options)
      return new Promise<void>((resolve) => {
        request.on("error", () => resolve())
        void entered[n]!.promise.then(() => request.destroy())
      })
    })
  const program = Effect.gen(function*() {
    const served = serve(route, { disableListenLog: true, disableLogger: true }).pipe(
      Layer.provideMerge(NodeHttpServer.layer(() => Http.createServer(), { port: 0, host: "127.0.0.1" }))
    )
    const { address } = Context.get(yield* Layer.build(served), HttpServer.HttpServer)
    const port = "port" in address ? address.port : 0
    yield* Effect.forEach(numbers, (n) => giveUp(port, n), { concurrency: "unbounded", discard: true })
    yield* Effect.whileLoop({
      while: () => left.spans.filter(({ kind }) => kind === 1).length < size,
      body: () => Effect.andThen(Tracing.flush, Effect.yieldNow),
      step: () => undefined
    })
    assert.deepStrictEqual(yield* (yield* TestErrors).events, [])
    const value = new Map(
      (yield* Metrics.Metrics).samples().map((sample) => [
        [sample.name, ...Object.values(sample.labels)].join(" "),
        sample.value
      ])
    )
    assert.strictEqual(value.get(`${requests.name} GET /hang/{n} 499`), size)
    for (const own of new Set(numbers.map(Subject.classOf))) {
      const count = numbers.filter((n) => Subject.classOf(n) === own).length
      assert.strictEqual(value.get(`${Subject.metrics.steps.name} ${own} hang interrupted`), count)
      assert.strictEqual(value.get(`${Subject.metrics.steps.name} ${own} cleanup success`), count)
    }
  })
  yield* Effect.scoped(program).pipe(
    Effect.provide(layer),
    Effect.provideService(Scheduler.Scheduler, Shuffle.scheduler(seed))
  )
  const traceOf = (name: string) =>
    left.spans.filter((span) => span.name === name).map((span) => span.spanContext().traceId)
  for (const n of numbers) {
    assert.deepStrictEqual(traceOf(`hang of ${n}`), [caller(n).traceId])
    assert.deepStrictEqual(traceOf(`cleanup of ${n}`), [caller(n).traceId])
    const lines = left.lines.filter(({ trace_id }) => trace_id === caller(n).traceId).map(({ message }) => message)
    assert.sameMembers(lines, [`hang of ${n}`, `cleanup of ${n}`])
  }
})
