// The collector and the Sentry of one program under load, in a process of its own: says `port N`, counts what arrives,
// and answers `GET /counts` with it.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { gunzipSync } from "node:zlib"
import * as SpanCount from "../peers/SpanCount.ts"
import type { Counts } from "../request/Programs.ts"

// What arrives is counted and not kept: reading more of it would take processor time from the programs under load.
const counts = { spans: 0, events: 0, bytes: 0 }

/** The error events in an envelope of Sentry's, each item of which begins with a line that says what it is. */
const eventsOf = (envelope: string): number =>
  envelope.split("\n").filter((line) => /^\{"type":"event"[,}]/.test(line)).length

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body
}

const take = async (request: IncomingMessage): Promise<string> => {
  if (request.url === "/counts") return JSON.stringify(counts satisfies Counts)
  const body = await bodyOf(request)
  if (request.url === "/v1/traces") {
    counts.spans += SpanCount.of(body)
    counts.bytes += body.length
    return ""
  }
  counts.events += eventsOf(body.toString())
  return "{}"
}

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const answer = await take(request)
  // An empty message is what says of spans that all were taken.
  response.setHeader("content-type", request.url === "/v1/traces" ? "application/x-protobuf" : "application/json")
  response.end(answer)
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)))
})
server.keepAliveTimeout = 60_000
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.stdout.write(`port ${typeof address === "object" && address !== null ? address.port : 0}\n`)
})
process.on("SIGTERM", () => process.exit(0))
// Nobody is left who would end it.
process.on("disconnect", () => process.exit(1))
