// The metrics server in hands that mean it no good: bounded, answered, counted, told once; the host unharmed.
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as FastCheck from "fast-check"
import crypto from "node:crypto"
import * as Http from "node:http"
import { syncBuiltinESMExports } from "node:module"
import * as Net from "node:net"
import { afterEach, vi } from "vitest"
import { Answers } from "../../src/metrics/Answers.ts"
import * as Refusals from "../../src/metrics/Refusals.ts"
import { bare, closed, connect, raw, request, served, started } from "./server.ts"
import * as Shop from "./shop.ts"

const get = (path: string, ...headers: ReadonlyArray<string>): string =>
  [`GET ${path} HTTP/1.1`, "Host: x", ...headers, "", ""].join("\r\n")

/** The statuses of the answers that came on one connection, interim ones included. */
const statuses = (answer: string): ReadonlyArray<number> =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))

/** Waits until the answer is the expected one; the test's own time limit is the deadline. */
const until = <A>(ask: () => A, right: (answer: A) => boolean) =>
  Effect.sync(ask).pipe(Effect.repeat({ until: right, schedule: Schedule.spaced("10 millis") }))

const warnings = (lines: ReadonlyArray<string>): number =>
  lines.filter((line) => line.includes("metrics server: ")).length

describe("What is no request, or not ours, is answered and counted, and the next client finds the server as it was", () => {
  const last = "Connection: close"
  const cases: ReadonlyArray<
    readonly [what: string, bytes: string | Uint8Array, statuses: ReadonlyArray<number>, counted?: Refusals.Reason]
  > = [
    ["HTTP/1.0", "GET /metrics HTTP/1.0\r\n\r\n", [200]],
    ["HTTP/0.9", "GET /metrics\r\n\r\n", [200]],
    ["HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400], "malformed"],
    ["a version that there is not", "GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n", [400], "malformed"],
    ["TLS", Buffer.from("16030100f0010000ec0303", "hex"), [400], "malformed"],
    ["nothing but zeros", Buffer.alloc(1000), [400], "malformed"],
    ["no host", "GET /metrics HTTP/1.1\r\n\r\n", [400]],
    ["a method that there is not", "HACK /metrics HTTP/1.1\r\nHost: x\r\n\r\n", [400], "malformed"],
    ["a NUL in a header", get("/metrics", "X: a\0b", last), [400], "malformed"],
    ["a folded header", get("/metrics", "X: a\r\n b", last), [400], "malformed"],
    ["a header without a colon", get("/metrics", "nonsense", last), [400], "malformed"],
    ["two lengths", get("/metrics", "Content-Length: 1", "Content-Length: 2", last), [400], "malformed"],
    [
      "a length and chunks",
      get("/metrics", "Content-Length: 1", "Transfer-Encoding: chunked", last),
      [400],
      "malformed"
    ],
    ["a negative length", get("/metrics", "Content-Length: -1", last), [400], "malformed"],
    ["long headers", get("/metrics", `X: ${"x".repeat(20_000)}`), [431], "headers_too_large"],
    ["a long address", get(`/metrics?${"x".repeat(20_000)}`), [431], "headers_too_large"],
    [
      "many headers",
      get("/metrics", ...Array.from({ length: 1000 }, (_, index) => `X${index}: ${index}xxxxxx`)),
      [431],
      "headers_too_large"
    ],
    ["an absolute address", get("http://elsewhere/metrics", last), [200]],
    ["an absolute address that is none", get("http://[::1/metrics", last), [404], "not_found"],
    ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", [404], "not_found"],
    ["a tunnel", "CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n", []],
    ["a bad escape in the path", get("/metrics%zz", last), [404], "not_found"],
    ["a bad escape in the query", get("/metrics?%zz=%&%ff", last), [200]],
    ["an escape that is no UTF-8", get("/%ff%fe/%00", last), [404], "not_found"],
    ["a path of bytes", Buffer.from(get("/\xff\xfe", last), "latin1"), [400], "malformed"],
    ["a way out of the folder", get("/../../etc/passwd", last), [404], "not_found"],
    ["a body", `${get("/metrics", "Content-Length: 5")}12345${get("/healthz", last)}`, [200, 200]],
    [
      "a body in chunks",
      `${get("/metrics", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\n\r\n${get("/healthz", last)}`,
      [200, 200]
    ],
    ["chunks that are none", `${get("/healthz", "Transfer-Encoding: chunked")}zz\r\nabc`, [200], "malformed"],
    [
      "a web socket",
      get(
        "/metrics",
        "Connection: Upgrade, close",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
      ),
      [200]
    ],
    [
      "an upgrade to HTTP/2",
      get("/metrics", "Connection: Upgrade, HTTP2-Settings, close", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
      [200]
    ],
    ["a wish to continue", get("/metrics", "Expect: 100-continue", last), [200]],
    ["a wish for something else", get("/metrics", "Expect: a miracle", last), [417]],
    [
      "a POST",
      `POST /metrics HTTP/1.1\r\nHost: x\r\n${last}\r\nContent-Length: 2\r\n\r\n{}`,
      [405],
      "method_not_allowed"
    ],
    ["a HEAD", `HEAD /metrics HTTP/1.1\r\nHost: x\r\n${last}\r\n\r\n`, [200]],
    ["an Accept of nonsense", get("/metrics", "Accept: ;;;,,,q=q=q=,\xff;version=\"\"\"", last), [200]],
    ["an Accept of many", get("/metrics", `Accept: ${"a/b;q=0.1,".repeat(1000)}`, last), [200]],
    ["two Accepts", get("/metrics", "Accept: application/openmetrics-text", "Accept: text/plain;q=0.1", last), [200]]
  ]
  for (const [what, bytes, expected, counted] of cases) {
    served(what, () =>
      Effect.gen(function*() {
        const { address, lines, refusals } = yield* started()
        for (let time = 0; time < 2; time++) expect(statuses(yield* raw(address, bytes))).toEqual(expected)
        expect((yield* request(address, "/healthz")).status).toBe(200)
        for (const reason of Refusals.all) {
          expect([reason, refusals(reason)]).toEqual([reason, reason === counted ? 2 : 0])
        }
        expect(warnings(lines)).toBe(counted === undefined ? 0 : 1)
      }))
  }

  served("whatever bytes come", () =>
    Effect.gen(function*() {
      const { address } = yield* started({
        limits: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50, keepAliveTimeout: 200 }
      })
      const words = [
        "GET ",
        "/metrics",
        "/healthz",
        " HTTP/1.1",
        "\r\n",
        "\n",
        "\r",
        "Host: x",
        ":",
        "Content-Length: "
      ]
      const more = [
        "Transfer-Encoding: chunked",
        "Expect: ",
        "100-continue",
        "Upgrade: x",
        "Connection: ",
        "close",
        "9"
      ]
      const pieces = FastCheck.constantFrom(...words, ...more, "\0", "\xff", " ")
      const bytes = FastCheck.oneof(
        FastCheck.uint8Array({ maxLength: 200 }),
        FastCheck.array(pieces, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(""), "latin1"))
      )
      yield* Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(FastCheck.array(bytes, { maxLength: 20 }), async (all) => {
            const answers = await Effect.runPromise(
              Effect.forEach(all, (bytes) => raw(address, bytes), { concurrency: "unbounded" })
            )
            expect(answers.every((answer) => answer === "" || answer.startsWith("HTTP/1.1 "))).toBe(true)
          }),
          { numRuns: 15 }
        )
      )
      expect((yield* request(address, "/healthz")).status).toBe(200)
    }))
})

