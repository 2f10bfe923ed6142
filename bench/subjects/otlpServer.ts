// An OTLP server in a process of its own, which counts the spans that arrive at each path. The first request of a path
// is decoded whole as well: the count has to be that of a decoder, and the spans those that are sent.
import * as Result from "effect/Result"
import { createServer, type IncomingMessage } from "node:http"
import * as OtlpTraces from "../../examples/receiver/OtlpTraces.ts"
import * as OrderSpan from "../peers/OrderSpan.ts"
import type { Answer, Arrived, Asked } from "../peers/OtlpServer.ts"
import * as SpanCount from "../peers/SpanCount.ts"

const arrived = new Map<string, Arrived>()
const none: Arrived = { spans: 0, requests: 0, bytes: 0, problem: undefined }

/** What is wrong with the first request of a path that is to carry spans of the loop. */
const problemOf = (body: Uint8Array, count: number): string | undefined => {
  const decoded = OtlpTraces.decode(body, "otlp")
  if (Result.isFailure(decoded)) return decoded.failure.message
  const spans = decoded.success
  if (spans.length !== count) return `${spans.length} spans decoded, ${count} counted`
  return spans.every(OrderSpan.isComplete) ? undefined : "spans arrived without their attributes"
}

const take = (path: string, body: Uint8Array): void => {
  const before = arrived.get(path) ?? none
  let count = 0
  let { problem } = before
  try {
    count = SpanCount.of(body)
    if (before.requests === 0 && !path.startsWith("/any/")) problem ??= problemOf(body, count)
  } catch (error) {
    problem ??= String(error)
  }
  arrived.set(path, {
    spans: before.spans + count,
    requests: before.requests + 1,
    bytes: before.bytes + body.length,
    problem
  })
}

const read = (request: IncomingMessage, end: (body: Uint8Array) => void): void => {
  const chunks: Array<Uint8Array> = []
  request.on("data", (chunk: Uint8Array) => chunks.push(chunk)).on("end", () => end(Buffer.concat(chunks)))
}

const server = createServer((request, response) => {
  read(request, (body) => {
    take(request.url ?? "", body)
    response.writeHead(200, { "content-type": "application/x-protobuf", "content-length": 0 }).end()
  })
})
// A connection that rests while other candidates have their turn is not to break.
server.keepAliveTimeout = 0
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  process.send?.({ port: typeof address === "object" ? address?.port ?? 0 : 0 })
})

process.on("message", ({ ask, path }: Asked) => {
  process.send?.({ ask, arrived: arrived.get(path) ?? none } satisfies Answer)
})
// Whoever started it may have been killed.
process.on("disconnect", () => process.exit(0))
