import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as OtlpTraces from "./OtlpTraces.ts"
import type { Signal } from "./ReceivedSpan.ts"
import type { Reply } from "./Reply.ts"

/** The longest time that a Node timer takes, in milliseconds; what is longer never comes. */
const maxTimer = 2 ** 31 - 1

interface Success {
  readonly code: number
  readonly contentType: string
  readonly body: Uint8Array
}

/** The protocol's way to say yes, padded to about `bytes` bytes where that is asked. */
const success = (signal: Signal | undefined, bytes = 0): Success => {
  switch (signal) {
    case "otlp":
    case "sentryOtlp":
      return {
        code: 200,
        contentType: "application/x-protobuf",
        body: bytes === 0
          ? OtlpTraces.encodeResponse()
          : OtlpTraces.encodeResponse({ rejectedSpans: 0, errorMessage: "x".repeat(Math.max(0, bytes - 6)) })
      }
    case "sentry":
      return { code: 200, contentType: "application/json", body: Buffer.from("{}".padStart(bytes)) }
    default:
      return { code: 202, contentType: "text/plain", body: Buffer.from("".padStart(bytes)) }
  }
}

const send = (response: ServerResponse, { body, code, contentType }: Success): void => {
  response.writeHead(code, { "content-type": contentType, "content-length": body.length })
  response.end(body)
}

/** Ends a connection with RST, as a crash or a firewall does. */
export const reset = (socket: Socket): void => {
  socket.resetAndDestroy()
}

/** Runs `action` later, unless the connection ends before. */
const later = (response: ServerResponse, duration: Duration.Duration, action: () => void): void => {
  const millis = Duration.toMillis(duration)
  if (millis > maxTimer) return
  const stop = () => clearTimeout(timer)
  const timer = setTimeout(() => {
    response.off("close", stop)
    action()
  }, millis)
  response.once("close", stop)
}

const drip = (response: ServerResponse, every: Duration.Duration, { body, code, contentType }: Success): void => {
  response.writeHead(code, { "content-type": contentType, "content-length": body.length })
  response.flushHeaders()
  const next = (index: number): void => {
    if (index >= body.length) {
      response.end()
      return
    }
    response.write(body.subarray(index, index + 1))
    later(response, every, () => next(index + 1))
  }
  next(0)
}

/** Carries a reply out. */
export const answer = (response: ServerResponse, reply: Reply, signal: Signal | undefined): void => {
  if (response.destroyed || response.writableEnded) return
  switch (reply._tag) {
    case "Ok":
      return send(response, success(signal))
    case "PartialSuccess": {
      const plain = success(signal)
      if (signal !== "otlp" && signal !== "sentryOtlp") return send(response, plain)
      const rejectedSpans = typeof reply.rejected === "number" ? reply.rejected : reply.rejected.size
      const body = OtlpTraces.encodeResponse({ rejectedSpans, errorMessage: reply.message })
      return send(response, { ...plain, body })
    }
    case "Status":
      response.writeHead(reply.code, { "content-length": Buffer.byteLength(reply.body), ...reply.headers })
      response.end(reply.body)
      return
    case "Garbage":
      return send(response, { ...success(signal), code: 200, body: reply.body })
    case "SlowDrip":
      return drip(response, reply.every, success(signal, reply.bytes))
    case "Hang":
      return
    case "Reset": {
      const socket = response.socket
      if (socket === null) return
      if (reply.at !== "answer-body") return reset(socket)
      const { code, contentType } = success(signal)
      response.writeHead(code, { "content-type": contentType, "content-length": 1024 })
      response.write(Buffer.alloc(16), () => reset(socket))
      return
    }
    case "Delay":
      return later(response, reply.duration, () => answer(response, reply.reply, signal))
    case "Gate": {
      const fiber = Effect.runFork(reply.gate)
      fiber.addObserver(() => answer(response, reply.reply, signal))
      response.once("close", () => fiber.interruptUnsafe())
      return
    }
    case "Inspect":
      throw new Error("an inspect is asked before it is answered")
  }
}