describe("A flood", () => {
  served("of refused requests is counted one by one, and told in one line for each kind", () =>
    Effect.gen(function*() {
      const { address, lines, refusals } = yield* started({ token: "t" })
      const asked = Array.from({ length: 300 }, (_, index) => index).map((index) =>
        index % 3 === 0
          ? request(address, `/nothing/${index}`)
          : index % 3 === 1
          ? request(address, "/metrics", { method: "DELETE" })
          : request(address, "/metrics", { headers: { authorization: `Bearer ${index}` } })
      )
      yield* Effect.all(asked, { concurrency: 20 })
      for (const reason of ["not_found", "method_not_allowed", "unauthorized"]) expect(refusals(reason)).toBe(100)
      expect(warnings(lines)).toBe(3)
      expect(lines.join()).not.toContain("Bearer")
      expect(lines.join()).not.toContain("nothing/")
    }))

  served(
    "of scrapes is written with pauses, in which the program has the event loop for itself",
    () =>
      Effect.gen(function*() {
        const { address, metrics } = yield* started()
        const writings: Array<{ readonly from: number; readonly to: number }> = []
        yield* metrics.collect({
          definition: Shop.stock,
          collect: () => {
            const from = performance.now()
            while (performance.now() < from + 20);
            writings.push({ from, to: performance.now() })
            return []
          }
        })
        const scrapes = Effect.forEach(Array.from({ length: 4 }), () => request(address, "/metrics"))
        const answers = yield* Effect.all(Array.from({ length: 10 }, () => scrapes), { concurrency: "unbounded" })
        expect(answers.flat().every(({ status }) => status === 200)).toBe(true)
        expect(writings.length).toBeGreaterThan(1)
        // Those that ask during a pause are given the same page.
        expect(writings.length).toBeLessThan(40)
        writings.slice(1).forEach(({ from }, index) => {
          // Four times what the one before took, and it took no less than the collector.
          expect(from - writings[index]!.to).toBeGreaterThan(75)
        })
      })
  )

  served(
    "of requests on one connection is answered in order, and collected no more often than others",
    () =>
      Effect.gen(function*() {
        const { address, metrics } = yield* started()
        let collected = 0
        yield* metrics.collect({
          definition: Shop.stock,
          collect: () => {
            collected++
            return []
          }
        })
        const answer = yield* raw(
          address,
          get("/healthz").repeat(1000) + get("/nothing") + get("/metrics").repeat(499) +
            get("/metrics", "Connection: close")
        )
        expect(statuses(answer)).toEqual([
          ...Array.from({ length: 1000 }, () => 200),
          404,
          ...Array.from({ length: 500 }, () => 200)
        ])
        expect(collected).toBeLessThan(50)
      })
  )

  served(
    "of connections makes those give way that only wait, and counts those that are closed",
    () =>
      Effect.gen(function*() {
        const { address, lines, refusals } = yield* started({ limits: { maxConnections: 4 } })
        const idle = yield* Effect.all(Array.from({ length: 4 }, () => connect(address, get("/healthz"))))
        // Answered, so that they wait.
        yield* Effect.forEach(idle, (socket) =>
          Effect.callback<void>((resume) => {
            socket.once("data", () => resume(Effect.void))
            socket.resume()
          }), { concurrency: "unbounded" })
        const first = yield* connect(address)
        yield* closed(first)
        expect((yield* request(address, "/healthz")).status).toBe(200)
        yield* Effect.forEach(idle, closed, { concurrency: "unbounded" })
        expect([refusals("too_many_connections"), warnings(lines)]).toEqual([1, 1])
      })
  )
})

