/**
 * Sends events to Sentry through its SDK, used for errors alone.
 *
 * The client is made directly and not by `Sentry.init`: nothing process-wide is installed, no variable of the
 * environment is read, and two layers do not share a client. No integration is set up. Causes, stacks, tags and
 * breadcrumbs are Effect's, de-duplication is per request, and everything else that the default ones add (request
 * data, headers, local variables, source lines, loaded modules, console output, spans) is what must not leave unasked.
 */
import type * as Sentry from "@sentry/node"
import type { ErrorEvent as SentryErrorEvent, Event, EventHint, NodeOptions, Scope } from "@sentry/node"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Guard from "../Guard.ts"
import type { ErrorEvent } from "./ErrorEvent.ts"
import type { Program } from "./EventBuilder.ts"
import * as EventSink from "./EventSink.ts"
import * as Loading from "./Loading.ts"
import * as Profiling from "./Profiling.ts"
import * as SentryAnswer from "./SentryAnswer.ts"
import * as SentryEvent from "./SentryEvent.ts"
import * as SentryRequest from "./SentryRequest.ts"

/** What is used of the SDK. */
export type Sdk = Pick<
  typeof Sentry,
  "NodeClient" | "Scope" | "defaultStackParser" | "getGlobalScope" | "makeNodeTransport"
>

/** How to reach Sentry. */
export interface Options {
  readonly dsn: Redacted.Redacted<string>
  readonly program: Program
  readonly guard: Guard.Guard
  /** The last look at every text that was not there when the event was scrubbed. */
  readonly scrubText: (text: string) => string
  /** Runs a request so that no instrumentation traces it. */
  readonly untraced?: (<A>(body: () => A) => A) | undefined
  /** How long one event may take, from connecting to the answer; 3 seconds by default, to fit into a flush. */
  readonly timeout?: Duration.Duration | undefined
  /** The part of all processes whose code is profiled, from 0 to 1; 0 by default. */
  readonly profilesSampleRate?: number | undefined
  /** Loads the SDK; `import("@sentry/node")` by default. */
  readonly load?: (() => Promise<Sdk>) | undefined
  /** Loads `@sentry/profiling-node`; `undefined` where it is not installed. */
  readonly loadProfiling?: (() => Promise<Profiling.ProfilingPackage | undefined>) | undefined
}

/** A sink that can profile the program as well. */
export interface SentrySink extends EventSink.EventSink {
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

interface Client {
  readonly profile: (profiling: Profiling.ProfilingPackage) => void
  readonly send: (event: ErrorEvent, signal: AbortSignal) => Promise<EventSink.SendResult>
  readonly mayHaveLeft: (event: ErrorEvent) => boolean
  readonly close: () => Promise<unknown>
}

interface Sending {
  readonly signal: AbortSignal
  /** The event as it was made, where no code but the SDK's has seen it since. */
  untouched: Event | undefined
  /** `undefined` until the SDK has handed the event to the transport. */
  answer: Promise<EventSink.SendResult> | undefined
  hasLeft: () => boolean
}

const connect = async (options: Options): Promise<Client> => {
  // With the SDK, since importing `node:http` opens a pipe to the process's output.
  const [sentry, http, https] = await Promise.all([
    (options.load ?? (() => import("@sentry/node")))(),
    import("node:http"),
    import("node:https")
  ])
  const request: SentryRequest.RequestFunctions = { http: http.request, https: https.request }
  const untraced = options.untraced ?? ((body) => body())
  const sendings = new Map<string, Sending>()
  const parseStack = SentryEvent.rememberingParser(sentry.defaultStackParser)
  const closing = new AbortController()
  const timeout = Duration.toMillis(options.timeout ?? defaultTimeout)
  let stopProfiling: (() => void) | undefined

  // The SDK tells nobody what became of one event: its transport is asked instead.
  const transport: NonNullable<NodeOptions["transport"]> = (transportOptions) => {
    const make = (...signals: ReadonlyArray<AbortSignal>) => {
      const made = SentryRequest.make({ request, timeoutMillis: timeout, untraced, signals })
      // A connection that is kept would outlive the layer.
      const inner = sentry.makeNodeTransport({ ...transportOptions, keepAlive: false, httpModule: made.httpModule })
      return { ...made, inner }
    }
    // A transport drops what comes after a 429, without asking. One for each event gives an answer to each; when to
    // send is the pipeline's to know.
    const answerOf = async (
      envelope: Parameters<ReturnType<typeof Sentry.makeNodeTransport>["send"]>[0],
      sending: Sending
    ): Promise<EventSink.SendResult> => {
      const { hasBroken, hasLeft, inner, time } = make(sending.signal, closing.signal)
      sending.hasLeft = hasLeft
      try {
        const { headers, statusCode } = await inner.send(envelope)
        if (statusCode === undefined) throw new Error("the SDK's transport has sent nothing")
        return SentryAnswer.of({
          status: statusCode,
          retryAfter: headers?.["retry-after"] ?? undefined,
          rateLimits: headers?.["x-sentry-rate-limits"] ?? undefined
        }, time())
      } catch (error) {
        if (hasBroken()) return SentryAnswer.lost(hasLeft())
        throw error
      }
    }
    // Not left to be caught by whoever comes for the answer, who may come too late.
    const neverRejects = (answer: Promise<EventSink.SendResult>): Promise<EventSink.SendResult> =>
      answer.catch((error: unknown) => {
        options.guard.count("sink", error)
        return EventSink.dropped("fault")
      })
    const others = make(closing.signal).inner
    return {
      flush: (wait) => others.flush(wait),
      send: (envelope) => {
        const types = new Set(envelope[1].map(([header]) => header.type))
        if (stopProfiling !== undefined && types.size === 1 && types.has("profile_chunk")) {
          return others.send(SentryEvent.mapTexts(envelope, options.scrubText))
        }
        // Errors only, whatever another part of the SDK may make; that it made something is told by a count.
        if (types.size !== 1 || !types.has("event")) {
          options.guard.count("sink", new Error(`the SDK made an envelope of ${[...types].join(", ") || "nothing"}`))
          return Promise.resolve({})
        }
        const sending = sendings.get((envelope[0] as { readonly event_id?: string }).event_id ?? "")
        if (sending !== undefined) sending.answer = neverRejects(answerOf(envelope, sending))
        return Promise.resolve({})
      }
    }
  }

  // `_captureEvent` resolves when the event was handed to the transport, or was dropped on the way to it.
  class ErrorsClient extends sentry.NodeClient {
    // Nobody else knows it, and nothing is put into it.
    readonly #isolation = new sentry.Scope()

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
      const payload = SentryEvent.make(event, parseStack)
      return this._captureEvent(payload, { event_id: event.id }, scope, this.#isolation)
    }

    // Whose code sees an event on its way: an integration's, or that of who has added a processor to what all share.
    #hasOthers(): boolean {
      return this.getIntegrationNames().length > 0 || this.getEventProcessors().length > 0 ||
        sentry.getGlobalScope().getScopeData().eventProcessors.length > 0
    }

    // The SDK has one scope for the whole process, to which the program, or a library of its, may add what it wants.
    protected override _prepareEvent(made: Event, hint: EventHint, scope: Scope, isolation: Scope): PromiseLike<Event> {
      const untouched = !this.#hasOthers()
      const sending = sendings.get(made.event_id ?? "")
      if (untouched && sending !== undefined) sending.untouched = made
      // The SDK adds to what it is given.
      const given = { ...made }
      const own = (prepared: Event | null): Event => {
        hint.attachments = []
        const traced = prepared ?? SentryEvent.withTrace(given, scope.getPropagationContext())
        return SentryEvent.withoutScopes(traced, made, untouched)
      }
      return super._prepareEvent(given, hint, scope, isolation).then(own, (fault: unknown) => {
        options.guard.count("sink", fault)
        return own(null)
      })
    }
  }

