/** A metrics server of the small catalogue, and clients that behave, or don't. */
import { Guard, Metrics } from "@dawsos/observability"
import { it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Net from "node:net"
import type * as Exposition from "../../src/metrics/Exposition.ts"
import * as MetricsLive from "../../src/metrics/MetricsLive.ts"
import * as MetricsServer from "../../src/metrics/MetricsServer.ts"
import * as Page from "../../src/metrics/Page.ts"
import type * as Refusals from "../../src/metrics/Refusals.ts"
import * as Turns from "../../src/metrics/Turns.ts"
import * as Shop from "./shop.ts"

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly text: string
}

/** A request on a connection of its own, without what `fetch` adds by itself. */
export const request = (
  address: Address,
  path: string,
  options: { readonly method?: string; readonly headers?: Http.OutgoingHttpHeaders } = {}
): Effect.Effect<Answer> =>
  Effect.promise(() =>
    new Promise<Answer>((resolve, reject) => {
      const sent = Http.request({ ...address, path, agent: false, ...options }, (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("error", reject)
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
        })
      })
      sent.on("error", reject)
      sent.end()
    })
  )

/** A connection that writes bytes and reads nothing; destroyed with the scope. */
export const connect = (
  address: Address,
  bytes: string | Uint8Array = ""
): Effect.Effect<Net.Socket, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Net.Socket>((resume) => {
      const socket: Net.Socket = Net.connect(address.port, address.host, () => {
        socket.write(bytes)
        resume(Effect.succeed(socket))
      })
      socket.pause()
      socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** Waits until a connection is closed, and reads what is left on it. */
export const closed = (socket: Net.Socket): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (socket.destroyed) return resume(Effect.void)
    socket.on("close", () => resume(Effect.void))
    socket.resume()
  })

/** Sends bytes, and answers with all that comes back until the server ends the connection. */
export const raw = (address: Address, bytes: string | Uint8Array): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    const socket = Net.connect(address.port, address.host, () => socket.write(bytes))
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk: Buffer) => chunks.push(chunk))
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(Buffer.concat(chunks).toString("latin1"))))
    return Effect.sync(() => socket.destroy())
  })

export interface Settings {
  readonly port?: number
  readonly host?: string
  readonly token?: string
  readonly guard?: Guard.Guard
  readonly limits?: MetricsLive.Options["limits"]
}

export const live = (settings: Settings = {}) =>
  MetricsLive.layer({
    catalogue: Shop.catalogue,
    scrubber: Shop.scrubber,
    guard: settings.guard ?? Guard.make(),
    limits: settings.limits,
    config: {
      host: settings.host ?? "127.0.0.1",
      port: settings.port ?? 0,
      token: Option.map(Option.fromUndefinedOr(settings.token), (token) => Redacted.make(token))
    }
  })

/** A console that keeps what is logged. */
const listening = () => {
  const lines: Array<string> = []
  const keep = (...parts: ReadonlyArray<unknown>) => void lines.push(parts.join(" "))
  return { lines, console: { ...globalThis.console, log: keep, warn: keep, error: keep } }
}

/** Starts a server for the life of the scope, and keeps what it logs. */
export const started = (settings?: Settings) =>
  Effect.gen(function*() {
    const { console, lines } = listening()
    const metrics = Context.get(
      yield* Layer.build(live(settings)).pipe(Effect.provideService(Console.Console, console)),
      Metrics.Metrics
    )
    const refusals = (reason: string): number => {
      const own = metrics.samples().filter(({ name }) => name === "shop_observability_scrape_refusals_total")
      return own.find(({ labels }) => labels["reason"] === reason)?.value ?? NaN
    }
    return { metrics, address: Option.getOrThrow(metrics.address), lines, refusals }
  })

/** A test with its own registry of Effect's metrics, so that no other test shows in the exposition. */
export const served = <A, E>(name: string, test: () => Effect.Effect<A, E, Scope.Scope>, timeout?: number) =>
  it.live(name, () => Effect.provideService(Effect.scoped(test()), Metric.MetricRegistry, new Map()), timeout)

/** Fills a service with an exposition that is larger than the buffers of both ends of a socket: 20 MB. */
export const fill = (metrics: Metrics.Service): void => {
  for (let metric = 0; metric < 40; metric++) {
    const wide = Shop.wide(`shop_wide_${metric}`)
    for (let index = 0; index < 2000; index++) metrics.gauge(wide, { a: `${index}`.padEnd(240, "x") }).set(index)
  }
}

/** A server alone, of whatever pages it is given, what it turned away, what went wrong in it, and what it logs. */
export const paged = (open: Exposition.Open, limits: NonNullable<Settings["limits"]> = {}) =>
  Effect.gen(function*() {
    const refused: Array<Refusals.Reason> = []
    const faults: Array<unknown> = []
    const { console, lines } = listening()
    const address = yield* MetricsServer.serve({
      host: "127.0.0.1",
      port: 0,
      token: Option.none(),
      open,
      failed: (fault) => void faults.push(fault),
      refused: (reason) => void refused.push(reason),
      limits
    }).pipe(Effect.provideService(Console.Console, console))
    return { address, lines, refused, faults }
  })

/** A server alone, of pages of whatever text it is given. */
export const bare = (render: () => string | Promise<string>, limits: NonNullable<Settings["limits"]>) => {
  let last: { readonly text: string; readonly page: Page.Page } | undefined
  return paged(async () => {
    const text = await render()
    if (last?.text !== text) {
      last = { text, page: new Page.Page([Page.ofBytes(Buffer.from(text))], new Turns.Turns(), () => {}) }
    }
    return last.page
  }, limits)
}