// Milliseconds; shorter than the usual limits, which a server that ignores those of a test would wait for.
const beforeAnswerTimeout = 25_000

// Below the usual one, after which the connection is closed without an answer.
const beforeInactivityTimeout = 14_000

// More than the buffers of both ends of a socket hold.
const large = "#".repeat(20_000_000)

describe("A client that does not get on with its request", () => {
  served("is answered with 408, counted each time, and told in one line", () =>
    Effect.gen(function*() {
      const { address, lines, refusals } = yield* started({
        limits: { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50 }
      })
      expect(statuses(yield* raw(address, "GET /metr"))).toEqual([408])
      expect([refusals("slow_request"), warnings(lines)]).toEqual([1, 1])
      const more = yield* Effect.all([raw(address, "GET /metr"), raw(address, "GET /metrics HTTP/1.1\r\nX: ")], {
        concurrency: 2
      })
      expect(more.map(statuses)).toEqual([[408], [408]])
      expect([refusals("slow_request"), warnings(lines)]).toEqual([3, 1])
      expect(lines.join()).toContain("did not send its request in time")
    }), beforeInactivityTimeout)
})

describe("A client that reads slowly", () => {
  served("is cut off by a deadline though something moves all the time", () =>
    Effect.gen(function*() {
      const { address, lines, refused } = yield* bare(() => large, { answerTimeout: 300 })
      const clients = yield* Effect.all([1, 2, 3].map(() => connect(address, get("/metrics"))))
      const drip = setInterval(() => clients.forEach((socket) => socket.read(1)), 20)
      yield* until(() => refused.length, (refusals) => refusals === 3)
      clearInterval(drip)
      expect(refused).toEqual(["slow_reader", "slow_reader", "slow_reader"])
      expect([warnings(lines), lines.join().includes("did not read its answer in time")]).toEqual([1, true])
      expect((yield* request(address, "/healthz")).status).toBe(200)
    }), beforeAnswerTimeout)

  served(
    "holds no more than the bound of earlier scrapes: others are told to come again",
    () =>
      Effect.gen(function*() {
        let scrapes = 0
        const { address, refused } = yield* bare(() => `${large}${++scrapes}`, { maxHeld: large.length })
        const slow = yield* connect(address, get("/metrics"))
        yield* until(() => scrapes, (scrapes) => scrapes > 0)
        const busy = yield* Effect.repeat(request(address, "/metrics"), { until: ({ status }) => status === 503 })
        expect([busy.headers["retry-after"], refused]).toEqual(["1", ["busy"]])
        slow.destroy()
        yield* Effect.repeat(request(address, "/metrics"), { until: ({ status }) => status === 200 })
      }),
    beforeAnswerTimeout
  )

  served(
    "and leaves before its scrape is written holds nothing, however often that happens",
    () =>
      Effect.gen(function*() {
        const begun: Array<(text: string) => void> = []
        const written = () => new Promise<string>((resolve) => void begun.push(resolve))
        const text = "#".repeat(1000)
        const { address, refused } = yield* bare(written, { maxHeld: 2 * text.length })
        // More often than the bound has room for.
        for (let scrape = 0; scrape < 5; scrape++) {
          const client = yield* connect(address, get("/metrics"))
          yield* until(() => begun.length, (length) => length === scrape + 1)
          client.destroy()
          // The server has seen it go when a later connection was served and closed.
          yield* request(address, "/healthz")
          begun[scrape]!(`${text}${scrape}`)
        }
        const asked = yield* Effect.forkChild(request(address, "/metrics"))
        yield* until(() => begun.length, (length) => length === 6)
        begun[5]!(text)
        expect([(yield* Fiber.join(asked)).status, refused]).toEqual([200, []])
      }),
    beforeAnswerTimeout
  )

  describe("and its answers", () => {
    const answersOf = (maxHeld: number) => {
      let late = 0
      const answers = new Answers({ answerTimeout: 60_000, maxHeld }, () => void late++)
      const asked = (socket: Net.Socket) => {
        const request = new Http.IncomingMessage(socket)
        const response = new Http.ServerResponse(request)
        answers.watch(request, response)
        return response
      }
      return { answers, asked, late: () => late }
    }
    const texts = [20, 1, 10].map((length) => new Uint8Array(length))

    it("shares what is held by others, and gives back what it held", () => {
      const { answers, asked } = answersOf(10)
      const [one, same, other] = [asked(new Net.Socket()), asked(new Net.Socket()), asked(new Net.Socket())]
      // A single one is always allowed, else a large exposition could not be scraped at all.
      expect([answers.hold(texts[0]!, one), answers.hold(texts[0]!, same)]).toEqual([true, true])
      expect(answers.hold(texts[1]!, other)).toBe(false)
      one.emit("close")
      expect(answers.hold(texts[1]!, other)).toBe(false)
      same.emit("close")
      const next = asked(new Net.Socket())
      expect([answers.hold(texts[1]!, other), answers.hold(texts[2]!, next)]).toEqual([true, false])
    })

    it("gives back what waits for its turn on a connection that closes, and what was cut off, once", () => {
      for (const ended of ["closed", "cut"] as const) {
        const { answers, asked, late } = answersOf(10)
        const socket = new Net.Socket()
        const [first, second] = [asked(socket), asked(socket)]
        expect([answers.hold(texts[1]!, first), answers.hold(texts[2]!, second)]).toEqual([true, false])
        expect(answers.hold(texts[1]!, second)).toBe(true)
        if (ended === "cut") {
          answers.cut(socket)
          answers.cut(socket)
        }
        // No answer of it is told.
        socket.emit("close")
        expect([answers.has(socket), late()]).toEqual([false, ended === "cut" ? 1 : 0])
        expect(answers.hold(texts[2]!, asked(new Net.Socket()))).toBe(true)
      }
    })
  })
})

