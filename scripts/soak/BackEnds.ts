// What stands around the program: a collector, a Sentry, and scrapers, each with its faults.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import * as Net from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { Signal } from "../../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import type { ServeError } from "../../examples/receiver/ServeError.ts"
import type { Received } from "./Judge.ts"
import type { FaultOf, Period } from "./Schedule.ts"

// What is received is counted and not kept: the receiver's memory is not what is measured here.
const limits = { spans: 100, items: 100, requests: 20, requestBytes: 1024 * 1024 }

/** Every other second. */
const flapping: Reply.Responder = () => Math.floor(Date.now() / 1000) % 2 === 0 ? Reply.status(503) : Reply.ok

type Reached = FaultOf<"collector" | "sentry">

const replies: Readonly<Record<Exclude<Reached, "refused">, Reply.Reply | Reply.Responder>> = {
  hang: Reply.hang(),
  unavailable: Reply.status(503),
  throttled: Reply.status(429, { "retry-after": "2" }),
  "bad-request": Reply.status(400),
  reset: Reply.resetConnection(),
  slow: Reply.delay("2 seconds"),
  partial: Reply.partialSuccess(10),
  flapping
}

/** How often what was struck was asked in that time, and how often it answered by its fault. */
export interface Felt {
  readonly asked: number
  readonly felt: number
}

/** Whether a port refuses a connection, seen by trying. */
const refuses = async (host: string, port: number): Promise<boolean> => {
  const socket = Net.connect({ host, port })
  try {
    await once(socket, "connect")
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

// A request whose head had come before the fault has its body by then, and counts as asked before.
const settledMs = 100

/** A receiver that is struck and recovers; the requests it counts by itself are compared with those the fault answered. */
const struck = (receiver: Receiver.Shape, signals: ReadonlyArray<Signal>) => {
  let before = 0
  let answers = 0
  const asked = Effect.map(
    receiver.totals,
    ({ requestsOf }) => signals.reduce((sum, signal) => sum + requestsOf[signal], 0)
  )
  return {
    begin: (fault: Reached): Effect.Effect<void> =>
      Effect.gen(function*() {
        answers = 0
        if (fault === "refused") {
          yield* receiver.down
          answers = (yield* Effect.promise(() => refuses(receiver.host, receiver.port))) ? 1 : 0
          return
        }
        const reply = replies[fault]
        for (const signal of signals) {
          yield* receiver.respond(signal, (head, n) => {
            answers++
            return typeof reply === "function" ? reply(head, n) : reply
          })
        }
        yield* Effect.promise(() => sleep(settledMs))
        before = yield* asked
      }),
    end: (fault: Reached): Effect.Effect<Felt, ServeError> =>
      Effect.gen(function*() {
        const found = { asked: fault === "refused" ? 1 : (yield* asked) - before, felt: answers }
        for (const signal of signals) yield* receiver.respond(signal, Reply.ok)
        yield* receiver.up
        return found
      })
  }
}

/** Scrapers that ask for the page and never read it, or never end the request; ten at a time, as long as it lasts. */
const badScrapers = (address: () => URL, fault: () => FaultOf<"scraper"> | undefined) => {
  const open = new Set<Net.Socket>()
  let connected = 0
  const top = (): void => {
    const kind = fault()
    if (kind === undefined) return open.forEach((socket) => socket.destroy())
    while (open.size < 10) {
      const { hostname, port } = address()
      const socket = Net.connect({ host: hostname, port: Number(port) })
      open.add(socket)
      socket.on("connect", () => connected++)
      socket.on("error", () => socket.destroy()).on("close", () => open.delete(socket)).pause()
      socket.write(
        kind === "never-reads"
          ? "GET /metrics HTTP/1.1\r\nhost: scraper\r\n\r\n".repeat(20)
          : "GET /metrics HTTP/1.1\r\nhost: scr"
      )
    }
  }
  const timer = setInterval(top, 500)
  return {
    top,
    connected: () => connected,
    close: () => {
      clearInterval(timer)
      open.forEach((socket) => socket.destroy())
    }
  }
}

/** A fault of what is around the program. */
export type BackEndPeriod = Exclude<Period, { readonly target: "program" }>

export interface BackEnds {
  /** The variables that send everything there. */
  readonly env: Readonly<Record<string, string>>
  /** Begins a fault of the collector, Sentry or the scrapers. */
  readonly begin: (period: BackEndPeriod) => Effect.Effect<void>
  /** Ends it, and tells how it was felt. */
  readonly end: (period: BackEndPeriod) => Effect.Effect<Felt, ServeError>
  /** The collector never answers. */
  readonly hangCollector: Effect.Effect<void>
  /** Everything hangs from now on. */
  readonly hangAll: Effect.Effect<void>
  /** Where the scrapers find the page. */
  readonly scrapeFrom: (url: URL) => void
  readonly received: Effect.Effect<Received>
}

const sentrySignals = ["sentry", "sentryOtlp"] as const

export const make: Effect.Effect<BackEnds, ServeError, Scope.Scope> = Effect.gen(function*() {
  const collector = yield* Receiver.make({ signals: ["otlp"], limits })
  const sentry = yield* Receiver.make({ signals: sentrySignals, limits })
  const struckCollector = struck(collector, ["otlp"])
  const struckSentry = struck(sentry, sentrySignals)
  let page = new URL("http://127.0.0.1:9")
  let scraping: FaultOf<"scraper"> | undefined
  let connectedBefore = 0
  const scrapers = yield* Effect.acquireRelease(
    Effect.sync(() => badScrapers(() => page, () => scraping)),
    ({ close }) => Effect.sync(close)
  )
  return {
    env: {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.otlpTracesUrl,
      SENTRY_DSN: sentry.sentryDsn
    },
    begin: (period) => {
      if (period.target === "collector") return struckCollector.begin(period.fault)
      if (period.target === "sentry") return struckSentry.begin(period.fault)
      return Effect.promise(async () => {
        connectedBefore = scrapers.connected()
        scraping = period.fault
        scrapers.top()
        for (let waited = 0; waited < 10 && scrapers.connected() === connectedBefore; waited++) await sleep(settledMs)
      })
    },
    end: (period) => {
      if (period.target === "collector") return struckCollector.end(period.fault)
      if (period.target === "sentry") return struckSentry.end(period.fault)
      return Effect.sync(() => {
        scraping = undefined
        scrapers.top()
        return { asked: 1, felt: scrapers.connected() - connectedBefore }
      })
    },
    hangCollector: struckCollector.begin("hang"),
    hangAll: Effect.andThen(struckCollector.begin("hang"), struckSentry.begin("hang")),
    scrapeFrom: (url) => {
      page = url
    },
    received: Effect.gen(function*() {
      const ofCollector = yield* collector.totals
      const ofSentry = yield* sentry.totals
      return {
        spans: { otlp: ofCollector.spansOf.otlp, sentry: ofSentry.spansOf.sentryOtlp },
        events: ofSentry.events
      }
    })
  }
})