  // What only the SDK has seen was scrubbed; what it has put beside that, and what others had in hand, was not.
  const lastLook = (event: SentryErrorEvent): SentryErrorEvent => {
    const made = sendings.get(event.event_id ?? "")?.untouched
    return made === undefined
      ? SentryEvent.mapTexts(event, options.scrubText)
      : SentryEvent.mapAdded(event, made, options.scrubText)
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
    beforeSend: lastLook,
    // It is as deep as it may be, and holds nothing that JSON can't.
    normalizeDepth: 0,
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
    send: async (event, signal) => {
      const sending: Sending = { signal, untouched: undefined, answer: undefined, hasLeft: () => false }
      sendings.set(event.id, sending)
      try {
        await client.capture(event)
        if (sending.answer === undefined) throw new Error("the SDK has dropped the event")
        return await sending.answer
      } finally {
        sendings.delete(event.id)
      }
    },
    mayHaveLeft: ({ id }) => sendings.get(id)?.hasLeft() ?? false,
    close: async () => {
      // What was profiled so far is sent now; errors were flushed before.
      stopProfiling?.()
      await client.close(stopProfiling === undefined ? 1 : 1000)
      client.dispose()
      closing.abort()
    }
  }
}

/** Makes the sink. The SDK is loaded with the first event, or when profiling begins; where that fails, with the next. */
export const make = (options: Options): SentrySink => {
  let connecting: Promise<Client> | undefined
  let connected: Client | undefined
  const client = (): Promise<Client> => {
    const current = connecting ??= connect(options)
    current.then((client) => connected = client, () => {
      if (connecting === current) connecting = undefined
    })
    return Loading.inTime(current)
  }
  const guarded = <A>(body: (signal: AbortSignal) => Promise<A>, otherwise: A): Effect.Effect<A> =>
    Effect.promise(async (signal) => {
      try {
        return await body(signal)
      } catch (error) {
        options.guard.count("sink", error)
        return otherwise
      }
    })
  return {
    send: (event) =>
      guarded(async (signal) => (connected ?? await client()).send(event, signal), EventSink.dropped("fault")),
    mayHaveLeft: (event) => connected?.mayHaveLeft(event) ?? false,
    startProfiling: guarded(async () => {
      const profiling = await (options.loadProfiling ?? Profiling.load)()
      if (profiling === undefined) return "not installed"
      ;(await client()).profile(profiling)
      return "started"
    }, "failed"),
    close: Effect.suspend(() => {
      const current = connecting
      return current === undefined ? Effect.void : guarded(async () => void await (await current).close(), undefined)
    })
  }
}
