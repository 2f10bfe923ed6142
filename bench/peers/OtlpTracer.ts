// Effect's own OTLP exporter, in protobuf, to an HTTP client that accepts at once. It does more than those that hand
// spans to an exporter that reads them: it makes the request as well.
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracerModule from "effect/observability/OtlpTracer"

export interface OtlpTracer {
  readonly context: Context.Context<never>
  /** What was sent. */
  readonly sent: { readonly count: number }
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

export const make = async (): Promise<OtlpTracer> => {
  const sent = { count: 0 }
  // A request does not say how many spans are in it, so its body is remembered with their number.
  const spans = new WeakMap<object, number>()
  const serialization = Layer.effect(
    OtlpSerialization.OtlpSerialization,
    Effect.map(OtlpSerialization.OtlpSerialization, (stock) => ({
      ...stock,
      traces: (data) => {
        const body = stock.traces(data)
        const scopes = data.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
        spans.set(body, scopes.reduce((sum, scope) => sum + scope.spans.length, 0))
        return body
      }
    }))
  ).pipe(Layer.provide(OtlpSerialization.layerProtobuf))
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      sent.count += spans.get(request.body) ?? 0
      return HttpClientResponse.fromWeb(request, new Response())
    })
  )
  const runtime = ManagedRuntime.make(
    OtlpTracerModule.layer({
      url: "http://localhost:4318/v1/traces",
      resource: { serviceName: "bench" },
      // The timer is as good as off: batches are flushed by hand, so that the cost falls into the measurement.
      exportInterval: "10 minutes"
    }).pipe(Layer.provide([serialization, Layer.succeed(HttpClient.HttpClient, client)]))
  )
  const context = await runtime.context()
  const { flush } = Context.get(context, OtlpExporter.Flusher)
  return {
    context: context as Context.Context<never>,
    sent,
    flush: () => Effect.runPromise(flush),
    close: () => runtime.dispose()
  }
}