describe("Answers on one connection", () => {
  it("wait until it is their turn, or their connection is gone", async () => {
    const answers = new Answers({ answerTimeout: 60_000, maxHeld: 10 }, () => {})
    const socket = new Net.Socket()
    const [first, second] = [1, 2].map(() => {
      const request = new Http.IncomingMessage(socket)
      const response = new Http.ServerResponse(request)
      answers.watch(request, response)
      return response
    })
    const next: Array<string> = []
    const turns = [
      answers.turn(first!).then(() => next.push("first")),
      answers.turn(second!).then(() => next.push("second"))
    ]
    await new Promise((resume) => setImmediate(resume))
    expect(next).toEqual([])
    first!.assignSocket(socket)
    await turns[0]
    expect(next).toEqual(["first"])
    // Whose turn it is does not wait.
    await answers.turn(first!)
    socket.emit("close")
    await turns[1]
    socket.destroy()
    await answers.turn(second!)
    expect(next).toEqual(["first", "second"])
  })
})

describe("A body that nobody asked for", () => {
  served("without end is not read to its end", () =>
    Effect.gen(function*() {
      const { address, refusals } = yield* started({
        limits: { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 50, inactivityTimeout: 300 }
      })
      const socket = yield* connect(address, get("/metrics", "Content-Length: 1000000000000"))
      const more = Buffer.alloc(64 * 1024)
      let sent = 0
      yield* Effect.callback<void>((resume) => {
        const send = () => {
          while (!socket.destroyed && socket.write(more)) sent += more.length
        }
        socket.on("drain", send)
        socket.on("close", () => resume(Effect.void))
        socket.resume()
        send()
      })
      expect(sent).toBeLessThan(100_000_000)
      expect((yield* request(address, "/healthz")).status).toBe(200)
      expect(refusals("malformed")).toBe(0)
    }), beforeAnswerTimeout)
})

