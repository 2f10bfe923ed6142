// How a page reaches those who asked for it.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Http from "node:http"
import type * as Net from "node:net"
import * as Page from "../../src/metrics/Page.ts"
import * as Sending from "../../src/metrics/Sending.ts"
import { Turns } from "../../src/metrics/Turns.ts"
import { connect, paged, raw, request, served } from "./server.ts"

const pageOf = (...parts: ReadonlyArray<Page.Part>) => new Page.Page(parts, new Turns(), () => {})

const text = (length: number) => Page.ofBytes(Buffer.from("a line of an exposition\n".repeat(length)))

/** More than the buffers of both ends of a socket hold. */
const large = text(1_000_000)

const broken: Page.Part = {
  pieces: 1,
  byteLength: 0,
  size: () => 1,
  write: () => {
    throw new Error("no")
  }
}

describe("A page", () => {
  served(
    "that is small tells its length, and another one comes in chunks; both come whole",
    () =>
      Effect.gen(function*() {
        for (const [length, isSmall] of [[0, true], [10, true], [100_000, false]] as const) {
          const { address } = yield* paged(async () => pageOf(text(length)))
          const answer = yield* request(address, "/metrics")
          expect([answer.status, answer.text.length]).toEqual([200, 24 * length])
          expect([answer.headers["content-length"], answer.headers["transfer-encoding"]]).toEqual(
            isSmall ? [`${24 * length}`, undefined] : [undefined, "chunked"]
          )
          expect([answer.headers["cache-control"], answer.headers.vary]).toEqual(["no-store", "accept"])
        }
      })
  )

  served(
    "that can't be written to its end is cut off, and does not look whole; at its beginning it is a 500",
    () =>
      Effect.gen(function*() {
        const early = yield* paged(async () => pageOf(broken))
        expect((yield* request(early.address, "/metrics")).status).toBe(500)
        expect(early.faults).toHaveLength(1)
        const late = yield* paged(async () => pageOf(text(10_000), broken))
        const answer = yield* raw(late.address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        expect(answer).toMatch(/^HTTP\/1.1 200 /)
        expect(answer.endsWith("0\r\n\r\n")).toBe(false)
        expect(Exit.isFailure(
          yield* Effect.exit(Effect.tryPromise(async () => {
            const response = await fetch(`http://127.0.0.1:${late.address.port}/metrics`)
            return response.text()
          }))
        )).toBe(true)
        expect(late.faults).toHaveLength(2)
        expect((yield* request(late.address, "/healthz")).status).toBe(200)
      })
  )

  served("is not opened for those who only ask whether it is there", () =>
    Effect.gen(function*() {
      let opened = 0
      const { address } = yield* paged(async () => {
        opened++
        return pageOf(text(1))
      })
      const { headers, status } = yield* request(address, "/metrics", { method: "HEAD" })
      expect([status, headers["content-type"], opened]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8", 0])
    }))

  served(
    "is written for those whose turn it is on their connection, and for nobody who is gone",
    () =>
      Effect.gen(function*() {
        let opened = 0
        let begun = 0
        const counting: Page.Part = { pieces: 1, byteLength: 0, size: () => 0, write: () => void begun++ }
        const page = pageOf(counting, large)
        const { address } = yield* paged(async () => {
          opened++
          return page
        })
        const asked = 50
        const socket: Net.Socket = yield* connect(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(asked))
        yield* Effect.sync(() => opened).pipe(
          Effect.repeat({ until: (opened) => opened === asked, schedule: Schedule.spaced("10 millis") })
        )
        // Served after all of them were.
        expect((yield* request(address, "/metrics")).text.length).toBe(24_000_000)
        expect(begun).toBe(2)
        socket.destroy()
        yield* request(address, "/healthz")
        expect((yield* request(address, "/metrics")).status).toBe(200)
        expect(begun).toBe(3)
      })
  )

  it.live("that nobody waits for any more is cut where it is", () =>
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.sync(() => Http.createServer()),
        (server) => Effect.sync(() => void server.close().closeAllConnections())
      )
      yield* Effect.promise(() => new Promise<void>((resume) => void server.listen(0, "127.0.0.1", resume)))
      const asked = new Promise<Http.ServerResponse>((answer) => void server.on("request", (_, to) => answer(to)))
      const socket = yield* connect(
        { host: "127.0.0.1", port: (server.address() as Net.AddressInfo).port },
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
      )
      const response = yield* Effect.promise(() => asked)
      const sending = yield* Effect.forkChild(Sending.send(pageOf(large), response, {}))
      yield* Effect.promise(() => new Promise((resume) => void socket.once("readable", resume)))
      yield* Fiber.interrupt(sending)
      expect([response.headersSent, response.writableEnded, response.destroyed]).toEqual([true, false, true])
    }))
})
