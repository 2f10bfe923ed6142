/**
 * Sends events to Sentry through its SDK, used for errors alone.
 *
 * The client is made directly and not by `Sentry.init`: nothing process-wide is installed, no variable of the
 * environment is read, and two layers do not share a client. No integration is set up. Causes, stacks, tags and
 * breadcrumbs are Effect's, de-duplication is per request, and everything else that the default ones add (request
 * data, headers, local variables, source lines, loaded modules, console output, spans) is what must not leave unasked.
 */
import type { ErrorEvent as SentryErrorEvent, NodeOptions } from "@sentry/node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as http from "node:http"
import * as https from "node:https"
import type * as Guard from "../Guard.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import type { DropReason } from "./ErrorTracking.ts"
import * as EventPipeline from "./EventPipeline.ts"
import * as SentryEvent from "./SentryEvent.ts"

/** How to reach Sentry. */
export interface Options {
  readonly dsn: Redacted.Redacted<string>
  readonly guard: Guard.Guard
  /** The last look at every text, after the SDK has added its own. */
  readonly scrubText: (text: string) => string
  /** Runs a request so that no instrumentation traces it. */
  readonly untraced?: (<A>(body: () => A) => A) | undefined
  /** How long one event may take, from connecting to the answer; 3 seconds by default, to fit into a flush. */
  readonly timeout?: Duration.Duration | undefined
}

/** The deadline of one event. */
export const defaultTimeout: Duration.Duration = Duration.seconds(3)

/** Nothing beyond the event itself: what it may say is decided by this layer. */
export const dataCollection: NonNullable<NodeOptions["dataCollection"]> = {
  userInfo: false,
  cookies: false,
  httpHeaders: false,
  httpBodies: [],
  urlQueryParams: false,
  graphQL: { document: false, variables: false },
  genAI: { inputs: false, outputs: false },
  mcp: { inputs: false, outputs: false },
  databaseQueryData: false,
  queues: false,
  stackFrameVariables: false,
  frameContextLines: 0
}

class DeadlineExceeded extends Error {
  override readonly name = "DeadlineExceeded"
}

// No answer to a request that was on its way may mean that the event arrived; no connection means that it did not.
const reasonOf = (error: unknown): DropReason => {
  if (error instanceof DeadlineExceeded) return "timeout"
  const code = error instanceof Error && "code" in error ? error.code : undefined
  return code === "ECONNRESET" || code === "EPIPE" ? "timeout" : "unreachable"
}

const reasonOfStatus = (status: number): DropReason =>
  status === 429 ? "throttled" : status === 413 ? "too_large" : "rejected"

// Node's own http with a deadline: the SDK's transport waits for ever for a server that does not answer.
const withDeadline = (timeoutMillis: number, untraced: <A>(body: () => A) => A) => ({
  request: (...args: ReadonlyArray<unknown>): http.ClientRequest => {
    const options = args[0] as http.RequestOptions
    const native = options.protocol === "https:" ? https.request : http.request
    const request = untraced(() => Reflect.apply(native, undefined, args) as http.ClientRequest)
    const timer = setTimeout(() => request.destroy(new DeadlineExceeded()), timeoutMillis)
    request.once("close", () => clearTimeout(timer))
    return request
  }
})

interface Client {
  readonly send: (event: ErrorEvent) => Promise<EventPipeline.SendResult>
  readonly close: () => Promise<unknown>
}

const connect = async (options: Options): Promise<Client> => {
  const sentry = await import("@sentry/node")
  const answers = new Map<string, Promise<EventPipeline.SendResult>>()
  const timeout = Duration.toMillis(options.timeout ?? defaultTimeout)

  // The SDK tells nobody what became of one event: its transport is asked instead.
  const transport: NonNullable<NodeOptions["transport"]> = (transportOptions) => {
    let backingOff = false
    const inner = sentry.makeNodeTransport({
      ...transportOptions,
      // A connection that is kept would outlive the layer.
      keepAlive: false,
      httpModule: withDeadline(timeout, options.untraced ?? ((body) => body())),
      recordDroppedEvent: (reason) => {
        if (reason === "ratelimit_backoff") backingOff = true
      }
    })
    return {
      flush: (wait) => inner.flush(wait),
      send: (envelope) => {
        // Errors only, whatever another part of the SDK may make.
        if (envelope[1].some(([header]) => header.type !== "event")) return Promise.resolve({})
        backingOff = false
        const sending = inner.send(envelope)
        const held = backingOff
        const id = (envelope[0] as { readonly event_id?: string }).event_id
        if (id !== undefined) {
          answers.set(
            id,
            Promise.resolve(sending).then(
              ({ statusCode }) =>
                statusCode === undefined
                  ? EventPipeline.dropped(held ? "throttled" : "queue_full")
                  : statusCode >= 200 && statusCode < 300
                  ? EventPipeline.sent
                  : EventPipeline.dropped(reasonOfStatus(statusCode)),
              (error: unknown) => EventPipeline.dropped(reasonOf(error))
            )
          )
        }
        return sending
      }
    }
  }

  // `_captureEvent` resolves when the event was handed to the transport, or was dropped on the way to it.
  class ErrorsClient extends sentry.NodeClient {
    capture(event: ErrorEvent): PromiseLike<unknown> {
      const scope = new sentry.Scope()
      scope.setClient(this)
      if (event.trace !== undefined) {
        scope.setPropagationContext({
          traceId: event.trace.traceId,
          propagationSpanId: event.trace.spanId,
          sampleRand: Math.random()
        })
      }
      const payload = SentryEvent.make(event, sentry.defaultStackParser)
      return this._captureEvent(payload, { event_id: event.id }, scope, new sentry.Scope())
    }
  }

  const client = new ErrorsClient({
    dsn: Redacted.value(options.dsn),
    transport,
    integrations: [],
    stackParser: sentry.defaultStackParser,
    beforeSend: (event: SentryErrorEvent) => SentryEvent.mapTexts(event, options.scrubText),
    dataCollection,
    includeServerName: false,
    sendClientReports: false,
    enableOpenTelemetrySetup: false,
    enableRuntimeChannelInjection: false,
    // The streaming lifecycle would add an integration that keeps spans.
    traceLifecycle: "static"
  })

  return {
    send: async (event) => {
      await client.capture(event)
      const answer = answers.get(event.id)
      answers.delete(event.id)
      return answer ?? EventPipeline.dropped("fault")
    },
    close: async () => {
      await client.close(1)
      client.dispose()
    }
  }
}

/** Makes the sink. The SDK is loaded with the first event. */
export const make = (options: Options): EventPipeline.EventSink => {
  let connecting: Promise<Client> | undefined
  const fault = (error: unknown): EventPipeline.SendResult => {
    options.guard.count("sink", error)
    return EventPipeline.dropped("fault")
  }
  return {
    send: (event) =>
      Effect.promise(async () => {
        connecting ??= connect(options)
        try {
          return await (await connecting).send(event)
        } catch (error) {
          return fault(error)
        }
      }),
    close: Effect.suspend(() => {
      const client = connecting
      return client === undefined ? Effect.void : Effect.promise(async () => {
        try {
          await (await client).close()
        } catch (error) {
          fault(error)
        }
      })
    })
  }
}
