// Builds the layer and uses it, and tells as JSON what that did to the process: modules, handles, timers, listeners.
import { createHook } from "node:async_hooks"
import { registerHooks } from "node:module"

const urls: Array<string> = []
registerHooks({
  load: (url, context, next) => {
    urls.push(url)
    return next(url, context)
  }
})

// Loaded before the watch begins: what it watches is the layer.
const [DawsOs, { ErrorTracking, Metrics, Tracing }, Effect, Option, HttpRouter, HttpServerResponse, Layer, HttpServer] =
  await Promise.all([
    import("@dawsos/observability/dawsos"),
    import("@dawsos/observability"),
    import("effect/Effect"),
    import("effect/Option"),
    import("effect/http/HttpRouter"),
    import("effect/http/HttpServerResponse"),
    import("effect/Layer"),
    import("effect/http/HttpServer")
  ])

const begun: Array<string> = []
const watch = createHook({ init: (_id, type) => void begun.push(type) })

const state = () => ({
  resources: process.getActiveResourcesInfo().toSorted(),
  listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`).toSorted()
})

const observe = DawsOs.withCapabilityMetrics({ agent: "financial_analyst", capability: "metrics.compute_twr" })

// A server of the kind that `serve` wants, without a port of its own.
const server = Layer.effect(
  HttpServer.HttpServer,
  Effect.sync(() =>
    HttpServer.make({ address: { _tag: "UnixPathAddress", path: "/nowhere" } as never, serve: () => Effect.void })
  )
)
const Api = HttpRouter.add("GET", "/", Effect.succeed(HttpServerResponse.text("")))

// Opened with its first use, which is the log's otherwise.
process.stdout.write("")
const before = state()
const used = await Effect.runPromise(
  Effect.gen(function*() {
    watch.enable()
    const tracing = yield* Tracing.Tracing
    const metrics = yield* Metrics.Metrics
    const errors = yield* ErrorTracking.ErrorTracking
    const results = [
      yield* observe(Effect.succeed(1)),
      yield* observe(Effect.fail("no prices")).pipe(Effect.flip),
      (yield* Effect.exit(observe(Effect.die("a defect"))))._tag
    ]
    yield* DawsOs.recordAlertEvaluated({ alertType: "price", status: "triggered" })
    const event = yield* errors.captureException(new Error("no prices"))
    yield* ErrorTracking.withBoundary(Effect.fail("no prices"), "job").pipe(Effect.ignore)
    yield* Effect.logInfo("mail to jane.doe@example.com, password=hunter2")
    return {
      enabled: [tracing.enabled, metrics.enabled, errors.enabled],
      results,
      event: Option.isSome(event),
      address: Option.isSome(metrics.address),
      exposition: yield* metrics.render("prometheus"),
      flushed: [yield* tracing.flush, yield* errors.flush],
      during: state()
    }
  }).pipe(
    Effect.provide(
      DawsOs.serve(Api, { disableLogger: true, disableListenLog: true }).pipe(
        Layer.provide(server),
        Layer.provideMerge(DawsOs.layer)
      )
    )
  )
)
watch.disable()
await new Promise((resolve) => setImmediate(resolve))

process.stdout.write(`report: ${JSON.stringify({ before, ...used, after: state(), begun, urls })}\n`)
