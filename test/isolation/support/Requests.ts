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

const app = (world: Work.World) => {
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
    Layer.provideMerge(NodeHttpServer.layer(() => Http.createServer(), { port: 0, host: "127.0.0.1" }))
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

const ask = (port: number, n: number): Effect.Effect<Answer> =>
  Effect.callback((resume) => {
    const options = { host: "127.0.0.1", port, path: pathOf(n), headers: headersOf(n), agent: false }
    const request = Http.get(options, (response) => {
      response.resume().on("end", () => {
        resume(Effect.succeed({ status: response.statusCode, requestId: response.headers["x-request-id"] }))
      })
    })
    request.on("error", (error) => resume(Effect.die(error)))
  })

const run = Effect.fnUntraced(function*(size: number, seed: number) {
  const { layer, left } = Subject.make(catalogue)
  const numbers = Array.from({ length: size }, (_, n) => n)
  const program = Effect.gen(function*() {
    const world = yield* Work.world(size, seed)
    const server = Context.get(yield* Layer.build(app(world)), HttpServer.HttpServer)
    const port = "port" in server.address ? server.address.port : 0
    const answers = yield* Effect.forEach(
      numbers,
      (n) => Effect.tap(ask(port, n), () => Work.answered(world, n)),
      { concurrency: "unbounded" }
    ).pipe(Effect.withTracerEnabled(false))
    yield* Work.settled(world)
    // The server's spans end after their answers.
    yield* Effect.whileLoop({
      while: () => left.spans.filter(({ kind }) => kind === 1).length < size,
      body: () => Effect.andThen(Tracing.flush, Effect.yieldNow),
      step: () => undefined
    })
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
  return { ...Findings.check(left, came), answers, counted, left }
})

/** Holds that nothing of one request is on another, in its answer neither. */
export const apart = (size: number, seed: number) =>
  Effect.map(run(size, seed), ({ answers, checks, counted, findings }) => {
    assert.deepStrictEqual(findings.slice(0, 10), [])
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
