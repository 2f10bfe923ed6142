// A Redis that speaks just enough of its protocol, on a free port.
import * as Net from "node:net"

export interface RespServer {
  readonly url: string
  /** The commands that it was sent, with their arguments. */
  readonly seen: ReadonlyArray<ReadonlyArray<string>>
  /** Waits for the next command. */
  readonly next: () => Promise<void>
  readonly stop: () => Promise<void>
}

interface Parsed {
  readonly args: ReadonlyArray<string>
  readonly rest: string
}

const parse = (text: string): Parsed | undefined => {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return undefined
  const args: Array<string> = []
  let at = head[0].length
  for (let n = Number(head[1]); n > 0; n--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (size === null) return undefined
    const start = at + size[0].length
    const end = start + Number(size[1])
    if (text.length < end + 2) return undefined
    args.push(text.slice(start, end))
    at = end + 2
  }
  return { args, rest: text.slice(at) }
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`

const answer = ([command = "", ...args]: ReadonlyArray<string>): string => {
  switch (command.toUpperCase()) {
    case "GET":
      return args[0] === "missing" ? "$-1\r\n" : bulk("value")
    case "SCRIPT":
      return bulk("sha")
    case "EVALSHA":
      return ":1\r\n"
    case "SUBSCRIBE":
      return `*3\r\n${bulk("subscribe")}${bulk(args[0] ?? "")}:1\r\n`
    case "LPUSH":
      return "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
    // Never answered: whoever asks must give up.
    case "BLPOP":
      return ""
    default:
      return "+OK\r\n"
  }
}

export const start = async (): Promise<RespServer> => {
  const seen: Array<ReadonlyArray<string>> = []
  const sockets = new Set<Net.Socket>()
  let next = Promise.withResolvers<void>()
  const server = Net.createServer((socket) => {
    sockets.add(socket)
    let text = ""
    socket.on("close", () => sockets.delete(socket))
    socket.on("error", () => socket.destroy())
    socket.on("data", (data) => {
      text += data.toString("latin1")
      for (let parsed = parse(text); parsed !== undefined; parsed = parse(text)) {
        text = parsed.rest
        seen.push(parsed.args)
        next.resolve()
        next = Promise.withResolvers<void>()
        socket.write(answer(parsed.args))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `redis://127.0.0.1:${port}`,
    seen,
    next: () => next.promise,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
  }
}
