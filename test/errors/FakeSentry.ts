/**
 * A Sentry of one's own: takes envelopes on a free port, and answers as it is told.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"

export interface Item {
  readonly type: string
  readonly payload: Record<string, unknown>
}

export interface Envelope {
  readonly header: Record<string, unknown>
  readonly items: ReadonlyArray<Item>
  /** The bytes as they came. */
  readonly raw: string
  readonly requestHeaders: http.IncomingHttpHeaders
}

export type Answer = (
  response: http.ServerResponse,
  envelope: Envelope
) => void

export interface FakeSentry {
  readonly dsn: Redacted.Redacted<string>
  readonly port: number
  readonly envelopes: Array<Envelope>
  answer: Answer
}

export const ok: Answer = (response) => response.writeHead(200, { "content-type": "application/json" }).end("{}")

const parse = (raw: string, requestHeaders: http.IncomingHttpHeaders): Envelope => {
  const [header, ...rest] = raw.split("\n")
  const items: Array<Item> = []
  for (let at = 0; at + 1 < rest.length; at += 2) {
    items.push({ type: JSON.parse(rest[at]!).type, payload: JSON.parse(rest[at + 1]!) })
  }
  return { header: JSON.parse(header!), items, raw, requestHeaders }
}

export const make = Effect.acquireRelease(
  Effect.callback<FakeSentry & { readonly server: http.Server }>((resume) => {
    const envelopes: Array<Envelope> = []
    const server = http.createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk) => chunks.push(chunk))
      request.on("end", () => {
        const body = Buffer.concat(chunks)
        const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body
        const envelope = parse(text.toString("utf8"), request.headers)
        envelopes.push(envelope)
        fake.answer(response, envelope)
      })
    })
    const fake: { -readonly [K in keyof FakeSentry]: FakeSentry[K] } & { server: http.Server } = {
      dsn: Redacted.make(""),
      port: 0,
      envelopes,
      answer: ok,
      server
    }
    server.listen(0, "127.0.0.1", () => {
      fake.port = (server.address() as AddressInfo).port
      fake.dsn = Redacted.make(`http://public@127.0.0.1:${fake.port}/42`)
      resume(Effect.succeed(fake))
    })
  }),
  ({ server }) =>
    Effect.callback<void>((resume) => {
      server.closeAllConnections()
      server.close(() => resume(Effect.void))
    })
)

/** What the tests read of an event. */
export interface Payload {
  readonly event_id: string
  readonly level: string
  readonly message?: string
  readonly release: string
  readonly environment: string
  readonly transaction?: string
  readonly fingerprint: ReadonlyArray<string>
  readonly tags: Readonly<Record<string, string>>
  readonly user?: Readonly<Record<string, string>>
  readonly contexts: { readonly trace: unknown }
  readonly sdk: { readonly integrations: ReadonlyArray<string>; readonly settings: unknown }
  readonly breadcrumbs?: ReadonlyArray<{ readonly category: string }>
  readonly exception?: {
    readonly values: ReadonlyArray<{
      readonly type: string
      readonly value: string
      readonly mechanism: {
        readonly handled: boolean
        readonly exception_id: number
        readonly parent_id?: number
      }
      readonly stacktrace: {
        readonly frames: ReadonlyArray<{ readonly filename: string; readonly lineno: number }>
      }
    }>
  }
}

/** The first event of an envelope. */
export const eventOf = (envelope: Envelope): Payload =>
  envelope.items.find(({ type }) => type === "event")!.payload as unknown as Payload
