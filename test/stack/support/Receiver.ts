/**
 * Where notifications go: local servers that keep what they are sent. One HTTP server stands for any webhook, for
 * Slack and for PagerDuty, told apart by the path; an SMTP server for e-mail.
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeHttp from "node:http"
import * as Net from "node:net"
import * as Deadline from "./Deadline.ts"
import * as Ports from "./Ports.ts"

/** The local server could not listen. */
export class NotListening extends Data.TaggedError("NotListening")<{ readonly message: string }> {}

/** Makes a server listen on loopback; closed with the scope, after `disconnect` has ended its connections. */
const listening = (
  server: Net.Server,
  port: number,
  disconnect: () => void
): Effect.Effect<void, NotListening, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<void, NotListening>((resume) => {
      server.once("error", (error) => resume(Effect.fail(new NotListening({ message: error.message }))))
      server.listen(port, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.promise(() =>
        new Promise((resolve) => {
          server.close(resolve)
          disconnect()
        })
      )
  )

/** A request as it arrived. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: NodeHttp.IncomingHttpHeaders
  readonly body: string
  /** The body as JSON; undefined where it is something else. */
  readonly json: unknown
  /** Unix seconds. */
  readonly at: number
}

export interface Web {
  readonly url: string
  readonly port: number
  /** Everything received so far, in order. */
  readonly received: () => ReadonlyArray<Received>
  /** Forgets what was received. */
  readonly clear: () => void
  /** Waits for the first request of a kind. */
  readonly first: (
    what: string,
    matches: (received: Received) => boolean,
    within?: Duration.Input
  ) => Effect.Effect<Received, Deadline.NotInTime>
  /** The status of every answer from now on; 200 at first. For receivers that refuse. */
  readonly answer: (status: number) => void
}

export interface WebOptions {
  /** The port to listen on, as one that `stack.port("host", …)` has given; any free one unless said. */
  readonly port?: number
  /** The body of every answer; PagerDuty and Slack have their own, which nobody reads. `ok` unless said. */
  readonly body?: string
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const first = <A>(received: () => ReadonlyArray<A>) =>
(
  what: string,
  matches: (received: A) => boolean,
  within?: Duration.Input
): Effect.Effect<A, Deadline.NotInTime> =>
  Effect.flatMap(
    Deadline.eventually(Effect.sync(received), {
      what,
      until: (all) => all.some(matches),
      ...(within === undefined ? {} : { within })
    }),
    (all) => {
      const found = all.find(matches)
      return found === undefined ? Effect.die(new Error("what was there is gone")) : Effect.succeed(found)
    }
  )

/** A server that accepts every HTTP request and keeps it; ended with the scope. */
export const web = (options: WebOptions = {}): Effect.Effect<Web, NotListening, Scope.Scope> =>
  Effect.gen(function*() {
    const port = options.port ?? (yield* Ports.free)
    let all: Array<Received> = []
    let status = 200
    const server = NodeHttp.createServer(async (request, response) => {
      let body = ""
      for await (const chunk of request.setEncoding("utf8")) body += chunk
      all.push({
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body,
        json: parsed(body),
        at: Date.now() / 1000
      })
      response.writeHead(status, { connection: "close" }).end(options.body ?? "ok")
    })
    yield* listening(server, port, () => server.closeAllConnections())
    return {
      url: `http://127.0.0.1:${port}`,
      port,
      received: () => [...all],
      clear: () => {
        all = []
      },
      first: first(() => all),
      answer: (next) => {
        status = next
      }
    }
  })

/** An e-mail as it arrived. */
export interface Mail {
  readonly from: string
  readonly to: ReadonlyArray<string>
  /** Headers by their names in lower case, unfolded. */
  readonly headers: Readonly<Record<string, string>>
  /** Everything after the headers, as it was sent. */
  readonly body: string
  /** The user name that the client has logged in with; undefined without a login. */
  readonly user: string | undefined
}

export interface Smtp {
  /** `127.0.0.1:…`, for `smtp_smarthost`. */
  readonly address: string
  readonly port: number
  readonly received: () => ReadonlyArray<Mail>
  readonly first: (
    what: string,
    matches: (mail: Mail) => boolean,
    within?: Duration.Input
  ) => Effect.Effect<Mail, Deadline.NotInTime>
}

const readMail = (data: string, from: string, to: ReadonlyArray<string>, user: string | undefined): Mail => {
  const end = data.indexOf("\r\n\r\n")
  const head = end < 0 ? data : data.slice(0, end)
  const headers = head.replace(/\r\n[ \t]+/g, " ").split("\r\n").flatMap((line) => {
    const colon = line.indexOf(":")
    return colon < 0 ? [] : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const]
  })
  return { from, to, headers: Object.fromEntries(headers), body: end < 0 ? "" : data.slice(end + 4), user }
}

/** One conversation: the commands that a client which sends mail uses, without encryption (RFC 5321, RFC 4954). */
const converse = (socket: Net.Socket, deliver: (mail: Mail) => void): void => {
  let buffer = ""
  let from = ""
  let to: Array<string> = []
  let user: string | undefined
  let state: "command" | "data" | "user" | "password" = "command"
  const say = (line: string) => void socket.write(`${line}\r\n`)
  const decode = (text: string) => Buffer.from(text, "base64").toString("utf8")
  const address = (line: string) => /<([^>]*)>/.exec(line)?.[1] ?? ""
  const command = (line: string): void => {
    if (state === "user") {
      user = decode(line)
      state = "password"
      return say("334 UGFzc3dvcmQ6")
    }
    if (state === "password") {
      state = "command"
      return say("235 2.7.0 accepted")
    }
    const verb = line.split(" ")[0]?.toUpperCase()
    switch (verb) {
      case "EHLO":
        return say("250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME")
      case "HELO":
      case "NOOP":
        return say("250 localhost")
      case "AUTH": {
        const [, mechanism, initial] = line.split(" ")
        if (mechanism?.toUpperCase() === "PLAIN" && initial !== undefined) {
          user = decode(initial).split("\u0000")[1]
          return say("235 2.7.0 accepted")
        }
        state = "user"
        return say("334 VXNlcm5hbWU6")
      }
      case "MAIL":
        from = address(line)
        to = []
        return say("250 2.1.0 ok")
      case "RCPT":
        to.push(address(line))
        return say("250 2.1.5 ok")
      case "RSET":
        return say("250 2.0.0 ok")
      case "DATA":
        state = "data"
        return say("354 end with a dot")
      case "QUIT":
        say("221 2.0.0 bye")
        return void socket.end()
      default:
        return say("502 5.5.2 not known")
    }
  }
  socket.setEncoding("utf8").on("error", () => socket.destroy()).on("data", (chunk: string) => {
    buffer += chunk
    while (true) {
      if (state === "data") {
        const end = buffer.startsWith(".\r\n") ? 0 : buffer.indexOf("\r\n.\r\n")
        if (end < 0) return
        const data = buffer.slice(0, end).replace(/(^|\r\n)\.\./g, "$1.")
        buffer = buffer.slice(end + (end === 0 ? 3 : 5))
        state = "command"
        deliver(readMail(data, from, to, user))
        say("250 2.0.0 kept")
      } else {
        const end = buffer.indexOf("\r\n")
        if (end < 0) return
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        command(line)
      }
    }
  })
  say("220 localhost ESMTP")
}

/** A server that accepts every e-mail and login and keeps them; ended with the scope. */
export const smtp = (options: { readonly port?: number } = {}): Effect.Effect<Smtp, NotListening, Scope.Scope> =>
  Effect.gen(function*() {
    const port = options.port ?? (yield* Ports.free)
    const all: Array<Mail> = []
    const sockets = new Set<Net.Socket>()
    const server = Net.createServer((socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
      converse(socket, (mail) => all.push(mail))
    })
    yield* listening(server, port, () => sockets.forEach((socket) => socket.destroy()))
    return { address: `127.0.0.1:${port}`, port, received: () => [...all], first: first(() => all) }
  })
