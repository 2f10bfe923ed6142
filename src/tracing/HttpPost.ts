/**
 * One HTTP POST of a body of bytes, told in the terms of a span sink: what arrived, what may be tried again, and when.
 *
 * On Node's own `http`, because a sink has to see the status, `Retry-After` and whether the body had left when the
 * connection broke, and has to let go at once when it is interrupted.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import * as Https from "node:https"
import * as RetryableStatus from "../delivery/RetryableStatus.ts"
import * as RetryAfter from "../delivery/RetryAfter.ts"
import * as Timers from "../delivery/Timers.ts"
import { SpanSinkError } from "./SpanSink.ts"

/** The answer to a request, whatever its status. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  /** At most {@link maxAnswerBytes}; empty when it was cut off. */
  readonly body: Uint8Array
}

/** A place to post to. */
export interface Poster {
  /**
   * Posts the body. An answer that is not 2xx is an error. `onResent` is told when the body goes a second time: the
   * first one went on a connection that had been kept open and that the server closed at that moment, as any server does
   * in the end.
   */
  readonly post: (body: Uint8Array, onResent?: () => void) => Effect.Effect<Answer, SpanSinkError>
  /** Whether the body that is being posted may have left already: whole, or for the second time. */
  readonly mayHaveLeft: () => boolean
  /** Closes the connections. */
  readonly close: Effect.Effect<void>
}

/** How to post. */
export interface Options {
  /** The name of the sink, for its errors. */
  readonly sink: string
  /** Where to. Credentials in it are sent as basic authorization and shown nowhere. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** The longest that a request may take. */
  readonly timeout: Duration.Duration
  /** Node's timers unless given. */
  readonly timers?: Timers.Timers | undefined
}

/** What is read of an answer: errors and partial successes are short, a wrong server may send anything. */
export const maxAnswerBytes = 64 * 1024

/** Makes a poster with one connection of its own, kept open between requests. */
export const make = (options: Options): Poster => {
  const url = new URL(options.url)
  const secure = url.protocol === "https:"
  const agent = secure
    ? new Https.Agent({ keepAlive: true, maxSockets: 1 })
    : new Http.Agent({ keepAlive: true, maxSockets: 1 })
  const headers = { ...basicAuthorization(url), ...options.headers }
  url.username = ""
  url.password = ""
  const place = `${url.origin}${url.pathname}`
  const timeout = Duration.toMillis(options.timeout)
  const timers = options.timers ?? Timers.live

  const fail = (
    reason: SpanSinkError["reason"],
    problem: string,
    retry: Pick<SpanSinkError, "retryable"> & Partial<Pick<SpanSinkError, "retryAfter">>,
    cause?: unknown
  ): Effect.Effect<never, SpanSinkError> =>
    Effect.fail(new SpanSinkError({ sink: options.sink, reason, message: `${place}: ${problem}`, cause, ...retry }))

  // Of the request that was made last: there is one connection.
  let mayHaveLeft = (): boolean => false
  const send: Poster["post"] = (body, onResent = () => {}) =>
    Effect.callback<Answer, SpanSinkError>((resume) => {
      let request: Http.ClientRequest
      let resent = false
      let over = false
      const end = (result: Effect.Effect<Answer, SpanSinkError>): void => {
        over = true
        cancelDeadline()
        resume(result)
        // A server that answers before it has read everything would keep the connection busy.
        if (!request.writableFinished) request.destroy()
      }
      const attempt = (): void => {
        const current = (secure ? Https : Http).request(url, {
          method: "POST",
          agent,
          headers: { ...headers, "content-length": body.byteLength }
        })
        request = current
        let connected = false
        // What a connection that was kept open had read before; `reusedSocket` is not always set for those.
        let readBefore = 0
        let received: Http.IncomingMessage | undefined
        const isSent = (): boolean => connected && current.writableFinished

        mayHaveLeft = () => resent || isSent()

        const broken = (problem: string, cause?: unknown): void => {
          if (over || current !== request) return
          // The status is the answer, even if the rest of it is lost.
          if (received !== undefined) return end(answer(received, new Uint8Array()))
          const silent = current.socket?.bytesRead === readBefore
          if (cause !== undefined && readBefore > 0 && silent && !resent) {
            resent = isSent()
            if (resent) onResent()
            return attempt()
          }
          const lost = mayHaveLeft()
          end(fail(lost ? "timeout" : "unreachable", problem, { retryable: !lost }, cause))
        }
        give = () => broken(`no answer within ${timeout} ms`)
        current.on("socket", (socket) => {
          readBefore = socket.bytesRead
          if (readBefore > 0) connected = true
          else socket.once(secure ? "secureConnect" : "connect", () => connected = true)
        })
        current.on("error", (error) => broken(describe(error), error))
        current.on("response", (response) => {
          const chunks: Array<Uint8Array> = []
          received = response
          let size = 0
          const done = (): void => {
            if (!over) end(answer(response, Buffer.concat(chunks)))
          }
          response.on("data", (chunk: Uint8Array) => {
            chunks.push(chunk.subarray(0, maxAnswerBytes - size))
            size += chunk.byteLength
            if (size < maxAnswerBytes) return
            done()
            current.destroy()
          })
          response.on("end", done)
          response.on("error", (error) => broken(describe(error), error))
        })
        // A server that changes the protocol (101) gives no other answer, and the connection is its own.
        current.on("upgrade", (response, socket) => {
          socket.destroy()
          if (!over) end(answer(response, new Uint8Array()))
        })
        current.end(body)
      }
      let give: () => void = () => {}
      const cancelDeadline = timers.after(timeout, () => {
        give()
        request.destroy()
      })
      attempt()
      return Effect.sync(() => {
        over = true
        cancelDeadline()
        request.destroy()
      })
    })

  const answer = (response: Http.IncomingMessage, body: Uint8Array): Effect.Effect<Answer, SpanSinkError> => {
    const status = response.statusCode ?? 0
    if (status >= 200 && status < 300) {
      return Effect.succeed({ status, contentType: response.headers["content-type"] ?? "", body })
    }
    if (status === 413) return fail("too_large", "HTTP 413", { retryable: false })
    // By the server's own clock, ours may be wrong.
    const now = Date.parse(response.headers.date ?? "") || Date.now()
    const wait = RetryAfter.parse(response.headers["retry-after"], now)
    return fail("rejected", `HTTP ${status}`, {
      retryable: RetryableStatus.isRetryable(status),
      retryAfter: wait === undefined ? undefined : Duration.millis(wait)
    })
  }

  const post: Poster["post"] = (body, onResent) => {
    mayHaveLeft = () => false
    return send(body, onResent)
  }

  return { post, mayHaveLeft: () => mayHaveLeft(), close: Effect.sync(() => agent.destroy()) }
}

const basicAuthorization = (url: URL): Record<string, string> => {
  if (url.username === "" && url.password === "") return {}
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` }
}

// Node's messages name addresses, never bodies or headers.
const describe = (error: Error): string => "code" in error ? `${String(error.code)} ${error.message}` : error.message
