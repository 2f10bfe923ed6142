// node scripts/notifications/main.ts: where Alertmanager's notifications go as long as nobody else is to be told. Prints
// them, and tells when the heartbeat stays away. The compose file's service `notifications`; needs nothing but Node.
//
//   NOTIFICATIONS_ADDRESS  host:port to listen on; default 127.0.0.1:8025, port 0 takes a free one
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Heartbeat } from "./Heartbeat.ts"
import { alertsOf, lines } from "./Notification.ts"

const maxBody = 1024 * 1024
const lookEveryMs = 10_000

const given = process.env["NOTIFICATIONS_ADDRESS"] ?? ""
const address = given === "" ? "127.0.0.1:8025" : given
const [, host = "", digits = ""] = /^(.+):(\d+)$/.exec(address) ?? []
const port = Number(digits)
if (host === "" || port > 65_535) {
  console.error(`NOTIFICATIONS_ADDRESS is ${JSON.stringify(address)}. Allowed: host:port, as 127.0.0.1:8025.`)
  process.exit(2)
}

const say = (text: string): void => console.log(`${new Date().toISOString()} ${text}`)
const heartbeat = new Heartbeat(Date.now())

/** The answer to a notification, and what it leads to. */
const take = (path: string, body: string): number => {
  const alerts = alertsOf(body)
  if (alerts === undefined) return 400
  if (path === "/heartbeat") {
    const news = heartbeat.beat(Date.now())
    if (news !== undefined) say(news)
  } else {
    for (const alert of alerts) say(lines(alert).join("\n"))
  }
  return 200
}

const server = createServer((request, response) => {
  const path = request.url ?? ""
  const answer = (status: number): void => {
    response.writeHead(status, { "content-type": "text/plain" }).end(`${status}\n`)
  }
  if (path === "/healthz") return answer(200)
  if (path !== "/alerts" && path !== "/heartbeat") return answer(404)
  if (request.method !== "POST") return answer(405)
  const chunks: Array<Buffer> = []
  let size = 0
  request.on("data", (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxBody) chunks.push(chunk)
  })
  request.on("end", () => answer(size > maxBody ? 413 : take(path, Buffer.concat(chunks).toString("utf8"))))
})

const timer = setInterval(() => {
  const news = heartbeat.look(Date.now())
  if (news !== undefined) say(news)
}, lookEveryMs)

server.on("error", (error) => {
  console.error(`can't listen on ${address}: ${error.message}`)
  process.exit(1)
})
server.listen(port, host, () => {
  const bound = server.address() as AddressInfo
  say(`listening on ${host}:${bound.port}, POST /alerts and /heartbeat`)
})

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    clearInterval(timer)
    server.close()
    server.closeAllConnections()
  })
}
