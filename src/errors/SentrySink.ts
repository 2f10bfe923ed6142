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
import type * as Http from "node:http"
import type * as Guard from "../Guard.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import type { DropReason } from "./ErrorTracking.ts"
import type { Program } from "./EventBuilder.ts"
import * as EventPipeline from "./EventPipeline.ts"
import * as Profiling from "./Profiling.ts"
import * as SentryEvent from "./SentryEvent.ts"

/** How to reach Sentry. */
export interface Options {
  readonly dsn: Redacted.Redacted<string>
  readonly program: Program
  readonly guard: Guard.Guard
  /** The last look at every text, after the SDK has added its own. */
  readonly scrubText: (text: string) => string
  /** Runs a request so that no instrumentation traces it. */
  readonly untraced?: (<A>(body: () => A) => A) | undefined
  /** How long one event may take, from connecting to the answer; 3 seconds by default, to fit into a flush. */
  readonly timeout?: Duration.Duration | undefined
  /** The part of all processes whose code is profiled, from 0 to 1; 0 by default. */
  readonly profilesSampleRate?: number | undefined
  /** Loads `@sentry/profiling-node`; `undefined` where it is not installed. */
  readonly loadProfiling?: (() => Promise<Profiling.ProfilingPackage | undefined>) | undefined
}

/** A sink that can profile the program as well. */
export interface SentrySink extends EventPipeline.EventSink {
  /** Begins profiling, which loads the SDK at once; says what came of it. */
  readonly startProfiling: Effect.Effect<"started" | "not installed" | "failed">
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

interface RequestFunctions {
  readonly http: typeof Http.request
  readonly https: typeof Http.request
}

// Node's own http with a deadline: the SDK's transport waits for ever for a server that does not answer.
const withDeadline = (timeoutMillis: number, request: RequestFunctions, untraced: <A>(body: () => A) => A) => ({
  request: (...args: ReadonlyArray<unknown>): Http.ClientRequest => {
    const options = args[0] as Http.RequestOptions
    const native = options.protocol === "https:" ? request.https : request.http
    const started = untraced(() => Reflect.apply(native, undefined, args) as Http.ClientRequest)
    const timer = setTimeout(() => started.destroy(new DeadlineExceeded()), timeoutMillis)
    started.once("close", () => clearTimeout(timer))
    return started
  }
})

interface Client {
  readonly profile: (profiling: Profiling.ProfilingPackage) => void
  readonly send: (event: ErrorEvent) => Promise<EventPipeline.SendResult>
  readonly close: () => Promise<unknown>
}

const connect = async (options: Options): Promise<Client> => {
  // With the SDK, since importing `node:http` opens a pipe to the process's output.
  const [sentry, http, https] = await Promise.all([
    import("@sentry/node"),
    import("node:http"),
    import("node:https")
  ])
  const request: RequestFunctions = { http: http.request, https: https.request }
  const answers = new Map<string, Promise<EventPipeline.SendResult>>()
  const timeout = Duration.toMillis(options.timeout ?? defaultTimeout)
  let stopProfiling: (() => void) | undefined

  // The SDK tells nobody what became of one event: its transport is asked instead.
  const transport: NonNullable<NodeOptions["transport"]> = (transportOptions) => {
    let backingOff = false
    const inner = sentry.makeNodeTransport({
      ...transportOptions,
      // A connection that is kept would outlive the layer.
      keepAlive: false,
      httpModule: withDeadline(timeout, request, options.untraced ?? ((body) => body())),
      recordDroppedEvent: (reason) => {
        if (reason === "ratelimit_backoff") backingOff = true
      }
    })
    return {
      flush: (wait) => inner.flush(wait),
      send: (envelope) => {
        const types = new Set(envelope[1].map(([header]) => header.type))
        if (stopProfiling !== undefined && types.size === 1 && types.has("profile_chunk")) {
          return inner.send(SentryEvent.mapTexts(envelope, options.scrubText))
        }
        // Errors only, whatever another part of the SDK may make; that it made something is told by a count.
        if (types.size !== 1 || !types.has("event")) {
          options.guard.count("sink", new Error(`the SDK made an envelope of ${[...types].join(", ") || "nothing"}`))
          return Promise.resolve({})
        }
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
    release: options.program.release,
    environment: options.program.environment,
    integrations: [],
    // The address from which an event comes is not the user's.
    _metadata: { sdk: { settings: { infer_ip: "never" } } },
    profileSessionSampleRate: options.profilesSampleRate ?? 0,
    profileLifecycle: "manual",
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
    profile: (profiling) => {
      const integration = profiling.nodeProfilingIntegration()
      client.addIntegration(integration)
      integration._profiler.start()
      stopProfiling = () => integration._profiler.stop()
    },
    send: async (event) => {
      await client.capture(event)
      const answer = answers.get(event.id)
      answers.delete(event.id)
      return answer ?? EventPipeline.dropped("fault")
    },
    close: async () => {
      // What was profiled so far is sent now; errors were flushed before.
      stopProfiling?.()
      await client.close(stopProfiling === undefined ? 1 : 1000)
      client.dispose()
    }
  }
}

/** Makes the sink. The SDK is loaded with the first event, or when profiling begins. */
export const make = (options: Options): SentrySink => {
  let connecting: Promise<Client> | undefined
  const client = (): Promise<Client> => connecting ??= connect(options)
  const guarded = <A>(body: () => Promise<A>, otherwise: A): Effect.Effect<A> =>
    Effect.promise(async () => {
      try {
        return await body()
      } catch (error) {
        options.guard.count("sink", error)
        return otherwise
      }
    })
  return {
    send: (event) => guarded(async () => (await client()).send(event), EventPipeline.dropped("fault")),
    startProfiling: guarded(async () => {
      const profiling = await (options.loadProfiling ?? Profiling.load)()
      if (profiling === undefined) return "not installed"
      ;(await client()).profile(profiling)
      return "started"
    }, "failed"),
    close: Effect.suspend(() =>
      connecting === undefined ? Effect.void : guarded(async () => void await (await client()).close(), undefined)
    )
  }
}
