import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"
import { once } from "node:events"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Faults from "../../bench/faults/Faults.ts"
import { scenarios } from "../../bench/faults/Scenarios.ts"
import * as Way from "../../bench/faults/Way.ts"
import * as Host from "../../bench/host/Host.ts"
import * as OpenLoop from "../../bench/host/OpenLoop.ts"
import * as Document from "../../scripts/Document.ts"

const served = async (handler: Http.RequestListener) => {
  const server = Http.createServer(handler).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

describe("a block of a document that a command writes", () => {
  const page = "# A\n\n<!-- faults: npm run bench -- faults --update -->\nold\n<!-- /faults -->\n\nend\n"

  it("is replaced, and nothing else is", () => {
    const written = Document.replaced(page, "faults", "| a |\n| b |")
    assert.strictEqual(
      written,
      "# A\n\n<!-- faults: npm run bench -- faults --update -->\n\n| a |\n| b |\n\n<!-- /faults -->\n\nend\n"
    )
    assert.strictEqual(Document.replaced(written, "faults", "| a |\n| b |"), written)
    assert.strictEqual(Document.replaced(page.replace("old\n", ""), "faults", "| a |\n| b |"), written)
  })

  it("holds any text, signs with a meaning in replacements too", () =>
    FastCheck.assert(FastCheck.property(FastCheck.string(), (content) => {
      FastCheck.pre(!content.includes("<!--"))
      assert.include(Document.replaced(page, "faults", content), `-->\n\n${content.trim()}\n\n<!-- /faults -->`)
    })))

  it("must be there once", () => {
    assert.throws(() => Document.replaced("# A", "faults", ""), "no block faults")
    assert.throws(() => Document.replaced(page + page, "faults", ""), "or more than one")
    assert.throws(() => Document.replaced(page, "host", ""), "no block host")
  })
})

describe("the comparison under faults", () => {
  const fine: Faults.Result = {
    scenario: "none",
    candidate: "@dawsos/observability",
    ended: 5_000,
    arrived: 4_900,
    duplicates: 0,
    books: { exported: 4_890, resent: 0, dropped: 110, inDoubt: 40 },
    uncounted: 0,
    connections: 2,
    heap: 1024 * 1024,
    shutdown: 5_000
  }

  it("misses no figure of a program that counts what it loses, and judges no other program", () => {
    assert.deepStrictEqual(Faults.missed([fine]), [])
    assert.deepStrictEqual(
      Faults.missed([{ ...fine, candidate: "OtlpExporter", uncounted: 9, connections: 90, shutdown: undefined }]),
      []
    )
  })

  it("takes what arrived in doubt or twice for what it is", () => {
    const books = { exported: 4_890, resent: 5, dropped: 110, inDoubt: 40 }
    assert.deepStrictEqual(Faults.missed([{ ...fine, arrived: 4_930, duplicates: 5, books }]), [])
    assert.lengthOf(Faults.missed([{ ...fine, arrived: 4_931, duplicates: 5, books }]), 1)
  })

  it.each<readonly [string, Partial<Faults.Result>, RegExp]>([
    ["a span that nobody counted", { uncounted: 1 }, /^none: 1 spans lost that nobody counted$/],
    ["books that don't add up", { ended: 5_001 }, /^none: the books don't add up to 5001 spans$/],
    ["a program that has no books", { books: undefined }, /^none: the books don't add up/],
    ["spans that arrived and are counted as lost for certain", { arrived: 4_931 }, /^none: 1 spans arrived/],
    ["a copy that nobody counted", { duplicates: 1 }, /^none: 1 copies, of which the books know 0$/],
    ["more connections than an export and its successor", { connections: 3 }, /^none: 3 connections at once$/],
    ["a shutdown of more than 5 seconds", { shutdown: 5_001 }, /^none: the shutdown took 5001 ms$/],
    ["a shutdown that never ends", { shutdown: undefined }, /more than 60,000 ms$/]
  ])("misses %s", (_, change, text) => {
    const missed = Faults.missed([{ ...fine, ...change }])
    assert.lengthOf(missed, 1)
    assert.match(missed[0] ?? "", text)
  })

  it("has a row for each program and fault, and says where nothing is counted", () => {
    const [headings, ...rows] = Faults.table([fine, { ...fine, candidate: "OtlpExporter", books: undefined }])
    const column = (heading: string) => rows.map((row) => row[headings?.indexOf(heading) ?? -1])
    assert.deepStrictEqual(column("lost and counted"), ["70", "–"])
    assert.deepStrictEqual(column("in doubt"), ["40", "–"])
  })

  it("tells what happens in each fault that was tried", () => {
    assert.deepStrictEqual(Faults.legend([fine]), [["fault", "what happens"], ["none", "all is well"]])
  })

  it("has faults with names and steps in the order of time", () => {
    assert.strictEqual(new Set(scenarios.map(({ name }) => name)).size, scenarios.length)
    for (const { steps } of scenarios) assert.deepStrictEqual(steps, steps.toSorted((one, other) => one.at - other.at))
  })

  it("counts connections on the way, breaks and refuses them, and takes them again on the same port", async () => {
    const waiting: Array<Http.ServerResponse> = []
    const server = await served((_, response) => void waiting.push(response))
    const way = await Way.make(server.port)
    try {
      const agent = new Http.Agent({ maxSockets: 10 })
      const ask = (): Promise<string> =>
        new Promise((resolve) => {
          Http.get({ port: way.port, host: "127.0.0.1", agent }, (response) => {
            response.resume()
            resolve(String(response.statusCode))
          }).on("error", ({ message }) => resolve(message))
        })
      const asked = [ask(), ask(), ask()]
      while (waiting.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
      assert.strictEqual(way.most(), 3)
      waiting[0]?.end()
      assert.include(await Promise.race(asked), "200")
      await way.close()
      const answers = await Promise.all(asked)
      assert.deepStrictEqual(answers.filter((answer) => answer !== "200").length, 2)
      assert.match(await ask(), /ECONNREFUSED/)
      await way.open()
      const again = ask()
      while (waiting.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
      waiting[3]?.end()
      assert.strictEqual(await again, "200")
      agent.destroy()
    } finally {
      await way.close()
      server.close()
    }
  })
})

describe("what callers feel", () => {
  it("is measured from when a request was due: a stall counts for all that waited behind it", async () => {
    let requests = 0
    let stalled: Array<() => void> = []
    const server = await served((request, response) => {
      requests++
      const end = () => void response.end(request.url)
      if (requests > 10) {
        for (const each of stalled) each()
        stalled = []
        end()
      } else stalled.push(end)
    })
    try {
      const outcome = await OpenLoop.load(server.port, ["/a", "/b"], { rate: 100, seconds: 0.2 })
      assert.deepStrictEqual([...outcome.answers].toSorted(), [["200 /a", 10], ["200 /b", 10]])
      assert.lengthOf(outcome.latencies, 20)
      // The first waited until the eleventh came, which was due a tenth of a second later.
      assert.isAtLeast(Math.max(...outcome.latencies), 95)
    } finally {
      server.close()
    }
  })

  const result = (mode: Host.Result["mode"], p99: ReadonlyArray<number>, different = 0): Host.Result => ({
    mode,
    p50: p99.map((value) => value / 2),
    cpu: p99.map(() => 3),
    p99,
    different,
    requests: 100,
    seconds: 30
  })
  const results = [
    result("off", [10, 20, 10]),
    result("off, again", [12, 18, 10]),
    result("on, all well", [11, 20, 10]),
    result("on, back ends hang", [30, 60, 20])
  ]

  it("is compared round by round, and what noise can't resolve is said", () => {
    const text = Host.reading(results)
    assert.include(text, "a factor of 0.90 to 1.20")
    assert.match(text, /Beyond it by the median of the rounds: on, back ends hang\.$/)
    assert.match(Host.reading(results.slice(0, 3)), /All of the others do\.$/)
    assert.deepStrictEqual(Host.table(results).map((row) => row[7]), ["p99 over off", "1", "1.00", "1.00", "3.00"])
  })

  it("is missed when an answer differs from the one without observability", () => {
    assert.deepStrictEqual(Host.missed(results), [])
    assert.lengthOf(Host.missed([...results, result("on, back ends reset", [10], 2)]), 1)
  })
})