describe("The host", () => {
  served(
    "goes on answering under all of this at once, and the server is gone within its deadline",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const hour = 3_600_000
        // Left to themselves, all of these connections would outlive the test.
        const { address } = yield* bare(() => large, {
          headersTimeout: hour,
          requestTimeout: hour,
          keepAliveTimeout: hour,
          inactivityTimeout: hour,
          answerTimeout: hour,
          maxConnections: 1000
        }).pipe(Scope.provide(scope))
        const host = yield* Effect.acquireRelease(
          Effect.callback<Http.Server>((resume) => {
            const server: Http.Server = Http.createServer((_, response) => response.end("unharmed")).listen(
              0,
              "127.0.0.1",
              () => resume(Effect.succeed(server))
            )
          }),
          (server) => Effect.sync(() => server.close())
        )
        const { port } = host.address() as Net.AddressInfo
        const attacks = [
          get("/metrics").repeat(50),
          get("/metrics", "Connection: Upgrade", "Upgrade: websocket"),
          get("/metrics", "Connection: Upgrade", "Upgrade: h2c"),
          get("/metrics", "Content-Length: 1000000"),
          get("/metrics", "Transfer-Encoding: chunked"),
          "CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n",
          "GET /metr",
          "\0",
          ""
        ]
        const sockets = yield* Effect.forEach(
          Array.from({ length: 90 }, (_, index) => attacks[index % attacks.length]!),
          (bytes) => connect(address, bytes),
          { concurrency: "unbounded" }
        )
        const own = yield* Effect.forEach(Array.from({ length: 50 }), () => request({ host: "127.0.0.1", port }, "/"))
        expect(own.every(({ status, text }) => status === 200 && text === "unharmed")).toBe(true)
        // One second of grace, and what a busy machine takes on top.
        yield* Effect.timeout(Scope.close(scope, Exit.void), "5 seconds")
        yield* Effect.forEach(sockets, closed, { concurrency: "unbounded" })
      })
  )
})

