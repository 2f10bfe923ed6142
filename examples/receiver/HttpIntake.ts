import * as Effect from "effect/Effect"
import { EventEmitter } from "node:events"
import * as Http from "node:http"
import * as Https from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { answer, reset } from "./Answer.ts"
import type { Certificate } from "./Certificate.ts"
import type { Desk } from "./Desk.ts"
import type { RequestHead } from "./ReceivedRequest.ts"
import { signalOf } from "./ReceivedRequest.ts"
import type { Signal } from "./ReceivedSpan.ts"
import * as Reply from "./Reply.ts"
import { ServeError } from "./ServeError.ts"
import type { Listening } from "./UdpIntake.ts"

const headersOf = (raw: ReadonlyArray<string>): Record<string, string> => {
  const headers = new Map<string, string>()
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase()
    const value = raw[index + 1]!
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries(headers)
}

const handle = (
  request: Http.IncomingMessage,
  response: Http.ServerResponse,
  desk: Desk,
  serves: (signal: Signal) => boolean
): void => {
  const path = request.url ?? ""
  const addressed = signalOf(path)
  const signal = addressed !== undefined && serves(addressed) && request.method === "POST" ? addressed : undefined
  const head: RequestHead = {
    transport: "http",
    signal,
    method: request.method ?? "",
    path,
    headers: headersOf(request.rawHeaders)
  }
  const reply = desk.choose(head)
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  let over = false
  const cut = (reason: string): void => {
    if (over) return
    over = true
    desk.turnAway(head, Buffer.concat(chunks), "cut", reason)
  }

  if (reply._tag === "Reset" && reply.at === "headers") {
    cut("reset after the headers")
    return reset(request.socket)
  }
  if (reply._tag === "Hang" && !reply.reads) {
    return cut("the body is not read")
  }
  request.on("data", (chunk: Buffer) => {
    if (over) return
    chunks.push(chunk)
    bytes += chunk.length
    if (reply._tag === "Reset" && reply.at === "request-body") {
      cut("reset in the middle of the body")
      reset(request.socket)
    } else if (bytes > desk.bodyLimit) {
      cut(`the body is larger than ${desk.bodyLimit} bytes`)
      answer(response, Reply.status(413, { connection: "close" }), signal)
    }
  })
  request.on("end", () => {
    if (over) return
    over = true
    const raw = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    if (signal !== undefined) return answer(response, desk.settle(head, raw, reply), signal)
    const known = addressed !== undefined && serves(addressed)
    desk.turnAway(head, raw, "unserved", `${head.method} ${path} is not served`)
    answer(response, known ? Reply.status(405, { allow: "POST" }) : Reply.status(404), signal)
  })
  // An abort of the client shows as an error or only as a close, with or without a body under way.
  request.on("error", (error) => cut(error.message))
  request.on("close", () => cut("the client went away"))
}

/**
 * Listens for HTTP; port 0 takes any free one. Not built with Effect's HttpRouter or HttpServer, and deaf to
 * instrumentation that patches `Server.prototype.emit`: what the receiver does must not show in what it receives.
 */
export const listen = (options: {
  readonly host: string
  readonly port: number
  readonly desk: Desk
  readonly serves: (signal: Signal) => boolean
  /** For HTTPS; plain HTTP without one. */
  readonly tls?: Certificate | undefined
}): Effect.Effect<Listening, ServeError> =>
  Effect.callback((resume) => {
    const { desk, host, port, serves, tls } = options
    const settings = { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000 }
    const server = tls === undefined
      ? Http.createServer(settings)
      : Https.createServer({ ...settings, cert: tls.certificate, key: tls.key })
    Object.defineProperty(server, "emit", { value: EventEmitter.prototype.emit })
    const sockets = new Set<Socket>()
    let open = true
    const close = Effect.callback<void>((closed) => {
      if (!open) return closed(Effect.void)
      open = false
      server.close(() => closed(Effect.void))
      for (const socket of sockets) socket.destroy()
    })
    const onStartError = (cause: Error) => {
      open = false
      resume(Effect.fail(new ServeError({ transport: "tcp", host, port, cause })))
    }
    server.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.on("close", () => sockets.delete(socket))
      socket.setNoDelay(true)
    })
    server.on("request", (request, response) => handle(request, response, desk, serves))
    // A client that does not trust the certificate goes away in the middle of the handshake.
    server.on("tlsClientError", (error: Error) => {
      const head: RequestHead = { transport: "http", signal: undefined, method: "", path: "", headers: {} }
      desk.turnAway(head, Buffer.alloc(0), "malformed", `no TLS: ${error.message}`)
    })
    server.on("clientError", (error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket) => {
      if (error.rawPacket !== undefined) {
        const head: RequestHead = { transport: "http", signal: undefined, method: "", path: "", headers: {} }
        desk.turnAway(head, error.rawPacket, "malformed", `no HTTP: ${error.message}`)
      }
      socket.destroy()
    })
    server.once("error", onStartError)
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", onStartError)
      server.on("error", () => desk.fault())
      resume(Effect.succeed({ port: (server.address() as AddressInfo).port, close }))
    })
  })
