// What stands around the program: a collector, a Sentry, and scrapers, each with its faults.
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"
import type { Signal } from "../../examples/receiver/ReceivedSpan.ts"
import * as Receiver from "../../examples/receiver/Receiver.ts"
import * as Reply from "../../examples/receiver/Reply.ts"
import type { ServeError } from "../../examples/receiver/ServeError.ts"
import type { Period } from "./Schedule.ts"

// What is received is counted and not kept: the receiver's memory is not what is measured here.
const limits = { spans: 100, items: 100, requests: 20, requestBytes: 1024 * 1024 }

/** Every other second. */
const flapping: Reply.Responder = () => Math.floor(Date.now() / 1000) % 2 === 0 ? Reply.status(503) : Reply.ok

const replies: Readonly<Record<string, Reply.Reply | Reply.Responder>> = {
  hang: Reply.hang(),
  unavailable: Reply.status(503),
  throttled: Reply.status(429, { "retry-after": "2" }),
  "bad-request": Reply.status(400),
  reset: Reply.resetConnection(),
  slow: Reply.delay("2 seconds"),
  partial: Reply.partialSuccess(10),
  flapping
}

const strike = (receiver: Receiver.Shape, signals: ReadonlyArray<Signal>, fault: string | undefined) =>
  Effect.gen(function*() {
    if (fault === "refused") return yield* receiver.down
    for (const signal of signals) {
      yield* receiver.respond(signal, fault === undefined ? Reply.ok : replies[fault] ?? Reply.ok)
    }
    yield* receiver.up
  })

/** Scrapers that ask for the page and never read it, or never end the request; ten at a time, as long as it lasts. */
const badScrapers = (address: () => URL, fault: () => string | undefined) => {
  const open = new Set<Net.Socket>()
  const top = (): void => {
    const kind = fault()
    if (kind === undefined) return open.forEach((socket) => socket.destroy())
    while (open.size < 10) {
      const { hostname, port } = address()
      const socket = Net.connect({ host: hostname, port: Number(port) })
      open.add(socket)
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
    close: () => {
      clearInterval(timer)
      open.forEach((socket) => socket.destroy())
    }
  }
}

export interface BackEnds {
  /** The variables that send everything there. */
  readonly env: Readonly<Record<string, string>>
  /** Begins a fault of the collector, Sentry or the scrapers. */
  readonly begin: (period: Period) => Effect.Effect<void, ServeError>
  readonly end: (period: Period) => Effect.Effect<void, ServeError>
  /** Everything hangs from now on. */
  readonly hangAll: Effect.Effect<void, ServeError>
  /** Where the scrapers find the page. */
  readonly scrapeFrom: (url: URL) => void
  readonly received: Effect.Effect<{ readonly spans: number; readonly sentrySpans: number; readonly events: number }>
}

const sentrySignals = ["sentry", "sentryOtlp"] as const

export const make: Effect.Effect<BackEnds, ServeError, Scope.Scope> = Effect.gen(function*() {
  const collector = yield* Receiver.make({ signals: ["otlp"], limits })
  const sentry = yield* Receiver.make({ signals: sentrySignals, limits })
  let page = new URL("http://127.0.0.1:9")
  let scraping: string | undefined
  const scrapers = yield* Effect.acquireRelease(
    Effect.sync(() => badScrapers(() => page, () => scraping)),
    ({ close }) => Effect.sync(close)
  )
  const turn = ({ target }: Period, fault: string | undefined): Effect.Effect<void, ServeError> => {
    if (target === "collector") return strike(collector, ["otlp"], fault)
    if (target === "sentry") return strike(sentry, sentrySignals, fault)
    return Effect.sync(() => {
      if (target !== "scraper") return
      scraping = fault
      scrapers.top()
    })
  }
  return {
    env: {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.otlpTracesUrl,
      SENTRY_DSN: sentry.sentryDsn
    },
    begin: (period) => turn(period, period.fault),
    end: (period) => turn(period, undefined),
    hangAll: Effect.andThen(strike(collector, ["otlp"], "hang"), strike(sentry, sentrySignals, "hang")),
    scrapeFrom: (url) => {
      page = url
    },
    received: Effect.gen(function*() {
      const { spans } = yield* collector.totals
      const { events, spans: sentrySpans } = yield* sentry.totals
      return { spans, sentrySpans, events }
    })
  }
})