describe("The bearer token", () => {
  afterEach(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  const token = "correct horse battery staple"
  const claims: ReadonlyArray<readonly [authorization: string | ReadonlyArray<string>, status: number]> = [
    [`Bearer ${token}`, 200],
    [`bEARER ${token}`, 200],
    [`Bearer    ${token}`, 200],
    [`Bearer ${token} `, 200],
    [`Bearer\t${token}`, 401],
    [`Bearer${token}`, 401],
    [`Bearer ${token.toUpperCase()}`, 401],
    [`Bearer ${token}${token}`, 401],
    [`Bearer ${token.slice(0, -1)}`, 401],
    [`Bearer ${token.slice(0, 1)}`, 401],
    [`Bearer "${token}"`, 401],
    [`Bearer ${"x".repeat(10_000)}`, 401],
    [`Bearer \xff\xfe`, 401],
    ["Bearer", 401],
    ["Bearer ", 401],
    ["", 401],
    [token, 401],
    [`Basic ${Buffer.from(`:${token}`).toString("base64")}`, 401],
    [`Token ${token}`, 401],
    [`Basic x, Bearer ${token}`, 401],
    // Whichever of several a proxy in front has judged, it may be the other one that is read here.
    [[`Bearer ${token}`, "Bearer wrong"], 401],
    [["Bearer wrong", `Bearer ${token}`], 401],
    [[`Bearer ${token}`, `Bearer ${token}`], 401]
  ]

  served("opens the metrics in one header that is all right, and in no other", () =>
    Effect.gen(function*() {
      const { address, lines, refusals } = yield* started({ token })
      for (const [authorization, status] of claims) {
        const headers = [authorization].flat().map((claim) => `Authorization: ${claim}`)
        const answer = yield* raw(address, Buffer.from(get("/metrics", ...headers, "Connection: close"), "latin1"))
        expect([authorization, statuses(answer)]).toEqual([authorization, [status]])
        expect(answer.includes("shop_")).toBe(status === 200)
      }
      expect(refusals("unauthorized")).toBe(claims.filter(([, status]) => status === 401).length)
      expect(lines.join()).not.toContain("correct")
    }))

  served("is compared as a whole digest, once for each request, whatever it bears", () =>
    Effect.gen(function*() {
      const { address } = yield* started({ token })
      const compare = vi.spyOn(crypto, "timingSafeEqual")
      syncBuiltinESMExports()
      for (
        const authorization of [undefined, "", "Bearer", "Basic eA==", "Bearer c", `Bearer ${token.slice(0, -1)}x`]
      ) {
        compare.mockClear()
        const headers = authorization === undefined ? {} : { authorization }
        expect((yield* request(address, "/metrics", { headers })).status).toBe(401)
        expect(compare.mock.calls.map((pair) => pair.map((digest) => digest.byteLength))).toEqual([[32, 32]])
      }
    }))
})
